import ModuleKit
import Testing

@testable import Balancer

@Suite struct EjectionTests {
    private static let second: UInt64 = 1_000_000_000

    @Test func failuresInARowEject() {
        let test = PoolUnderTest(4) { $0.ejection.consecutive = 3 }
        for _ in 0..<2 { _ = test.judge(1, .failure) }
        _ = test.judge(1, .success)
        for _ in 0..<2 { #expect(test.judge(1, .failure) == nil) }
        #expect(
            test.judge(1, .failure) == .ejected(1, for: 5 * Self.second))
        #expect(test.pool.eligible == [0, 2, 3])
    }

    @Test func aShareOfFailuresEjects() {
        let test = PoolUnderTest(4) { $0.ejection.minimumRequests = 20 }
        var ejectedAt: Int?
        for request in 1...40 where ejectedAt == nil {
            let outcome: Outcome = request.isMultiple(of: 2) ? .failure : .success
            if test.judge(2, outcome) != nil { ejectedAt = request }
        }
        #expect(ejectedAt == 20)
    }

    @Test func failuresOfAnEarlierIntervalDoNotCount() {
        let test = PoolUnderTest(4) {
            $0.ejection.minimumRequests = 10
            $0.ejection.consecutive = 1000
        }
        for _ in 0..<9 { _ = test.judge(2, .failure) }
        test.now += 10 * Self.second
        for _ in 0..<9 { #expect(test.judge(2, .failure) == nil) }
    }

    @Test func overloadDoesNotEject() {
        let test = PoolUnderTest(4) { _ in }
        for _ in 0..<100 { #expect(test.judge(2, .overload) == nil) }
    }

    @Test func theTimeGrowsIsBoundedAndIsForgiven() {
        let test = PoolUnderTest(4) {
            $0.ejection.consecutive = 1
            $0.ejection.maximumTime = 30 * Self.second
        }
        var times: [UInt64] = []
        for _ in 0..<5 {
            guard case .ejected(_, let time)? = test.judge(0, .failure)
            else {
                Issue.record("not ejected")
                return
            }
            times.append(time / Self.second)
            test.now += time - 1
            #expect(test.tick().isEmpty)
            test.now += 1
            #expect(test.tick() == [.returned(0)])
        }
        #expect(times == [5, 10, 20, 30, 30])
        test.now += 600 * Self.second
        #expect(
            test.judge(0, .failure) == .ejected(0, for: 5 * Self.second))
    }

    @Test(arguments: [(2, 0.5, 1), (4, 0.5, 2), (10, 0.1, 1), (10, 0.35, 3), (3, 0.1, 0), (5, 1.0, 4)])
    func neverMoreThanTheCap(members: Int, share: Double, cap: Int) {
        let test = PoolUnderTest(members) {
            $0.ejection.maximumShare = share
            $0.ejection.consecutive = 1
        }
        for member in 0..<members { _ = test.judge(member, .failure) }
        #expect(test.pool.ejectedCount == cap)
        #expect(test.pool.eligible.count == members - cap)
    }

    @Test func whenAllOthersAreGoneTheEjectedAreBack() {
        let test = PoolUnderTest(4) { $0.ejection.consecutive = 1 }
        _ = test.judge(0, .failure)
        _ = test.judge(1, .failure)
        #expect(test.down(2).isEmpty)
        #expect(test.down(3) == [.returned(0), .returned(1)])
        #expect(test.pool.eligible == [0, 1])
    }

    @Test func aFreshActorIsNotHeldToThePast() {
        let test = PoolUnderTest(4) { $0.ejection.consecutive = 1 }
        _ = test.judge(0, .failure)
        _ = test.down(0)
        test.up(0)
        #expect(test.pool.ejectedCount == 0 && test.pool.eligible.count == 4)
    }

    @Test(arguments: SpreadingPickTests.spreading)
    func whoComesBackGetsItsShareLittleByLittle(policy: Policy) {
        let test = PoolUnderTest(4, seed: 6) { $0.policy = policy }
        for member in 0..<4 { _ = test.judge(member, .success) }
        _ = test.down(1)
        test.up(1)
        var shares: [Double] = []
        for _ in 0..<11 {
            var picks = 0
            for _ in 0..<2000 {
                let member = test.pickedMember()
                test.pool.began(member)
                test.answer(member)
                if member == 1 { picks += 1 }
            }
            shares.append(Double(picks) / 500)
            test.now += Self.second
            _ = test.tick()
        }
        #expect(shares[0] < 0.3, "\(shares)")
        #expect(shares[5] > shares[0] && shares[5] < 1.1, "\(shares)")
        #expect(shares[10] > 0.8, "\(shares)")
        #expect(test.pool.rampingCount == 0)
    }

    /// Any course of events: the numbers agree, the cap holds, and there is a member as long as one is
    /// not down.
    @Test(arguments: Policy.allCases, 1...8 as ClosedRange<UInt64>)
    func promisesHoldOverAnyCourse(policy: Policy, seed: UInt64) {
        var random = Random(seed: seed)
        let count = 1 + random.below(12)
        let test = PoolUnderTest(count, seed: seed) {
            $0.policy = policy
            $0.ejection.consecutive = 2
            $0.ejection.minimumRequests = 5
            $0.boundedLoad = policy == .key ? 1.5 : nil
            $0.memberInFlight = 1_000_000
        }
        var down = Set<Int>()
        var underWay: [Int] = []
        for _ in 0..<4000 {
            test.now += UInt64(random.below(300_000_000))
            let member = random.below(count)
            switch random.below(20) {
            case 0:
                _ = test.down(member)
                down.insert(member)
            case 1, 2:
                test.up(member)
                down.remove(member)
            case 3: _ = test.tick()
            case 4...12:
                let pick = test.pick(.key(random.next()))
                if down.count == count { #expect(pick == .unavailable, "seed \(seed)") }
                guard case .member(let chosen) = pick else {
                    #expect(down.count == count, "seed \(seed)")
                    continue
                }
                #expect(test.pool.members[chosen].isEligible, "seed \(seed)")
                test.pool.began(chosen)
                underWay.append(chosen)
            default:
                guard !underWay.isEmpty else { continue }
                let chosen = underWay.remove(at: random.below(underWay.count))
                test.answer(chosen, random.chance(0.6) ? .failure : .success)
            }
            let pool = test.pool
            #expect(pool.ejectedCount <= pool.ejectionCap, "seed \(seed)")
            #expect(pool.ejectedCount == pool.members.filter(\.isEjected).count, "seed \(seed)")
            #expect(pool.downCount == down.count, "seed \(seed)")
            #expect(pool.eligible.count == pool.members.filter(\.isEligible).count, "seed \(seed)")
            #expect(!pool.eligible.isEmpty || down.count == count, "seed \(seed)")
            #expect(pool.buckets.loads.reduce(0) { $0 + Int($1) } == underWay.count, "seed \(seed)")
        }
    }
}
