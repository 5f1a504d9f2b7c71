import ModuleKit
import Testing

@testable import AnalyticsStream

@Suite("Windows of event time")
struct WindowTests {
    static let start: UInt64 = 1_700_000_000_000

    static func aggregate(_ change: (inout AggregateLimits) -> Void = { _ in }) -> BehaviourAggregate {
        var limits = AggregateLimits()
        limits.sessions = 1024
        limits.history = 60
        change(&limits)
        return BehaviourAggregate(limits)
    }

    @Test("windows are the same as counting by hand, whatever order events come in")
    func bruteForce() {
        var random = SketchTests.random("bruteForce")
        let aggregate = Self.aggregate()
        var truth: [Int: (events: UInt64, orders: UInt64, revenue: Int64)] = [:]
        var late = 0
        var latest: UInt64 = 0
        for number in 0..<50_000 {
            let clock = Self.start + UInt64(number * 3)
            // Most are a little late, some by more than is allowed.
            let delay = random.chance(0.02) ? 2_000 + random.below(6_000) : random.below(1_900)
            let time = clock - UInt64(delay)
            let kind = BehaviourKind.allCases[random.below(5)]
            let event = BehaviourEvent(
                kind, time: time, visitor: random.next() | 1, revenue: kind == .order ? 250 : 0, quantity: 1)
            aggregate.count(event, clock: clock)
            latest = max(latest, time)
            if (time / 1000 + 1) * 1000 <= latest - 2_000 {
                late += 1
                continue
            }
            var entry = truth[Int(time / 1000)] ?? (0, 0, 0)
            entry.events += 1
            if kind == .order { (entry.orders, entry.revenue) = (entry.orders + 1, entry.revenue + 250) }
            truth[Int(time / 1000)] = entry
        }
        #expect(aggregate.late == late && late > 100)
        #expect(aggregate.ring.seconds.count == 60)
        for second in aggregate.ring.seconds {
            let counts = aggregate.ring.window(second).pointee.counts
            let expected = truth[second] ?? (0, 0, 0)
            #expect(counts.events == expected.events)
            #expect(counts.orders == expected.orders && counts.revenue == expected.revenue)
        }
    }

    @Test("a closed window never changes")
    func closedStaysClosed() {
        let aggregate = Self.aggregate()
        func event(_ offset: UInt64) -> BehaviourEvent {
            BehaviourEvent(.page, time: Self.start + offset, visitor: 1)
        }
        aggregate.count(event(500), clock: Self.start + 500)
        aggregate.count(event(2_999), clock: Self.start + 2_999)
        // The watermark is at 0.999: the first second is still open.
        aggregate.count(event(1), clock: Self.start + 2_999)
        aggregate.count(event(3_000), clock: Self.start + 3_000)
        aggregate.count(event(999), clock: Self.start + 3_000)
        let first = Int(Self.start / 1000)
        #expect(aggregate.ring.window(first).pointee.counts.events == 2)
        #expect(aggregate.late == 1 && aggregate.ring.openFrom == first + 1)
    }

    @Test("events before the first one count, as long as their window is open")
    func earlierThanTheFirst() {
        let aggregate = Self.aggregate()
        let clock = Self.start + 5_000
        aggregate.count(BehaviourEvent(.page, time: clock, visitor: 1), clock: clock)
        aggregate.count(BehaviourEvent(.page, time: clock - 1_500, visitor: 2), clock: clock)
        #expect(aggregate.ring.seconds.count == 3 && aggregate.late == 0)
        #expect(aggregate.ring.window(Int((clock - 1_500) / 1000)).pointee.counts.events == 1)
    }

    @Test("a source that goes quiet does not hold up the windows")
    func idle() {
        let aggregate = Self.aggregate()
        aggregate.count(BehaviourEvent(.page, time: Self.start, visitor: 1), clock: Self.start)
        aggregate.advance(clock: Self.start + 900)
        #expect(aggregate.ring.openFrom == Int(Self.start / 1000), "not idle yet")
        aggregate.advance(clock: Self.start + 3_100)
        #expect(aggregate.ring.openFrom == Int(Self.start / 1000) + 1)
        aggregate.advance(clock: Self.start + 200_000)
        #expect(aggregate.ring.seconds.upperBound == Int(Self.start / 1000) + 201)
        #expect(aggregate.ring.seconds.count == 60)
        #expect(aggregate.ring.seconds.allSatisfy { aggregate.ring.window($0).pointee.counts.events == 0 })
    }

    @Test("a clock that is ahead does not close windows for the others")
    func ahead() {
        let aggregate = Self.aggregate()
        aggregate.count(BehaviourEvent(.page, time: .max, visitor: 1), clock: Self.start)
        aggregate.count(BehaviourEvent(.page, time: Self.start + 999_999, visitor: 1), clock: Self.start)
        aggregate.count(BehaviourEvent(.page, time: Self.start - 100, visitor: 1), clock: Self.start)
        aggregate.count(BehaviourEvent(.page, time: 0, visitor: 1), clock: Self.start)
        #expect(aggregate.watermark.ahead == 2 && aggregate.late == 0)
        #expect(aggregate.totals.events == 4)
    }

    @Test("when the clock is set back, windows begin anew")
    func clockSetBack() {
        let aggregate = Self.aggregate()
        aggregate.count(BehaviourEvent(.page, time: Self.start, visitor: 1), clock: Self.start)
        let earlier = Self.start - 3_600_000
        #expect(!aggregate.advance(clock: earlier))
        aggregate.count(BehaviourEvent(.page, time: earlier, visitor: 1), clock: earlier)
        #expect(aggregate.advance(clock: earlier + 10))
        #expect(
            aggregate.late == 0 && aggregate.ring.seconds == Int(earlier / 1000)..<Int(earlier / 1000) + 1)
        #expect(aggregate.ring.window(Int(earlier / 1000)).pointee.counts.events == 1)
    }

    @Test("memory is what is stated, whatever comes")
    func bounded() {
        var random = SketchTests.random("bounded")
        let aggregate = Self.aggregate { $0.sessions = 100 }
        var clock = Self.start
        for _ in 0..<20_000 {
            clock += UInt64(random.below(40))
            aggregate.count(
                BehaviourEvent(
                    BehaviourKind.allCases[random.below(5)], time: clock, visitor: random.next(),
                    product: Int64(truncatingIfNeeded: random.next()), revenue: .max, quantity: .max,
                    latency: UInt32(truncatingIfNeeded: random.next()),
                    country: UInt16(truncatingIfNeeded: random.next())), clock: clock)
        }
        #expect(aggregate.sessions.count == 100 && aggregate.sessions.evicted > 15_000)
        #expect(aggregate.ring.seconds.count == 60)
        #expect(aggregate.sessions.activeByCountry().reduce(0) { $0 + $1.visitors } == 100)
        #expect(AggregateLimits().bytes < 64 << 20)
    }

    @Test("lines of one order are one order")
    func lines() {
        let aggregate = Self.aggregate()
        func line(_ visitor: UInt64, _ product: Int64, _ time: UInt64) -> BehaviourEvent {
            BehaviourEvent(
                .order, time: Self.start + time, visitor: visitor, product: product, revenue: 500, quantity: 2
            )
        }
        let events = [line(1, 10, 0), line(1, 11, 0), line(1, 12, 0), line(2, 10, 0), line(2, 10, 1)]
        aggregate.count(together: events, clock: Self.start)
        #expect(aggregate.totals.orders == 3 && aggregate.totals.revenue == 2_500)
        #expect(aggregate.totals.pieces == 10)
        #expect(aggregate.sold.top(1).first == .init(product: 10, weight: 6, error: 0, revenue: 1_500))
        // Told one by one, each is an order: many may come from one address in one millisecond.
        for _ in 0..<2 { aggregate.count(line(1, 10, 0), clock: Self.start) }
        #expect(aggregate.totals.orders == 5)
    }

    @Test("orders that browsers tell are no money")
    func untrusted() {
        let aggregate = Self.aggregate()
        for kind in [BehaviourKind.productView, .cart, .order] {
            aggregate.count(
                BehaviourEvent(kind, time: Self.start, visitor: 7, product: 3, revenue: 10_000, quantity: 1),
                clock: Self.start, isTrusted: false)
        }
        #expect(aggregate.totals.orders == 0 && aggregate.totals.revenue == 0)
        #expect(aggregate.totals.events == 3 && aggregate.totals.steps[2] == 1)
        #expect(aggregate.sold.top(1).isEmpty)
    }
}
