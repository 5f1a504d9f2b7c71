import ModuleKit
import Runtime
import RuntimeTesting
import Testing

@testable import AnalyticsStream

@Suite("analytics-stream as an actor")
struct ActorTests {
    static func node(
        _ settings: [(String, SettingValue)] = [], mailbox: MailboxOptions = MailboxOptions()
    ) throws -> TestNode {
        let node = TestNode([
            ActorPlan("behaviour", of: AnalyticsStream.declaration, settings: settings, mailbox: mailbox)
        ])
        try node.start()
        return node
    }

    static func now(_ node: TestNode) -> UInt64 { node.world.wallNow() / 1_000_000 }

    static func post(_ body: String) -> HTTPRequest {
        HTTPRequest(
            .post, "/events", fields: [(name: "cookie", value: "souk_visitor=v")], body: Array(body.utf8))
    }

    @Test("events, batches, beacons and names come together in the snapshot")
    func together() throws {
        let node = try Self.node()
        let now = Self.now(node)
        node.tell("behaviour", BehaviourContract.self, .catalogue(names: [(7, "Lamp")], currency: "USD"))
        node.tell("behaviour", BehaviourContract.self, .event(BehaviourEvent(.page, time: now, visitor: 1)))
        node.tell(
            "behaviour", BehaviourContract.self,
            .events([
                BehaviourEvent(.productView, time: now, visitor: 2, product: 7),
                BehaviourEvent(.order, time: now, visitor: 2, product: 7, revenue: 4_200, quantity: 2),
            ]))
        let taken = try node.ask(
            "behaviour", HTTPContract.self, Self.post("[{\"kind\":\"cart\"},{\"kind\":\"search\"}]"))
        #expect(taken.content.status == 204 && taken.content.body.count == 0)
        let refused = try node.ask("behaviour", HTTPContract.self, Self.post("{\"kind\":\"dance\"}"))
        #expect(refused.content.status == 422)
        let snapshot = try node.ask("behaviour", SnapshotContract.self, .init())
        #expect(snapshot["total"]?["events"]?.integerValue == 5)
        #expect(snapshot["total"]?["visitors"]?.integerValue == 3)
        #expect(snapshot["total"]?["revenue"]?.integerValue == 4_200)
        #expect(snapshot["top"]?["sold"]?.arrayValue?.first?["title"]?.stringValue == "Lamp")
        #expect(snapshot["currency"]?.stringValue == "USD")
    }

    @Test("windows close with the clock when nothing comes, and metrics follow")
    func idle() throws {
        let node = try Self.node()
        let now = Self.now(node)
        node.tell("behaviour", BehaviourContract.self, .event(BehaviourEvent(.page, time: now, visitor: 1)))
        node.world.run(for: 10_000_000_000)
        let snapshot = try node.ask("behaviour", SnapshotContract.self, .init())
        let watermark = snapshot["watermark"]?.integerValue ?? 0
        #expect(watermark >= Int(now) + 7_500)
        #expect(snapshot["now"]?["events_per_second"]?.numberValue == 0)
        #expect(snapshot["minute"]?["events"]?.integerValue == 1)
        let pages = node.node.metrics.series.first {
            $0.name == "souk_analytics_events_total" && $0.labels.contains(MetricLabel("kind", "page"))
        }
        guard case .counter(let counter)? = pages?.metric else { throw AskFailure.failed }
        #expect(counter.value == 1)
        let bytes = node.node.metrics.series.first { $0.name == "souk_analytics_memory_bytes" }
        guard case .gauge(let gauge)? = bytes?.metric else { throw AskFailure.failed }
        #expect(gauge.value > 1_000_000)
    }

    @Test("a full mailbox lets the newest go, the sender is not held up, and the snapshot says so")
    func full() throws {
        let node = try Self.node(mailbox: MailboxOptions(capacity: 64, policy: .dropNewest))
        let now = Self.now(node)
        for number in 0..<200 {
            let event = BehaviourEvent(.page, time: now, visitor: UInt64(number + 1))
            node.tell("behaviour", BehaviourContract.self, .event(event))
        }
        let snapshot = try node.ask("behaviour", SnapshotContract.self, .init())
        #expect(snapshot["sampling"]?["dropped"]?.integerValue == 136)
        #expect(snapshot["total"]?["events"]?.integerValue == 64)
    }

    @Test("when behind it looks at fewer visitors, and at all of them again after calm")
    func sampling() throws {
        let node = try Self.node(
            [("sampling", .integer(8))], mailbox: MailboxOptions(capacity: 4096, policy: .dropNewest))
        let now = Self.now(node)
        for number in 0..<4096 {
            let event = BehaviourEvent(.page, time: now, visitor: UInt64(number % 512 + 1))
            node.tell("behaviour", BehaviourContract.self, .event(event))
        }
        _ = node.world.runReady()
        let busy = try node.ask("behaviour", SnapshotContract.self, .init())
        #expect((busy["sampling"]?["keeps_one_in"]?.integerValue ?? 0) >= 2)
        #expect(busy["total"]?["events"]?.integerValue == 4096)
        #expect((busy["sampling"]?["skipped"]?.integerValue ?? 0) > 0)
        node.world.run(for: 10_000_000_000)
        let calm = try node.ask("behaviour", SnapshotContract.self, .init())
        #expect(calm["sampling"]?["keeps_one_in"]?.integerValue == 1)
    }

    @Test("a batch that is too long is cut, and that is counted")
    func longBatch() throws {
        let node = try Self.node()
        let event = BehaviourEvent(.page, time: Self.now(node), visitor: 1)
        node.tell("behaviour", BehaviourContract.self, .events(Array(repeating: event, count: 5_000)))
        let snapshot = try node.ask("behaviour", SnapshotContract.self, .init())
        #expect(snapshot["total"]?["events"]?.integerValue == 4_096)
        let cut = node.node.metrics.series.first { $0.name == "souk_analytics_cut_events_total" }
        guard case .counter(let counter)? = cut?.metric else { throw AskFailure.failed }
        #expect(counter.value == 904)
    }

    @Test("settings that contradict each other are refused")
    func contradiction() throws {
        #expect(throws: (any Error).self) {
            try Self.node([
                ("active", .duration(600_000_000_000)), ("session_timeout", .duration(60_000_000_000)),
            ])
        }
    }
}
