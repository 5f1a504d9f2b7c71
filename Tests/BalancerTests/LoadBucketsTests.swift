import ModuleKit
import Testing

@testable import Balancer

/// The lists against a plain model: the same loads, and always a least one.
@Suite struct LoadBucketsTests {
    @Test(arguments: [1, 2, 3, 17, 100], [1, 2, 3] as [UInt64])
    func agreesWithAModel(members: Int, seed: UInt64) {
        var random = Random(seed: seed)
        var buckets = LoadBuckets(members: members)
        var loads = [Int](repeating: 0, count: members)
        var linked = Set<Int>()
        for _ in 0..<5000 {
            let member = random.below(members)
            switch random.below(8) {
            case 0:
                buckets.link(member)
                linked.insert(member)
            case 1:
                buckets.unlink(member)
                linked.remove(member)
            case 2...5:
                buckets.increment(member)
                loads[member] += 1
            default:
                buckets.decrement(member)
                loads[member] = max(0, loads[member] - 1)
            }
            #expect(buckets.count == linked.count, "seed \(seed)")
            #expect(buckets.total == linked.reduce(0) { $0 + loads[$1] }, "seed \(seed)")
            let least = buckets.least()
            guard let fewest = linked.map({ loads[$0] }).min() else {
                #expect(least == -1)
                continue
            }
            #expect(linked.contains(least) && loads[least] == fewest, "seed \(seed)")
        }
        #expect(buckets.loads.map(Int.init) == loads)
    }

    @Test func walksAllMembersInOrderOfLoad() {
        var buckets = LoadBuckets(members: 6)
        for member in 0..<6 where member != 4 { buckets.link(member) }
        for (member, load) in [(0, 3), (1, 0), (2, 3), (3, 9), (5, 1)] {
            for _ in 0..<load { buckets.increment(member) }
        }
        var order: [Int] = []
        var member = buckets.least()
        while member >= 0 {
            order.append(member)
            member = buckets.following(member)
        }
        #expect(order == [1, 5, 0, 2, 3])
    }

    @Test func membersOfTheSameLoadTakeTurns() {
        var buckets = LoadBuckets(members: 4)
        for member in 0..<4 { buckets.link(member) }
        var order: [Int] = []
        for _ in 0..<8 {
            let member = buckets.least()
            order.append(member)
            buckets.increment(member)
            buckets.decrement(member)
        }
        #expect(order == [0, 1, 2, 3, 0, 1, 2, 3])
    }
}

@Suite struct RetryBudgetTests {
    @Test(arguments: [0.0, 0.1, 0.2, 1.0])
    func retriesStayAShareOfRequests(ratio: Double) {
        var budget = RetryBudget(ratio: ratio, burst: 10)
        var retries = 0
        for _ in 0..<10_000 {
            budget.earn()
            if budget.spend() { retries += 1 }
        }
        #expect(abs(Double(retries) - (10_000 * ratio + 10)) <= 11)
    }
    @Test func savesNoMoreThanTheBurst() {
        var budget = RetryBudget(ratio: 1, burst: 3)
        for _ in 0..<100 { budget.earn() }
        var spent = 0
        while budget.spend() { spent += 1 }
        #expect(spent == 3)
    }
    @Test func nothingIsSavedWithoutBurst() {
        var budget = RetryBudget(ratio: 0, burst: 0)
        budget.earn()
        let isAllowed = budget.spend()
        #expect(!isAllowed)
    }
}

@Suite struct HashRingTests {
    private static func names(_ count: Int) -> [String] { (0..<count).map { "cache-\($0)" } }

    @Test(arguments: [1, 2, 5, 100])
    func findsTheSamePointAsASearch(members: Int) {
        let ring = HashRing(Self.names(members), points: 16)
        var random = Random(seed: 7)
        var points: [(UInt64, Int)] = []
        for (owner, name) in Self.names(members).enumerated() {
            var hash = StableHash.hash(name)
            for _ in 0..<16 {
                hash = StableHash.mix(hash)
                points.append((hash, owner))
            }
        }
        points.sort { $0 < $1 }
        for _ in 0..<2000 {
            let key = random.next()
            let expected = (points.first { $0.0 >= key } ?? points[0]).1
            #expect(ring.owner(ring.point(of: key)) == expected)
        }
        #expect(ring.owner(ring.point(of: .max)) == ring.owner(ring.point(of: 0)))
    }

    @Test func aMemberThatLeavesMovesOnlyItsOwnKeys() {
        let all = Self.names(10)
        let fewer = all.filter { $0 != "cache-3" }
        let (before, after) = (HashRing(all), HashRing(fewer))
        var random = Random(seed: 11)
        var moved = 0
        for _ in 0..<20_000 {
            let key = random.next()
            let old = all[before.owner(before.point(of: key))]
            let new = fewer[after.owner(after.point(of: key))]
            if old == "cache-3" { moved += 1 } else { #expect(old == new) }
        }
        #expect((1000...3200).contains(moved))
    }
}
