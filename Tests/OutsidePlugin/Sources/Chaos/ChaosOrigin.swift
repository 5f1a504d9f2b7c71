import ModuleKit

/// An origin that answers as the request's query says, counts what it is asked, and can be made to
/// fail or to be slow while it runs.
///
/// Parameters of the query: `delay` (milliseconds), `status`, `cache` (Cache-Control), `tag`
/// (Surrogate-Key), `vary`, `etag`, `type`, `size` (bytes of body), `parts` (number of fragments that the
/// page includes) with `part_delay` and `part_status`.
actor ChaosOrigin: Module {
    static let declaration = ModuleDeclaration(
        "chaos-origin", "An origin for tests: answers as it is told to.",
        settings: [
            SettingDeclaration(
                "delay", .duration(0...60_000_000_000), default: .duration(0), "Time before each answer."),
            SettingDeclaration(
                "fail_every", .integer(0...1_000_000), default: .integer(0),
                "Each so many requests the actor throws; 0 for never."),
        ],
        serves: .contracts([HTTPContract.identity]),
        operations: [
            OperationDeclaration("GET", "/v1/chaos", "How often each path was asked for."),
            OperationDeclaration(
                "PUT", "/v1/chaos",
                "Sets ?delay= (milliseconds), ?status= (0: as asked), ?fail_every=; ?reset=1 forgets counts."),
        ],
        make: { ChaosOrigin($0) })

    /// Paths counted at most.
    private static let pathLimit = 10_000

    nonisolated let context: Context
    private let requests: Counter
    private var delay: UInt64
    private var failEvery: Int
    /// Answered instead of what the query says; 0 for not.
    private var status = 0
    private var total = 0
    private var counts: [String: Int] = [:]

    init(_ context: Context) {
        self.context = context
        requests = context.counter("chaos_requests_total", "Requests that reached the origin.")
        delay = context.settings.duration("delay")
        failEvery = context.settings.integer("fail_every")
    }

    func start() {
        context.serve(HTTPContract.self, by: self) { origin, request, _, reply in
            try origin.answer(request, reply)
        }
    }

    // MARK: requests

    private func answer(_ request: HTTPRequest, _ reply: consuming Reply<HTTPResponse>) throws {
        requests.increment()
        total += 1
        let path = request.pathText
        let count = counts[path, default: 0] + 1
        if count > 1 || counts.count < Self.pathLimit { counts[path] = count }
        if failEvery > 0, total % failEvery == 0 { throw Sabotage() }
        let query = Query(request.queryPairs)
        let response = response(to: request, query, count: count)
        if response.content.status >= 500 { context.countError() }
        let wait = delay &+ UInt64(query.number("delay", in: 0...60_000)) &* 1_000_000
        guard wait > 0 else { return reply(response) }
        let box = ReplyBox(reply)
        context.after(wait, on: self) { _ in box(response) }
    }

    private func response(to request: HTTPRequest, _ query: Query, count: Int) -> HTTPResponse {
        let asked = query.number("status", in: 0...599)
        let status = status > 0 ? status : asked >= 200 ? asked : 200
        var fields: [(name: String, value: String)] = []
        for (parameter, name) in [
            ("cache", "Cache-Control"), ("tag", "Surrogate-Key"), ("vary", "Vary"), ("etag", "ETag"),
        ] {
            if let value = query[parameter] { fields.append((name, value)) }
        }
        if query.number("parts", in: 0...100) > 0 {
            fields.append(("Surrogate-Control", "content=\"ESI/1.0\""))
        }
        let body = Self.body(of: request, query, count: count)
        return HTTPResponse(
            status: status, type: query["type"] ?? "text/html; charset=utf-8", fields: fields,
            body: HTTPBody(body))
    }

    private static func body(of request: HTTPRequest, _ query: Query, count: Int) -> [UInt8] {
        let parts = query.number("parts", in: 0...100)
        let size = query.number("size", in: 0...(256 << 20))
        if size > 0 { return [UInt8](repeating: UInt8(ascii: "x"), count: size) }
        var text = "<p>\(HTTPText.htmlEscaped(request.pathText)) \(count)</p>\n"
        for part in 0..<parts {
            text +=
                "<esi:include src=\"/chaos/part/\(part)?delay=\(query.number("part_delay", in: 0...60_000))"
            text += "&amp;status=\(query.number("part_status", in: 0...599))\"/>\n"
        }
        return Array((text + "<p>end</p>\n").utf8)
    }

    // MARK: operations

    func operate(_ request: OperationRequest, reply: consuming Reply<OperationResponse>) {
        if request.method == "PUT" { set(Query(request.query)) }
        let paths = counts.sorted { $0.key < $1.key }.map { ($0.key, JSON.integer($0.value)) }
        reply(
            OperationResponse(
                json: .object([("requests", .integer(total)), ("paths", .object(paths))])))
    }

    private func set(_ query: Query) {
        if query["delay"] != nil { delay = UInt64(query.number("delay", in: 0...60_000)) &* 1_000_000 }
        if query["status"] != nil { status = query.number("status", in: 0...599) }
        if query["fail_every"] != nil { failEvery = query.number("fail_every", in: 0...1_000_000) }
        if query["reset"] != nil {
            total = 0
            counts = [:]
        }
    }
}

/// Parameters of a query; numbers out of range count as 0.
struct Query {
    private let pairs: [(name: String, value: String)]

    init(_ pairs: [(name: String, value: String)]) {
        self.pairs = pairs
    }
    subscript(_ name: String) -> String? { pairs.first { $0.name == name }?.value }

    func number(_ name: String, in range: ClosedRange<Int>) -> Int {
        guard let text = self[name], let value = Int(text), range.contains(value) else { return 0 }
        return value
    }
}
