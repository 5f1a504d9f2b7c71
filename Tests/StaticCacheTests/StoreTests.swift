import Glibc
import ModuleKit
import Testing

@testable import StaticCache

private func makeEntry(_ target: String, _ hasher: KeyHash, host: String? = nil) -> KeyedEntry {
    let (target, name) = (Array(target.utf8), Array((host ?? "").utf8))
    return target.withUnsafeBytes { target in
        name.withUnsafeBytes { name in
            let host = host == nil ? nil : name
            return KeyedEntry(hash: hasher.hash(target, host: host), target: target, host: host)
        }
    }
}

private func find(
    _ table: borrowing KeyTable<KeyedEntry>, _ hasher: KeyHash, _ target: String, host: String? = nil
) -> KeyedEntry? {
    let (target, name) = (Array(target.utf8), Array((host ?? "").utf8))
    return target.withUnsafeBytes { target in
        name.withUnsafeBytes { name in
            let host = host == nil ? nil : name
            return table.find(hasher.hash(target, host: host), target, host: host)?.takeUnretainedValue()
        }
    }
}

@Suite struct StoreTests {
    @Test func hostsCountWithoutCase() {
        let hasher = KeyHash(secret: [1, 2, 3])
        var table = KeyTable<KeyedEntry>(limit: 8)
        let entry = makeEntry("/a", hasher, host: "Shop.Example")
        let isIn = table.insert(entry)
        #expect(isIn)
        do {
            let found = find(table, hasher, "/a", host: "shop.eXample")
            #expect(found === entry)
        }
        do {
            let found = find(table, hasher, "/a", host: "shop.example2")
            #expect(found == nil)
        }
        do {
            let found = find(table, hasher, "/A", host: "shop.example")
            #expect(found == nil)
        }
        do {
            let found = find(table, hasher, "/a")
            #expect(found == nil)
        }
    }

    @Test func theTableIsBounded() {
        let hasher = KeyHash(secret: [])
        var table = KeyTable<KeyedEntry>(limit: 16)
        for index in 0..<16 {
            let isIn = table.insert(makeEntry("/\(index)", hasher))
            #expect(isIn)
        }
        let isIn = table.insert(makeEntry("/16", hasher))
        #expect(!isIn)
        let count = table.count
        #expect(count == 16)
    }

    /// Against a dictionary, with so few hashes that runs are long.
    @Test(arguments: 1...20)
    func theTableIsRightAfterManyChanges(_ seed: UInt64) {
        var random = Random(seed: seed)
        let hasher = KeyHash(secret: (0..<16).map { _ in UInt8(truncatingIfNeeded: random.next()) })
        var table = KeyTable<KeyedEntry>(limit: 200)
        var known: [String: KeyedEntry] = [:]
        for step in 0..<3_000 {
            let target = "/\(random.below(250))"
            if let entry = known[target] {
                table.remove(entry)
                known[target] = nil
            } else if known.count < 200 {
                // Hashes that collide, so that runs are long.
                let bytes = Array(target.utf8)
                let entry = bytes.withUnsafeBytes {
                    KeyedEntry(hash: hasher.hash($0, host: nil), target: $0, host: nil)
                }
                let isIn = table.insert(entry)
                #expect(isIn)
                known[target] = entry
            }
            let probe = "/\(random.below(250))"
            do {
                let found = find(table, hasher, probe)
                #expect(found === known[probe], "seed \(seed) step \(step)")
            }
        }
        let count = table.count
        #expect(count == known.count)
    }

    @Test func differentKeysHashDifferently() {
        let (one, other) = (KeyHash(secret: [1]), KeyHash(secret: [2]))
        var differing = 0
        for index in 0..<1_000 {
            let bytes = Array("/products/\(index)".utf8)
            bytes.withUnsafeBytes {
                if one.hash($0, host: nil) & 1023 != other.hash($0, host: nil) & 1023 { differing += 1 }
            }
        }
        #expect(differing > 980)
    }

    // MARK: eviction

    /// Draws from a Zipf distribution by its cumulative weights.
    private struct Zipf {
        private var sums: [Double] = []
        init(_ count: Int, exponent: Double) {
            var sum = 0.0
            for rank in 1...count {
                sum += 1 / pow(Double(rank), exponent)
                sums.append(sum)
            }
        }
        func draw(_ random: inout Random) -> Int {
            let wanted = random.unit() * (sums.last ?? 0)
            var (low, high) = (0, sums.count - 1)
            while low < high {
                let middle = (low + high) / 2
                if sums[middle] < wanted { low = middle + 1 } else { high = middle }
            }
            return low
        }
    }

    /// Requests of buyers (Zipf), and a crawler that reads everything once, again and again.
    private func trace(_ random: inout Random, scanning: Bool) -> [Int] {
        let zipf = Zipf(10_000, exponent: 0.9)
        var crawler = 0
        return (0..<120_000).map { index in
            guard scanning, index % 4 == 0 else { return zipf.draw(&random) }
            crawler += 1
            return 100_000 + crawler % 30_000
        }
    }

    private func hitRatioOfQueues(_ trace: [Int], entries: Int) -> Double {
        let hasher = KeyHash(secret: [9])
        var queues = EvictionQueues(capacity: entries * 100, limit: entries)
        var known: [Int: KeyedEntry] = [:]
        var keys: [ObjectIdentifier: Int] = [:]
        var hits = 0
        for key in trace {
            if let entry = known[key] {
                hits += key < 100_000 ? 1 : 0
                entry.countHit()
                continue
            }
            let entry = makeEntry("/\(key)", hasher)
            entry.size = 100
            known[key] = entry
            keys[ObjectIdentifier(entry)] = key
            queues.insert(entry)
            while queues.isOverfull, let victim = queues.evict() {
                if let key = keys.removeValue(forKey: ObjectIdentifier(victim)) { known[key] = nil }
            }
            let bytes = queues.bytes
            #expect(bytes <= entries * 100)
        }
        return Double(hits) / Double(trace.count { $0 < 100_000 })
    }

    private func hitRatioOfLRU(_ trace: [Int], entries: Int) -> Double {
        // Position of the last use; a queue of uses in order, old ones skipped.
        var lastUse: [Int: Int] = [:]
        var uses: [(key: Int, at: Int)] = []
        var oldest = 0
        var hits = 0
        for (at, key) in trace.enumerated() {
            if lastUse[key] != nil { hits += key < 100_000 ? 1 : 0 }
            lastUse[key] = at
            uses.append((key, at))
            while lastUse.count > entries {
                let use = uses[oldest]
                oldest += 1
                if lastUse[use.key] == use.at { lastUse[use.key] = nil }
            }
        }
        return Double(hits) / Double(trace.count { $0 < 100_000 })
    }

    @Test(arguments: [false, true])
    func keepsMoreHitsThanLRU(_ scanning: Bool) {
        var random = Random(seed: 42)
        let trace = trace(&random, scanning: scanning)
        let (own, other) = (hitRatioOfQueues(trace, entries: 1_000), hitRatioOfLRU(trace, entries: 1_000))
        #expect(own > other + (scanning ? 0.08 : 0.03), "S3-FIFO \(own), LRU \(other)")
    }

    @Test func queuesCountWhatIsTakenOutAndResized() {
        let hasher = KeyHash(secret: [3])
        var queues = EvictionQueues(capacity: 1_000, limit: 100)
        let entries = (0..<5).map { makeEntry("/\($0)", hasher) }
        for entry in entries {
            entry.size = 100
            queues.insert(entry)
        }
        queues.resize(entries[2], to: 300)
        do {
            let bytes = queues.bytes
            #expect(bytes == 700)
        }
        queues.remove(entries[2])
        queues.remove(entries[2])
        do {
            let bytes = queues.bytes
            #expect(bytes == 400)
        }
        do {
            let count = queues.count
            #expect(count == 4)
        }
        var left = 0
        while let victim = queues.evict() {
            #expect(victim !== entries[2])
            left += 1
        }
        #expect(left == 4)
        do {
            let bytes = queues.bytes
            #expect(bytes == 0)
        }
    }
}
