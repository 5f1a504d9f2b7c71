import ModuleKit
import Runtime
import RuntimeTesting
import Testing

@testable import DynamicFragment

/// A shop that answers shells and fragments as a test says.
final class Shop: @unchecked Sendable {
    struct Answer {
        var response: HTTPResponse?
        /// Nanoseconds.
        var delay: UInt64
    }
    var asked: [HTTPRequest] = []
    var deliveries: [Delivery] = []
    var answers: [String: Answer] = [:]

    func set(_ target: String, _ response: HTTPResponse?, delay milliseconds: UInt64 = 0) {
        answers[target] = Answer(response: response, delay: milliseconds * 1_000_000)
    }
    func plan(_ name: String) -> ActorPlan {
        .fake(name, HTTPContract.self) { [self] actor, request, delivery, reply in
            let target = request.targetText
            asked.append(request)
            deliveries.append(delivery)
            guard let answer = answers[target] else {
                return reply(HTTPResponse(status: 404, type: "text/html", body: HTTPBody("none")))
            }
            let box = ReplyBox(reply)
            if answer.delay == 0 { return answer.response.map { box($0) } ?? box.fail(.failed) }
            actor.context.after(answer.delay, on: actor) { _ in
                if let response = answer.response { box(response) } else { box.fail(.failed) }
            }
        }
    }
    func count(_ target: String) -> Int { asked.count { $0.targetText == target } }
}

func shell(_ body: String, cached: Bool = false, _ fields: (String, String)...) -> HTTPResponse {
    var all: [(name: String, value: String)] = [
        ("Content-Type", "text/html; charset=utf-8"),
        ("Surrogate-Control", "max-age=60, content=\"ESI/1.0\""),
        ("Cache-Control", "max-age=60"), ("ETag", "\"s\""),
    ]
    all += fields.map { (name: $0.0, value: $0.1) }
    return HTTPResponse(
        HTTPContent(fields: all, body: HTTPBody(body)), age: cached ? 1 : -1,
        cacheStatus: HTTPCacheStatus(cached ? .hit : .none))
}

func fragment(_ body: String, _ control: String = "max-age=0", status: Int = 200, cached: Bool = false)
    -> HTTPResponse
{
    let fields = [(name: "Content-Type", value: "text/html"), (name: "Cache-Control", value: control)]
    return HTTPResponse(
        HTTPContent(status: status, fields: fields, body: HTTPBody(body)), age: cached ? 1 : -1,
        cacheStatus: HTTPCacheStatus(cached ? .hit : .none))
}

/// A dynamic-fragment before a shop, in virtual time.
struct PageRig {
    let shop = Shop()
    let node: TestNode

    init(_ settings: [(String, SettingValue)] = []) throws {
        node = TestNode([
            ActorPlan(
                "pages", of: dynamicFragment, settings: settings,
                links: ["origin": ["shop"], "fragments": ["shop"]]),
            shop.plan("shop"),
        ])
        try node.start()
    }

    /// What came of a request, and when.
    struct Outcome {
        var response: HTTPResponse
        /// The whole body, also of a stream.
        var text = ""
        /// What was there when the response came.
        var beginning = ""
        var isComplete = true
        /// Nanoseconds until the response, and until the end.
        var began: UInt64 = 0
        var took: UInt64 = 0
    }

    func get(
        _ target: String = "/", method: HTTPMethod = .get, _ fields: [(name: String, value: String)] = [],
        _ delivery: Delivery = Delivery()
    ) throws -> Outcome {
        let start = node.world.time
        let response = try node.ask(
            "pages", HTTPContract.self, HTTPRequest(method, target, fields: fields), delivery)
        var outcome = Outcome(response: response)
        outcome.began = node.world.time - start
        guard let stream = response.stream else {
            outcome.text = response.content.body.text
            outcome.took = outcome.began
            return outcome
        }
        var hasEnded = false
        func take() {
            for event in stream.take() {
                switch event {
                case .piece(let body): outcome.text += body.text
                case .end: hasEnded = true
                case .failed:
                    hasEnded = true
                    outcome.isComplete = false
                }
            }
        }
        take()
        outcome.beginning = outcome.text
        _ = node.world.run {
            take()
            return hasEnded
        }
        #expect(hasEnded)
        outcome.took = node.world.time - start
        return outcome
    }
    func pass(seconds: Double) { node.world.run(for: UInt64(seconds * 1e9)) }
    func metric(_ name: String, _ result: String) -> Int {
        let series = node.node.metrics.series.first {
            $0.name == name && $0.labels.contains(MetricLabel("result", result))
        }
        if case .counter(let counter)? = series?.metric { return counter.value }
        return -1
    }
    func underWay() -> Double {
        let series = node.node.metrics.series.first { $0.name == "souk_fragment_pages_under_way" }
        if case .gauge(let gauge)? = series?.metric { return gauge.value }
        return -1
    }
    func parsedShells() -> Int {
        let series = node.node.metrics.series.first { $0.name == "souk_fragment_shells_parsed_total" }
        if case .counter(let counter)? = series?.metric { return counter.value }
        return -1
    }
}
