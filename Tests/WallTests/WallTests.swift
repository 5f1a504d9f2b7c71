import ModuleKit
import Runtime
import RuntimeTesting
import Synchronization
import Testing

@testable import Wall

/// What the fake analytics say: a number that a test sets, and how often they were asked.
final class Feed: Sendable {
    let orders = Atomic<Int>(0)
    let asked = Atomic<Int>(0)
    let isSilent = Atomic<Bool>(false)
    let padding = Atomic<Int>(0)

    func snapshot() -> JSON {
        let orders = orders.load(ordering: .relaxed)
        return .object([
            ("time", .integer(1_000 + asked.load(ordering: .relaxed))),
            ("total", .object([("orders", .integer(orders))])),
            (
                "padding",
                .string(String(repeating: "x", count: padding.load(ordering: .relaxed)) + "\(orders)")
            ),
        ])
    }
}

@Suite("The wall as an actor")
struct WallTests {
    let feed = Feed()
    static let millisecond: UInt64 = 1_000_000

    func node(_ settings: [(String, SettingValue)] = []) throws -> TestNode {
        let feed = feed
        let node = TestNode([
            ActorPlan("wall", of: Wall.declaration, settings: settings, links: ["analytics": ["behaviour"]]),
            .fake("behaviour", SnapshotContract.self) { actor, _, _, reply in
                feed.asked.add(1, ordering: .relaxed)
                if feed.isSilent.load(ordering: .relaxed) { return reply.fail(.refused) }
                reply(feed.snapshot())
            },
        ])
        try node.start()
        return node
    }

    func watch(_ node: TestNode) throws -> HTTPBodyStream {
        let response = try node.ask("wall", HTTPContract.self, HTTPRequest(.get, "/wall/stream"))
        #expect(response.content.field("content-type") == "text/event-stream; charset=utf-8")
        return try #require(response.stream)
    }

    /// What a viewer gets to read, as one text.
    static func read(_ stream: HTTPBodyStream) -> String {
        stream.take().reduce(into: "") { text, event in
            switch event {
            case .piece(let body): text += body.text
            case .end: text += "[end]"
            case .failed: text += "[failed]"
            }
        }
    }

    static func counter(_ node: TestNode, _ name: String) -> Int {
        for series in node.node.metrics.series where series.name == name {
            if case .counter(let counter) = series.metric { return counter.value }
        }
        return -1
    }
    static func gauge(_ node: TestNode, _ name: String) -> Double {
        for series in node.node.metrics.series where series.name == name {
            if case .gauge(let gauge) = series.metric { return gauge.value }
        }
        return -1
    }

    @Test("a viewer gets the whole state at once, then what changes")
    func frames() throws {
        let node = try node()
        let stream = try watch(node)
        node.world.run(for: 10 * Self.millisecond)
        let first = Self.read(stream)
        #expect(first.hasPrefix("retry: 1000\n\nevent: whole\ndata: {"))
        #expect(first.contains("\"orders\":0") && first.contains("\"name\":\"behaviour\""))
        node.world.run(for: 90 * Self.millisecond)
        _ = Self.read(stream)
        node.world.run(for: 350 * Self.millisecond)
        #expect(Self.read(stream) == "", "nothing changed")
        feed.orders.store(1, ordering: .relaxed)
        node.world.run(for: 200 * Self.millisecond)
        let change = Self.read(stream)
        #expect(change.contains("event: change\n") && change.contains("\"orders\":1"))
        #expect(!change.contains("\"degrade\""))
    }

    @Test("an order is on every viewer's screen within 250 ms")
    func latency() throws {
        let node = try node()
        let streams = try (0..<20).map { _ in try watch(node) }
        for number in 1...50 {
            node.world.run(for: UInt64(37 * number % 113) * Self.millisecond)
            for stream in streams { _ = Self.read(stream) }
            feed.orders.store(number, ordering: .relaxed)
            node.world.run(for: 250 * Self.millisecond)
            #expect(streams.allSatisfy { Self.read($0).contains("\"orders\":\(number)") })
        }
    }

    @Test("while nobody watches, analytics are not asked; one question serves all")
    func quiet() throws {
        let node = try node()
        node.world.run(for: 5_000 * Self.millisecond)
        #expect(feed.asked.load(ordering: .relaxed) == 0)
        let streams = try (0..<10).map { _ in try watch(node) }
        node.world.run(for: 1_000 * Self.millisecond)
        let asked = feed.asked.load(ordering: .relaxed)
        #expect((9...12).contains(asked))
        #expect(Self.gauge(node, "souk_wall_viewers") == 10)
        for stream in streams { stream.cancel() }
        node.world.run(for: 300 * Self.millisecond)
        let after = feed.asked.load(ordering: .relaxed)
        node.world.run(for: 5_000 * Self.millisecond)
        #expect(feed.asked.load(ordering: .relaxed) == after && Self.gauge(node, "souk_wall_viewers") == 0)
        let again = try watch(node)
        node.world.run(for: 10 * Self.millisecond)
        #expect(Self.read(again).contains("event: whole"))
    }

    @Test("who does not read is cut, the others are not")
    func slowReader() throws {
        let node = try node()
        let (slow, quick) = (try watch(node), try watch(node))
        node.world.run(for: 50 * Self.millisecond)
        feed.padding.store(10_000, ordering: .relaxed)
        var seen = 0
        for number in 1...30 {
            feed.orders.store(number, ordering: .relaxed)
            node.world.run(for: 100 * Self.millisecond)
            #expect(slow.bytesWaiting <= 65_536)
            if Self.read(quick).contains("event: change") { seen += 1 }
        }
        #expect(seen >= 29 && quick.isOpen && !slow.isOpen)
        #expect(Self.read(slow).hasSuffix("[failed]"))
        #expect(Self.counter(node, "souk_wall_viewers_cut_total") == 1)
        #expect(Self.gauge(node, "souk_wall_viewers") == 1)
    }

    @Test("one viewer more than allowed is told to come later")
    func tooMany() throws {
        let node = try node([("viewers", .integer(2))])
        let (first, _) = (try watch(node), try watch(node))
        let third = try node.ask("wall", HTTPContract.self, HTTPRequest(.get, "/wall/stream"))
        #expect(
            third.content.status == 503 && third.content.field("retry-after") != nil && third.stream == nil)
        first.cancel()
        node.world.run(for: Self.millisecond)
        _ = try watch(node)
        #expect(Self.counter(node, "souk_wall_viewers_turned_away_total") == 1)
    }

    @Test("without news there is a heartbeat")
    func heartbeat() throws {
        let node = try node([("heartbeat", .duration(2_000 * Self.millisecond))])
        let stream = try watch(node)
        node.world.run(for: 1_900 * Self.millisecond)
        _ = Self.read(stream)
        node.world.run(for: 2_300 * Self.millisecond)
        #expect(Self.read(stream).contains(":\n\nevent: beat\n"))
    }

    @Test("silent analytics are said, and the rest of the wall goes on")
    func silence() throws {
        let node = try node()
        feed.isSilent.store(true, ordering: .relaxed)
        let stream = try watch(node)
        node.world.run(for: 200 * Self.millisecond)
        let first = Self.read(stream)
        #expect(first.contains("\"status\":\"silent\"") && first.contains("\"name\":\"wall\""))
        feed.isSilent.store(false, ordering: .relaxed)
        node.world.run(for: 200 * Self.millisecond)
        #expect(Self.read(stream).contains("\"status\":\"ok\""))
        #expect(Self.counter(node, "souk_wall_unanswered_total") >= 1)
    }

    @Test("a degrade level is shown at once")
    func degrade() throws {
        let node = try node()
        let stream = try watch(node)
        node.world.run(for: 110 * Self.millisecond)
        _ = Self.read(stream)
        let feature = DegradeState.Feature("search", fallback: "cached")
        node.control("wall", .degrade(DegradeState(level: 2, featuresOff: [feature])))
        #expect(
            Self.read(stream).contains(
                "\"degrade\":{\"level\":2,\"off\":[{\"name\":\"search\",\"fallback\":\"cached\"}]}"))
    }

    @Test("the caches' hit ratio comes from the metrics")
    func cache() throws {
        let node = try node()
        func answers(_ result: String) -> Counter {
            node.node.metrics.counter(
                "souk_cache_answers_total", "", [MetricLabel("actor", "a"), MetricLabel("result", result)])
        }
        let hits = answers("hit")
        hits.increment(by: 80)
        answers("stale").increment(by: 10)
        answers("miss").increment(by: 7)
        answers("collapsed").increment(by: 3)
        answers("pass").increment(by: 500)
        let first = try node.ask("wall", HTTPContract.self, HTTPRequest(.get, "/wall/snapshot.json"))
        #expect(try JSON(parsing: Array(first.content.body.bytes))["cache"]?["ratio"]?.numberValue == 0.9)
        hits.increment(by: 300)
        node.world.run(for: 1_100 * Self.millisecond)
        let second = try node.ask("wall", HTTPContract.self, HTTPRequest(.get, "/wall/snapshot.json"))
        let cache = try JSON(parsing: Array(second.content.body.bytes))["cache"]
        #expect(cache?["recent"]?.numberValue == 1 && cache?["ratio"]?.numberValue == 0.975)
    }

    @Test("the snapshot is one JSON object, the page is HTML, and anything else is not there")
    func requests() throws {
        let node = try node()
        feed.orders.store(3, ordering: .relaxed)
        let snapshot = try node.ask("wall", HTTPContract.self, HTTPRequest(.get, "/wall/snapshot.json"))
        let json = try JSON(parsing: Array(snapshot.content.body.bytes))
        #expect(json["total"]?["orders"]?.integerValue == 3 && json["actors"]?.arrayValue?.count == 2)
        #expect(json["actors"]?.arrayValue?[0]["state"]?.stringValue == "ready")
        for path in ["/wall", "/wall/", "/wall?x=1"] {
            let page = try node.ask("wall", HTTPContract.self, HTTPRequest(.get, path))
            #expect(page.content.status == 200)
            #expect(page.content.field("content-type") == "text/html; charset=utf-8")
        }
        let absent = try node.ask("wall", HTTPContract.self, HTTPRequest(.get, "/wall/other"))
        #expect(absent.content.status == 404)
        let post = try node.ask("wall", HTTPContract.self, HTTPRequest(.post, "/wall"))
        #expect(post.content.status == 405 && post.content.field("allow") == "GET, HEAD")
        let head = try node.ask("wall", HTTPContract.self, HTTPRequest(.head, "/wall/stream"))
        #expect(head.stream == nil && head.content.status == 200)
    }

    @Test("however many ask for the snapshot, analytics are asked once in an interval")
    func manySnapshots() throws {
        let node = try node()
        let request = HTTPRequest(.get, "/wall/snapshot.json")
        let pending = (0..<50).map { _ in node.send("wall", HTTPContract.self, request) }
        node.world.run(for: 10 * Self.millisecond)
        #expect(pending.allSatisfy { (try? $0.result?.get().content.status) == 200 })
        _ = try node.ask("wall", HTTPContract.self, request)
        #expect(feed.asked.load(ordering: .relaxed) == 1)
        feed.orders.store(8, ordering: .relaxed)
        node.world.run(for: 100 * Self.millisecond)
        let fresh = try node.ask("wall", HTTPContract.self, request)
        #expect(fresh.content.body.text.contains("\"orders\":8"))
        #expect(feed.asked.load(ordering: .relaxed) == 2)
    }

    @Test("stopping ends the streams in order")
    func drain() throws {
        let node = try node()
        let stream = try watch(node)
        node.world.run(for: 10 * Self.millisecond)
        #expect(node.stop())
        #expect(Self.read(stream).hasSuffix("[end]"))
    }
}
