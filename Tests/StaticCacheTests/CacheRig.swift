import ModuleKit
import Runtime
import RuntimeTesting
import Testing

@testable import StaticCache

/// An origin that a test tells what to answer, and that remembers what it was asked.
final class Origin: @unchecked Sendable {
    var asked: [HTTPRequest] = []
    var deliveries: [Delivery] = []
    /// How long it takes, in nanoseconds.
    var delay: UInt64 = 1_000_000
    /// Nil for letting the question go.
    var answer: (HTTPRequest) -> HTTPResponse? = { _ in page("hello", "max-age=60") }
    var isSilent = false
    var silent: [ReplyBox<HTTPResponse>] = []

    func plan(_ name: String = "origin") -> ActorPlan {
        .fake(name, HTTPContract.self) { [self] actor, request, delivery, reply in
            let request = request
            asked.append(request)
            deliveries.append(delivery)
            let box = ReplyBox(reply)
            if isSilent { return silent.append(box) }
            actor.context.after(delay, on: actor) { _ in
                if let response = self.answer(request) { box(response) } else { box.fail(.failed) }
            }
        }
    }
}

func page(
    _ body: String, _ cacheControl: String? = nil, status: Int = 200, _ fields: (String, String)...
) -> HTTPResponse {
    var all: [(name: String, value: String)] = [("Content-Type", "text/html")]
    if let cacheControl { all.append(("Cache-Control", cacheControl)) }
    all += fields.map { (name: $0.0, value: $0.1) }
    return HTTPResponse(HTTPContent(status: status, fields: all, body: HTTPBody(body)))
}

/// A cache before an origin, in virtual time.
struct CacheRig {
    static let second: UInt64 = 1_000_000_000
    let origin = Origin()
    let node: TestNode

    init(_ settings: [(String, SettingValue)] = [], seed: UInt64 = 1) throws {
        // No chance in the tests that do not ask for it.
        var all = settings
        for (name, value) in [("jitter", SettingValue.percentage(0)), ("early", .number(0))]
        where !all.contains(where: { $0.0 == name }) {
            all.append((name, value))
        }
        node = TestNode(
            [
                ActorPlan("cache", of: staticCache, settings: all, links: ["origin": ["origin"]]),
                origin.plan(),
            ], seed: seed)
        try node.start()
    }

    @discardableResult
    func get(
        _ target: String, method: HTTPMethod = .get, host: String = "shop.example",
        _ fields: (name: String, value: String)...
    ) throws -> HTTPResponse {
        try node.ask(
            "cache", HTTPContract.self, HTTPRequest(method, target, host: host, fields: fields))
    }
    func send(
        _ target: String, _ fields: [(name: String, value: String)] = [], _ delivery: Delivery = Delivery()
    ) -> PendingAnswer<HTTPResponse> {
        node.send("cache", HTTPContract.self, HTTPRequest(.get, target, fields: fields), delivery)
    }
    func pass(seconds: Double) { node.world.run(for: UInt64(seconds * 1e9)) }
    func purge(_ query: (name: String, value: String)...) throws -> Int? {
        let answer = try node.operate(
            "cache", OperationRequest(method: "POST", path: "/v1/purge", query: query))
        return try JSON(parsing: answer.body)["purged"]?.integerValue
    }
    func metric(_ name: String, _ result: String? = nil) -> Double {
        let series = node.node.metrics.series.first {
            $0.name == name && (result == nil || $0.labels.contains(MetricLabel("result", result ?? "")))
        }
        switch series?.metric {
        case .counter(let counter): return Double(counter.value)
        case .gauge(let gauge): return gauge.value
        default: return -1
        }
    }
}

extension HTTPResponse {
    var text: String { content.body.text }
    var kind: HTTPCacheStatus.Kind { cacheStatus.kind }
}
