import ModuleKit
import Testing

@testable import AnalyticsStream

@Suite("Sessions, funnel and countries")
struct VisitorTests {
    /// A session as a plain model keeps it.
    struct Model {
        var started: UInt64
        var last: UInt64
        var steps: Set<Int> = []
        var country: Int
    }

    @Test("sessions, funnel and countries are the same as counting by hand", arguments: 0..<4)
    func bruteForce(_ round: Int) {
        var random = SketchTests.random("sessions", round)
        var table = SessionTable(capacity: 4096, timeout: 60_000, activeFor: 10_000)
        var model: [UInt64: Model] = [:]
        var (started, ended, duration) = (0, 0, UInt64(0))
        var (reached, expected) = ([0, 0, 0], [0, 0, 0])
        var now: UInt64 = 1_000_000
        for _ in 0..<40_000 {
            now += UInt64(random.below(60))
            let visitor = UInt64(1 + random.below(random.chance(0.5) ? 50 : 2_000))
            let country = random.below(4) * 30
            let step: Int? = random.chance(0.3) ? nil : random.below(3)
            // Whether a session is over, the model decides for all at once, but not each time.
            if random.chance(0.02) {
                for (key, session) in model where session.last + 60_000 < now {
                    (ended, duration) = (ended + 1, duration + session.last - session.started)
                    model[key] = nil
                }
                table.expire(now)
            } else if let session = model[visitor], session.last + 60_000 < now {
                (ended, duration) = (ended + 1, duration + session.last - session.started)
                model[visitor] = nil
            }
            if model[visitor] == nil {
                started += 1
                model[visitor] = Model(started: now, last: now, country: country)
            }
            model[visitor]?.last = now
            if country != 0 { model[visitor]?.country = country }
            let before = Self.depth(model[visitor]?.steps ?? [])
            if let step { model[visitor]?.steps.insert(step) }
            for step in before..<Self.depth(model[visitor]?.steps ?? []) { expected[step] += 1 }
            let result = table.note(visitor: visitor, time: now, country: country, step: step, weight: 1)
            for step in result.reached { reached[step] += 1 }
        }
        for session in model.values where session.last + 60_000 < now {
            (ended, duration) = (ended + 1, duration + session.last - session.started)
        }
        model = model.filter { $0.value.last + 60_000 >= now }
        table.expire(now)
        #expect(reached == expected && expected[2] > 100)
        #expect(table.count == model.count && table.started == started && table.ended == ended)
        #expect(table.duration == duration && table.evicted == 0 && ended > 50)
        let active = model.values.filter { $0.last + 10_000 >= now }
        #expect(table.active == active.count)
        for entry in table.activeByCountry() {
            #expect(Int(entry.visitors) == active.filter { $0.country == entry.country }.count)
        }
    }

    static func depth(_ steps: Set<Int>) -> Int {
        (steps.max() ?? -1) + 1
    }

    @Test("a full table lets the one go that was quiet for longest")
    func full() {
        var table = SessionTable(capacity: 3, timeout: 60_000, activeFor: 60_000)
        for (time, visitor) in [1, 2, 3, 1, 4].enumerated() {
            _ = table.note(
                visitor: UInt64(visitor), time: UInt64(1_000 + time), country: visitor, step: 0, weight: 1)
        }
        #expect(table.count == 3 && table.evicted == 1 && table.active == 3)
        #expect(table.activeByCountry().map(\.country) == [1, 3, 4])
        // 2 went: when it comes again it begins anew.
        let again = table.note(visitor: 2, time: 2_000, country: 2, step: 0, weight: 1)
        #expect(again.reached == 0..<1 && table.started == 5)
        let known = table.note(visitor: 4, time: 2_000, country: 4, step: 0, weight: 1)
        #expect(known.reached.isEmpty)
    }

    @Test("who orders has viewed and chosen, in whatever order that is told")
    func outOfOrder() {
        var table = SessionTable(capacity: 8, timeout: 60_000, activeFor: 60_000)
        var reached: [Range<Int>] = []
        for (time, step) in [(UInt64(10), 1), (9, 0), (11, 2), (12, 2)] {
            reached.append(table.note(visitor: 1, time: time, country: 0, step: step, weight: 1).reached)
        }
        #expect(reached == [0..<2, 2..<2, 2..<3, 3..<3])
    }

    @Test("a visitor who comes back after the timeout begins a new session")
    func timeout() {
        var table = SessionTable(capacity: 8, timeout: 1_000, activeFor: 500)
        for time: UInt64 in [0, 900, 1_800, 2_900] {
            _ = table.note(visitor: 1, time: time, country: 0, step: 0, weight: 1)
        }
        #expect(table.started == 2 && table.ended == 1 && table.duration == 1_800)
        table.expire(3_400)
        #expect(table.active == 1)
        table.expire(3_401)
        #expect(table.active == 0 && table.count == 1)
        table.expire(3_901)
        #expect(table.count == 0 && table.ended == 2)
    }

    @Test(
        "country codes",
        arguments: [
            ("DE", "DE"), ("de", "DE"), ("ZZ", "ZZ"), ("XX", nil), ("D", nil), ("1A", nil), ("DEU", nil),
        ])
    func countryCode(text: String, expected: String?) {
        #expect(CountryCode.text(CountryCode.index(CountryCode.code(text.utf8))) == expected)
    }

    @Test("sampling keeps whole visitors, and its estimate is near the truth")
    func sampling() {
        var random = SketchTests.random("sampling")
        let aggregate = WindowTests.aggregate { $0.sessions = 65_536 }
        let start = WindowTests.start
        for step in 0..<3 {
            aggregate.sampling.adapt(
                to: .init(depth: 100, capacity: 100, wait: 0), now: UInt64(step) * 1_000_000_000)
        }
        #expect(aggregate.sampling.ratio == 8)
        for _ in 0..<40_000 {
            let visitor = random.next() | 1
            for kind in [BehaviourKind.productView, .cart, .order] {
                aggregate.count(
                    BehaviourEvent(kind, time: start, visitor: visitor, product: 5, revenue: 1, quantity: 1),
                    clock: start)
            }
        }
        // Exact, although most visitors are not looked at.
        #expect(aggregate.totals.events == 120_000 && aggregate.totals.orders == 40_000)
        #expect(aggregate.sampling.skipped > 100_000)
        // Scaled up: 5,000 sessions kept on average, a standard error of 1.4 %.
        for step in 0..<3 { #expect(abs(Double(aggregate.totals.steps[step]) - 40_000) < 2_400) }
        #expect(aggregate.totals.steps[0] == aggregate.totals.steps[2])
        #expect(abs(Double(aggregate.sessions.active) - 40_000) < 2_400)
        #expect(abs(Double(aggregate.viewed.top(1)[0].weight) - 40_000) < 2_400)
        #expect(aggregate.sold.top(1)[0].weight == 40_000)
    }

    @Test("sampling steps up at once when behind, and down only after calm")
    func samplingSteps() {
        var sampling = Sampling(limit: 20, patience: 100)
        #expect(sampling.limit == 16)
        let behind = Sampling.Backlog(depth: 600, capacity: 1000, wait: 0)
        let slow = Sampling.Backlog(depth: 0, capacity: 1000, wait: 200)
        let between = Sampling.Backlog(depth: 300, capacity: 1000, wait: 80)
        let calm = Sampling.Backlog(depth: 0, capacity: 1000, wait: 10)
        var now: UInt64 = 1_000_000_000
        var steps = [sampling.adapt(to: calm, now: now), sampling.adapt(to: behind, now: now)]
        // A step needs time to show.
        steps.append(sampling.adapt(to: behind, now: now + 1_000))
        #expect(steps == [false, true, false] && sampling.ratio == 2)
        for _ in 0..<10 {
            now += 20_000_000
            sampling.adapt(to: slow, now: now)
        }
        #expect(sampling.ratio == 16)
        steps = [sampling.adapt(to: between, now: now + 10_000_000_000)]
        steps.append(sampling.adapt(to: calm, now: now + 999_000_000 - 140_000_000))
        for step: UInt64 in 1...4 { steps.append(sampling.adapt(to: calm, now: now + step * 1_000_000_000)) }
        #expect(steps == [false, false, true, true, true, true])
        #expect(sampling.ratio == 1)
    }
}
