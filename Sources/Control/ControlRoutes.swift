import ModuleKit

/// A route of the control port itself; those of modules come from their declarations.
struct ControlRoute {
    let method: String
    let path: String
    let summary: String
    let respond: (isolated ControlPort, HTTPRequest) -> HTTPResponse

    init(
        _ method: String, _ path: String, _ summary: String,
        _ respond: @escaping (isolated ControlPort, HTTPRequest) -> HTTPResponse
    ) {
        self.method = method
        self.path = path
        self.summary = summary
        self.respond = respond
    }

    nonisolated(unsafe) static let all: [ControlRoute] = [
        ControlRoute("GET", "/healthz", "200 as long as the process serves.") { _, _ in
            .json(.object([("status", .string("ok"))]))
        },
        ControlRoute("GET", "/readyz", "200 when every actor is ready.") { port, _ in port.readiness() },
        ControlRoute("GET", "/metrics", "Metrics in Prometheus' text format.") { port, _ in port.metrics() },
        ControlRoute("GET", "/v1/topology", "The topology as it runs.") { port, _ in
            .json(port.node.topologyDescription)
        },
        ControlRoute("GET", "/v1/actors", "State, mailbox, rates, drops and restarts of each actor.") {
            port, _ in
            .json(.object([("actors", port.view.describe(port.node.cells))]))
        },
        ControlRoute("GET", "/v1/dead-letters", "The last messages that were not delivered.") { port, _ in
            port.deadLetters()
        },
        ControlRoute("PUT", "/v1/log", "Changes a log level: {\"actor\":\"gate\",\"level\":\"debug\"}.") {
            port, request in port.setLogLevel(request)
        },
    ]
}

extension HTTPResponse {
    /// A JSON answer that nobody may store.
    static func json(_ value: JSON, status: Int = 200) -> HTTPResponse {
        HTTPResponse(
            status: status, type: "application/json", fields: [("Cache-Control", "no-store")],
            body: HTTPBody(value.encoded()))
    }
}

extension ControlPort {
    func readiness() -> HTTPResponse {
        let waiting = node.cells.filter { $0.state != .ready }
        let isReady = node.isReady
        return .json(
            .object([
                ("ready", .boolean(isReady)),
                (
                    "waiting",
                    .array(
                        waiting.map {
                            .object([("actor", .string($0.identity.name)), ("state", .string($0.state.name))])
                        })
                ),
            ]), status: isReady ? 200 : 503)
    }

    func metrics() -> HTTPResponse {
        var text = PrometheusText()
        text.add(node)
        text.add(node.metrics.series)
        return HTTPResponse(type: PrometheusText.contentType, body: HTTPBody(text.bytes))
    }

    func deadLetters() -> HTTPResponse {
        .json(
            .object([
                ("total", .integer(node.deadLetters.total)),
                (
                    "entries",
                    .array(
                        node.deadLetters.entries.map {
                            .object([
                                ("time_ms", .integer(Int(clamping: $0.time / 1_000_000))),
                                ("actor", .string($0.actor)), ("contract", .string($0.contract)),
                                ("reason", .string($0.reason.description)),
                            ])
                        })
                ),
            ]))
    }

    func setLogLevel(_ request: HTTPRequest) -> HTTPResponse {
        guard let body = request.body, let json = try? JSON(parsing: body.bytes),
            let actor = json["actor"]?.stringValue, let name = json["level"]?.stringValue
        else {
            return HTTPResponse(problem: 422, "expected {\"actor\": name, \"level\": level}")
        }
        guard let level = LogLevel.allCases.first(where: { $0.name == name }) else {
            let names = LogLevel.allCases.map(\.name).joined(separator: ", ")
            return HTTPResponse(problem: 422, "unknown level '\(name)'; levels are \(names)")
        }
        guard node.setLogLevel(level, of: actor) else {
            return HTTPResponse(problem: 404, "no actor is called '\(actor)'")
        }
        return .json(.object([("actor", .string(actor)), ("level", .string(name))]))
    }
}
