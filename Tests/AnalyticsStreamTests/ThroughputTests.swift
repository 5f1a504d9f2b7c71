import Glibc
import ModuleKit
import Runtime
import RuntimeTesting
import Testing

@testable import AnalyticsStream

/// The module's own bench. Runs when `SOUK_BENCH` is set, and means something in a release build only:
///
///     SOUK_BENCH=1 swift test -c release -Xswiftc -enable-testing --filter ThroughputTests
@Suite("Throughput", .enabled(if: getenv("SOUK_BENCH") != nil))
struct ThroughputTests {
    /// Events as a sale has them: 1 M visitors, 100,000 products with a skew, 34 countries, event time
    /// with up to 200 ms of disorder.
    static func events(_ count: Int) -> [BehaviourEvent] {
        var random = SketchTests.random("throughput")
        return (0..<count).map { number in
            let draw = random.below(100)
            let kind: BehaviourKind =
                draw < 60
                ? .productView : draw < 80 ? .page : draw < 85 ? .search : draw < 97 ? .cart : .order
            return BehaviourEvent(
                kind, time: WindowTests.start + UInt64(number / 1_000) + UInt64(random.below(200)),
                visitor: UInt64(1 + random.below(1_000_000)),
                product: SketchTests.product(&random, of: 100_000), revenue: kind == .order ? 4_900 : 0,
                quantity: 1, latency: UInt32(200 + random.below(20_000)),
                country: UInt16(65 + random.below(34) / 26) << 8 | UInt16(65 + random.below(26)))
        }
    }

    @Test("1 M events a second on one core", arguments: [1, 64])
    func throughput(sampling ratio: Int) {
        let events = Self.events(4_000_000)
        var limits = AggregateLimits()
        limits.sessions = 1_048_576
        let aggregate = BehaviourAggregate(limits)
        var now: UInt64 = 0
        while aggregate.sampling.ratio < ratio {
            now += 1_000_000_000
            aggregate.sampling.adapt(to: .init(depth: 9, capacity: 9, wait: 0), now: now)
        }
        let begin = Self.processorTime()
        for event in events { aggregate.count(event, clock: event.time) }
        let spent = Self.processorTime() - begin
        let rate = Double(events.count) / spent
        print("analytics, 1 in \(ratio): \(Int(rate)) events/s, \(Int(1e9 / rate)) ns each")
        #expect(aggregate.totals.events == UInt64(events.count) && aggregate.late == 0)
        #expect(abs(aggregate.visitors.estimate / 980_000 - 1) < 0.08)
        #if !DEBUG
            #expect(rate > 1_000_000)
        #endif
    }

    @Test("1 M events a second, each a message of its own")
    func messages() throws {
        let events = Self.events(2_000_000)
        let node = TestNode([
            ActorPlan(
                "behaviour", of: AnalyticsStream.declaration,
                settings: [("sessions", .integer(1_048_576)), ("sampling", .integer(1))],
                mailbox: MailboxOptions(capacity: 65_536, policy: .dropNewest))
        ])
        try node.start()
        let address = try #require(node.node.cell("behaviour")?.address(BehaviourContract.self))
        let shift = node.world.wallNow() / 1_000_000 - WindowTests.start
        let begin = Self.processorTime()
        for start in stride(from: 0, to: events.count, by: 50_000) {
            node.environment.home.withCurrent {
                for event in events[start..<min(start + 50_000, events.count)] {
                    var event = event
                    event.time += shift
                    _ = address.mailbox.send(Envelope(.event(event), Delivery(), Reply()))
                }
            }
            _ = node.world.runReady()
            node.world.run(for: 50_000_000)
        }
        let spent = Self.processorTime() - begin
        let rate = Double(events.count) / spent
        print("analytics, as messages: \(Int(rate)) events/s, \(Int(1e9 / rate)) ns each")
        let snapshot = try node.ask("behaviour", SnapshotContract.self, .init())
        #expect(snapshot["total"]?["events"]?.integerValue == events.count)
        #expect(snapshot["sampling"]?["dropped"]?.integerValue == 0)
        #if !DEBUG
            #expect(rate > 1_000_000)
        #endif
    }

    @Test("a snapshot is cheap enough for ten a second")
    func snapshot() {
        let aggregate = BehaviourAggregate(AggregateLimits())
        for event in Self.events(1_000_000) {
            aggregate.count(event, clock: event.time)
        }
        var series = SeriesRows()
        var bytes = 0
        let begin = Self.processorTime()
        for _ in 0..<20 {
            let clock = aggregate.watermark.head
            bytes =
                AggregateSnapshot(
                    of: aggregate, names: ProductNames(limit: 0), surroundings: .init(), clock: clock
                ).json(series: &series).encoded().count
        }
        let spent = (Self.processorTime() - begin) / 20
        print("snapshot: \(Int(spent * 1e6)) µs, \(bytes) bytes")
        #expect(bytes > 1_000)
    }

    private static func processorTime() -> Double {
        var time = timespec()
        clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &time)
        return Double(time.tv_sec) + Double(time.tv_nsec) / 1e9
    }
}
