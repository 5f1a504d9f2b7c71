import ModuleKit
import Testing

@testable import Balancer

/// A pool, its clock and its seed.
final class PoolUnderTest {
    var pool: MemberPool
    var now: UInt64 = 1_000_000_000

    init(_ members: Int, seed: UInt64 = 1, _ change: (inout BalancerSettings) -> Void) {
        var settings = BalancerSettings()
        change(&settings)
        pool = MemberPool(
            (0..<members).map { "member-\($0)" }, settings: settings, random: Random(seed: seed))
    }

    func pick(_ route: Route = .any, _ tried: Tried = Tried()) -> Pick { pool.pick(route, tried, now: now) }
    /// The number of who was picked; -1 for none.
    func pickedMember(_ route: Route = .any) -> Int {
        if case .member(let member) = pick(route) { member } else { -1 }
    }
    func judge(_ member: Int, _ outcome: Outcome) -> MemberEvent? {
        pool.judge(member, outcome, latency: 1_000_000, now: now)
    }
    func down(_ member: Int) -> [MemberEvent] { pool.down(member, now: now) }
    func up(_ member: Int) { pool.up(member, now: now) }
    func tick() -> [MemberEvent] { pool.tick(now: now) }
    func answer(_ member: Int, _ outcome: Outcome = .success, latency: UInt64 = 1_000_000) {
        pool.ended(member)
        _ = pool.judge(member, outcome, latency: latency, now: now)
    }
}

@Suite struct KeyedPickTests {
    @Test(arguments: [1, 2, 4, 5, 16, 1000])
    func ownersAreThoseOfTheOrdersContract(shards: Int) {
        let test = PoolUnderTest(shards) {
            $0.policy = .key
            $0.failsOver = false
        }
        for variant in Int64(1)...500 {
            let request = OrdersRequest.stock(variant: variant)
            #expect(
                test.pick(OrdersContract.route(of: request))
                    == .member(OrdersContract.shard(ofVariant: variant, of: shards)))
        }
        for member in 0..<shards { #expect(test.pick(.member(member)) == .member(member)) }
        for wrong in [-1, shards, Int.max, Int.min] { #expect(test.pick(.member(wrong)) == .unavailable) }
    }

    @Test func aFifthShardMovesAFifthOfTheKeysAndOnlyToItself() {
        let (four, five) = (
            PoolUnderTest(4) { $0.policy = .key }, PoolUnderTest(5) { $0.policy = .key }
        )
        var random = Random(seed: 3)
        var moved = 0
        for _ in 0..<50_000 {
            let key = Route.key(random.next())
            let (old, new) = (four.pickedMember(key), five.pickedMember(key))
            guard old != new else { continue }
            moved += 1
            #expect(new == 4)
        }
        #expect((9_500...10_500).contains(moved))
    }

    @Test(arguments: Consistency.allCases)
    func anOwnersKeysGoToNobodyElse(consistency: Consistency) {
        let test = PoolUnderTest(4) {
            $0.policy = .key
            $0.consistency = consistency
            $0.failsOver = false
        }
        var random = Random(seed: 5)
        let keys = (0..<500).map { _ in random.next() }
        let owners = keys.map { test.pickedMember(.key($0)) }
        _ = test.down(2)
        for (key, owner) in zip(keys, owners) {
            #expect(test.pick(.key(key)) == (owner == 2 ? .unavailable : .member(owner)))
        }
        #expect(test.pick(.member(2)) == .unavailable)
        test.up(2)
        // No slow start either: a share of a key's requests cannot go elsewhere.
        for (key, owner) in zip(keys, owners) { #expect(test.pickedMember(.key(key)) == owner) }
    }

    @Test func anOwnerIsNeverEjected() {
        let test = PoolUnderTest(4) {
            $0.policy = .key
            $0.failsOver = false
        }
        for _ in 0..<1000 {
            test.pool.began(1)
            test.answer(1, .failure)
        }
        #expect(test.pick(.member(1)) == .member(1))
    }

    @Test(arguments: Consistency.allCases)
    func standInsAreTheSameForEachKeyAndSpread(consistency: Consistency) {
        let test = PoolUnderTest(8) {
            $0.policy = .key
            $0.consistency = consistency
        }
        var random = Random(seed: 9)
        let keys = (0..<4000).map { _ in random.next() }
        let owners = keys.map { test.pickedMember(.key($0)) }
        _ = test.down(3)
        var standIns = [Int](repeating: 0, count: 8)
        for (key, owner) in zip(keys, owners) {
            let now = test.pickedMember(.key(key))
            #expect(now == test.pickedMember(.key(key)))
            if owner == 3 { standIns[now] += 1 } else { #expect(now == owner) }
        }
        #expect(standIns[3] == 0)
        #expect(standIns.filter { $0 > 0 }.count == 7)
    }

    @Test(arguments: Consistency.allCases, [1, 2, 3, 4] as [UInt64])
    func boundedLoadHolds(consistency: Consistency, seed: UInt64) {
        let factor = 1.25
        let test = PoolUnderTest(20, seed: seed) {
            $0.policy = .key
            $0.consistency = consistency
            $0.boundedLoad = factor
        }
        var random = Random(seed: seed)
        var underWay: [Int] = []
        for step in 0..<20_000 {
            if step % 997 == 0 { _ = test.down(random.below(20)) }
            if step % 997 == 500 { for member in 0..<20 { test.up(member) } }
            if !underWay.isEmpty && random.chance(0.45) {
                let member = underWay.remove(at: random.below(underWay.count))
                test.answer(member)
                continue
            }
            // Half of all requests are for one of three keys.
            let key = random.chance(0.5) ? UInt64(random.below(3)) : random.next()
            let member = test.pickedMember(.key(StableHash.mix(key)))
            let bound = factor * Double(test.pool.buckets.total + 1) / Double(test.pool.eligible.count)
            test.pool.began(member)
            underWay.append(member)
            #expect(Double(test.pool.buckets.load(member)) <= bound.rounded(.up), "seed \(seed)")
        }
    }

    @Test func withoutLoadTheBoundMovesNoKey() {
        let (plain, bounded) = (
            PoolUnderTest(10) { $0.policy = .key },
            PoolUnderTest(10) {
                $0.policy = .key
                $0.boundedLoad = 1.25
            }
        )
        for key in 0..<1000 as Range<UInt64> {
            let route = Route.key(StableHash.mix(key))
            #expect(plain.pick(route) == bounded.pick(route))
        }
        #expect(bounded.pool.overflows == 0)
    }
}

@Suite struct SpreadingPickTests {
    static let spreading: [Policy] = [.roundRobin, .leastInFlight, .peakLatency]

    @Test(arguments: spreading, [1, 2, 5, 50])
    func nobodyStarves(policy: Policy, members: Int) {
        let test = PoolUnderTest(members, seed: 42) { $0.policy = policy }
        var random = Random(seed: 42)
        var picks = [Int](repeating: 0, count: members)
        var underWay: [Int] = []
        for _ in 0..<(400 * members) {
            test.now += 20_000
            let member = test.pickedMember()
            picks[member] += 1
            test.pool.began(member)
            underWay.append(member)
            while underWay.count > 2 * members {
                test.answer(
                    underWay.remove(at: random.below(underWay.count)),
                    latency: UInt64(900_000 + random.below(200_000)))
            }
        }
        #expect((picks.min() ?? 0) > 400 / 4, "seed 42: \(picks)")
        if policy == .roundRobin { #expect(picks.allSatisfy { $0 == 400 }) }
    }

    @Test func roundRobinKeepsTheOrderAndSkipsWhoIsGone() {
        let test = PoolUnderTest(4) { $0.policy = .roundRobin }
        #expect((0..<6).map { _ in test.pickedMember() } == [0, 1, 2, 3, 0, 1])
        _ = test.down(3)
        #expect((0..<4).map { _ in test.pickedMember() } == [2, 0, 1, 2])
    }

    @Test func leastInFlightAvoidsTheBusy() {
        let test = PoolUnderTest(3) { $0.policy = .leastInFlight }
        for _ in 0..<5 { test.pool.began(0) }
        for _ in 0..<2 { test.pool.began(1) }
        var picks: [Int] = []
        for _ in 0..<5 {
            let member = test.pickedMember()
            picks.append(member)
            test.pool.began(member)
        }
        #expect(picks.filter { $0 == 0 }.isEmpty)
        #expect(picks.prefix(2) == [2, 2])
    }

    /// A member that fails at once has the lowest latency and nothing in flight: it must get next to
    /// nothing, and be tried again now and then.
    @Test(arguments: [1, 2, 3, 4, 5] as [UInt64])
    func fastErrorsAttractNoTraffic(seed: UInt64) {
        let test = PoolUnderTest(10, seed: seed) {
            $0.policy = .peakLatency
            $0.ejection.isEnabled = false
        }
        var picks = [Int](repeating: 0, count: 10)
        var underWay: [(member: Int, due: UInt64)] = []
        for _ in 0..<50_000 {
            test.now += 100_000
            while let first = underWay.first, first.due <= test.now {
                underWay.removeFirst()
                test.answer(first.member, latency: 2_000_000)
            }
            let member = test.pickedMember()
            picks[member] += 1
            test.pool.began(member)
            if member == 4 {
                test.answer(member, .failure, latency: 10_000)
            } else {
                underWay.append((member, test.now + 2_000_000))
            }
        }
        #expect(picks[4] < 50_000 / 100, "seed \(seed): \(picks)")
        #expect(picks[4] > 0)
        for member in 0..<10 where member != 4 { #expect(picks[member] > 3_000, "seed \(seed): \(picks)") }
    }

    @Test func aSlowMemberGetsLessAndRecovers() {
        let test = PoolUnderTest(2, seed: 8) { $0.policy = .peakLatency }
        func share(of slow: Int, latency: UInt64, _ test: PoolUnderTest) -> Double {
            var picks = 0
            for _ in 0..<4000 {
                test.now += 1_000_000
                let member = test.pickedMember()
                test.pool.began(member)
                if member == slow { picks += 1 }
                test.answer(member, latency: member == slow ? latency : 1_000_000)
            }
            return Double(picks) / 4000
        }
        #expect(share(of: 1, latency: 200_000_000, test) < 0.05)
        test.now += 60_000_000_000
        #expect(share(of: 1, latency: 1_000_000, test) > 0.3)
    }

    @Test(arguments: Policy.allCases)
    func nobodyHasMoreThanItsBound(policy: Policy) {
        let test = PoolUnderTest(3, seed: 2) {
            $0.policy = policy
            $0.memberInFlight = 4
        }
        var taken = 0
        for key in 0..<100 as Range<UInt64> {
            guard case .member(let member) = test.pick(.key(StableHash.mix(key))) else { continue }
            test.pool.began(member)
            taken += 1
        }
        #expect(taken == 12)
        #expect(test.pick(.key(1)) == .full)
        test.answer(1)
        #expect(test.pick(.any) == .member(1))
    }

    @Test(arguments: Policy.allCases)
    func aRetryGoesToAnother(policy: Policy) {
        let test = PoolUnderTest(3, seed: 2) { $0.policy = policy }
        for key in 0..<200 as Range<UInt64> {
            let route = Route.key(StableHash.mix(key))
            var tried = Tried()
            for _ in 0..<3 {
                guard case .member(let member) = test.pick(route, tried) else {
                    Issue.record("a member is left")
                    return
                }
                #expect(!tried.contains(member))
                tried.add(member)
            }
            #expect(test.pick(route, tried) == .unavailable)
        }
    }

    @Test(arguments: Policy.allCases)
    func withoutMembersThereIsNone(policy: Policy) {
        let test = PoolUnderTest(2) { $0.policy = policy }
        for member in 0..<2 { _ = test.down(member) }
        #expect(test.pick(.key(7)) == .unavailable)
        #expect(test.pick(.any) == .unavailable)
    }
}
