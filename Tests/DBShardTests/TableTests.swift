import ModuleKit
import Testing

@testable import DBShard

@Suite struct TableTests {
    @Test(arguments: 0..<5) func theWindowRemembersAtLeastItsSize(seed: UInt64) {
        var random = Random(seed: seed)
        let window = KeyWindow(size: 100, seed: random.next())
        var keys: [OrderKey] = []
        for number in 1...5000 {
            let key = OrderKey(high: random.next() >> UInt64(random.below(64)), low: random.next() % 50)
            guard window.find(key) == nil else { continue }
            #expect(!window.isFull)
            window.insert(key, id: Int64(number), fingerprint: UInt64(number))
            keys.append(key)
            if random.chance(0.05) { window.seal(through: max(0, keys.count - random.below(60))) }
            for recent in keys.suffix(100) { #expect(window.find(recent) != nil) }
        }
    }

    @Test func theWindowForgetsNothingThatIsNotSealed() {
        let window = KeyWindow(size: 100, seed: 3)
        var count: UInt64 = 0
        while !window.isFull {
            count += 1
            window.insert(OrderKey(high: count, low: 0), id: Int64(count), fingerprint: 0)
        }
        #expect(count >= 200)
        for key in 1...count { #expect(window.find(OrderKey(high: key, low: 0))?.id == Int64(key)) }
        window.seal(through: Int(count))
        #expect(!window.isFull)
        #expect(window.find(OrderKey(high: count, low: 0)) != nil)
    }

    @Test func theFilterMissesNothingAndRarelyErrs() throws {
        var random = Random(seed: 8)
        let keys = (0..<20_000).map { _ in OrderKey(high: random.next(), low: random.next()) }
        var filter = KeyFilter(keys: keys.count)
        for key in keys { filter.insert(key) }
        #expect(keys.allSatisfy { filter.mayContain($0) })
        let wrong = (0..<20_000).filter { _ in
            filter.mayContain(OrderKey(high: random.next(), low: random.next()))
        }
        #expect(wrong.count < 60, "\(wrong.count) of 20,000")
        let copy = try #require(filter.bytes.withUnsafeBytes { KeyFilter($0) })
        #expect(copy == filter)
        #expect([UInt8](repeating: 0, count: 63).withUnsafeBytes { KeyFilter($0) } == nil)
    }

    @Test(arguments: 0..<5) func theStockTableIsATable(seed: UInt64) {
        var random = Random(seed: seed)
        let table = StockTable()
        var model: [Int64: Int] = [:]
        for _ in 0..<3000 {
            let variant = Int64(random.below(600)) - 300 + (random.chance(0.1) ? Int64.min + 300 : 0)
            if random.chance(0.5) {
                table.insert(variant).pointee.available = variant.hashValue & 0xFFFF
                model[variant] = variant.hashValue & 0xFFFF
            } else {
                #expect(table.find(variant)?.pointee.available == model[variant])
            }
        }
        #expect(table.count == model.count)
        #expect(table.levels.map(\.variant) == model.keys.sorted())
    }

    @Test(arguments: 0..<20) func whatIsOwedIsFoundAgainFromItsMark(seed: UInt64) {
        var random = Random(seed: seed)
        var outgoing = Outgoing()
        var log: [(row: Int64, settlement: Settlement)] = []
        for row in Int64(1)...60 {
            for _ in 0..<random.below(4) {
                let settlement = Settlement(
                    sequence: Int64(log.count) + 1, key: OrderKey(high: 1, low: 1), order: row,
                    isReturn: false, lines: [])
                log.append((row, settlement))
                outgoing.append(settlement, row: row)
            }
            outgoing.commit(through: row)
            if random.chance(0.4) { outgoing.deliver(through: Int64(random.below(log.count + 2))) }
            var loaded = Outgoing(outgoing.mark)
            for (row, settlement) in log where row > outgoing.mark.row {
                loaded.append(settlement, row: row)
            }
            loaded.commit(through: row)
            loaded.deliver(through: outgoing.delivered)
            #expect(loaded.next(atMost: 1000) == outgoing.next(atMost: 1000))
            #expect(loaded.assigned == outgoing.assigned)
        }
    }
}
