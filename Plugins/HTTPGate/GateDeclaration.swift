import HTTPServer
import ModuleKit

/// The declaration of `http-gate`: its settings, links and operations.
enum GateDeclaration {
    private static let millisecond: UInt64 = 1_000_000
    private static let second: UInt64 = 1_000_000_000
    private static let hour: UInt64 = 3_600 * second

    static let module = ModuleDeclaration(
        "http-gate", "Takes requests over HTTP/1.1 and passes them to the actors that its routes name.",
        settings: own + limits,
        links: [
            LinkDeclaration(
                "*", HTTPContract.identity, .one, isRequired: false, "Actors that routes pass requests to."),
            LinkDeclaration(
                "events", BehaviourContract.identity, .one, isRequired: false, isOptionalForReadiness: true,
                "Is told what visitors look at."),
        ],
        make: { try HTTPGate($0) })

    private static let own: [SettingDeclaration] = [
        SettingDeclaration(
            "listen", .address, default: .string("127.0.0.1:8080"), "Where clients connect; port 0 takes any."
        ),
        SettingDeclaration(
            required: "routes", .list(of: .object(route), count: 1...1_000),
            "Which requests go to which link; the first that fits takes the request."),
        SettingDeclaration(
            "access_log", .object(accessLog), "A line for each request; without it none is written."),
        SettingDeclaration(
            "country_header", .string(maximum: 64),
            "The field with the client's country (two letters), as a proxy in front sets it."),
        SettingDeclaration(
            "product_header", .string(maximum: 64), default: .string("souk-product"),
            "The field of a response that names the product shown, for events of kind product_view."),
        SettingDeclaration(
            "visitor_cookie", .string(maximum: 64), default: .string("souk_visitor"),
            "The cookie that tells visitors apart in events; without it their addresses do."),
    ]

    private static let route: [SettingDeclaration] = [
        SettingDeclaration(
            required: "match", .string(maximum: 1_024),
            "Methods and a path, such as 'GET /products/*', 'GET,POST /cart/**' or '* /'."),
        SettingDeclaration(required: "link", .link, "The link that the request is passed to."),
        SettingDeclaration(
            "criticality", .choice(Criticality.allCases.map { "\($0)" }), default: .string("normal"),
            "How much the request matters when there is too much to do."),
        SettingDeclaration(
            "timeout", .duration(millisecond...hour), default: .duration(5 * second),
            "When the client gets 504 instead of an answer; late by 100ms at most."),
        SettingDeclaration(
            "event", .choice(["none", "page", "product_view"]), default: .string("none"),
            "What the events link is told of successful GET requests."),
    ]

    private static let accessLog: [SettingDeclaration] = [
        SettingDeclaration(
            "path", .path, default: .string("-"),
            "The file that lines are appended to; '-' is standard output."),
        SettingDeclaration(
            "format", .choice(["combined", "json"]), default: .string("combined"), "What a line looks like."),
        SettingDeclaration(
            "sample", .percentage(0...1), default: .percentage(1), "The share of requests that is logged."),
        SettingDeclaration(
            "buffer", .size((4 << 10)...(64 << 20)), default: .size(1 << 20),
            "Bytes that may wait to be written; lines beyond are let go and counted."),
    ]

    private static let limits: [SettingDeclaration] = {
        let preset = HTTPServerLimits()
        return [
            SettingDeclaration(
                "head_size", .size(512...(32 << 10)), default: .size(preset.headSize),
                "Bytes of a request's head; beyond 431."),
            SettingDeclaration(
                "target_size", .size(64...(32 << 10)), default: .size(preset.targetSize),
                "Bytes of a request's target; beyond 414."),
            SettingDeclaration(
                "fields", .integer(8...1_000), default: .integer(preset.fields),
                "Field lines of a head; beyond 431."),
            SettingDeclaration(
                "body_size", .size(0...(256 << 20)), default: .size(preset.bodySize),
                "Bytes of a request's body; beyond 413."),
            SettingDeclaration(
                "body_bytes", .size((64 << 10)...(16 << 30)), default: .size(preset.bodyBytes),
                "Bytes of all bodies being received; beyond 503."),
            SettingDeclaration(
                "head_time", .duration((10 * millisecond)...hour), default: .duration(preset.headTime),
                "Time from a head's first byte to its last; beyond 408."),
            SettingDeclaration(
                "body_time", .duration((10 * millisecond)...(24 * hour)), default: .duration(preset.bodyTime),
                "Time for a whole body; beyond 408."),
            SettingDeclaration(
                "idle_time", .duration((10 * millisecond)...(24 * hour)), default: .duration(preset.idleTime),
                "Time that a connection may be idle; beyond it is closed."),
            SettingDeclaration(
                "write_time", .duration((10 * millisecond)...(24 * hour)),
                default: .duration(preset.writeTime),
                "Time within which a client must take write_progress bytes; beyond the connection is reset."),
            SettingDeclaration(
                "write_progress", .size(1...(64 << 20)), default: .size(preset.writeProgress),
                "Bytes that a client must take within write_time."),
            SettingDeclaration(
                "linger_time", .duration(millisecond...(60 * second)), default: .duration(preset.lingerTime),
                "Time that a client has to notice the end of a connection."),
            SettingDeclaration(
                "requests_per_connection", .integer(1...1_000_000_000),
                default: .integer(preset.requestsPerConnection),
                "Requests of one connection; the last is answered with Connection: close."),
            SettingDeclaration(
                "pipeline_depth", .integer(1...1_024), default: .integer(preset.pipelineDepth),
                "Requests of one connection under way at once; further ones are read later."),
            SettingDeclaration(
                "requests_under_way", .integer(1...500_000), default: .integer(preset.exchanges),
                "Requests of all connections under way at once; beyond 503."),
            SettingDeclaration(
                "connections", .integer(1...500_000), default: .integer(preset.connections),
                "Connections in all; beyond 503."),
            SettingDeclaration(
                "connections_per_address", .integer(1...500_000),
                default: .integer(preset.connectionsPerAddress), "Connections of one address; beyond 503."),
            SettingDeclaration(
                "queued_bytes", .size((4 << 10)...(64 << 20)), default: .size(preset.queuedBytes),
                "Bytes of answers that may wait for one client before no more are written."),
        ]
    }()

    static func limits(of settings: Settings) -> HTTPServerLimits {
        var limits = HTTPServerLimits()
        limits.headSize = settings.size("head_size")
        limits.targetSize = settings.size("target_size")
        limits.fields = settings.integer("fields")
        limits.bodySize = settings.size("body_size")
        limits.bodyBytes = settings.size("body_bytes")
        limits.headTime = settings.duration("head_time")
        limits.bodyTime = settings.duration("body_time")
        limits.idleTime = settings.duration("idle_time")
        limits.writeTime = settings.duration("write_time")
        limits.writeProgress = settings.size("write_progress")
        limits.lingerTime = settings.duration("linger_time")
        limits.requestsPerConnection = settings.integer("requests_per_connection")
        limits.pipelineDepth = settings.integer("pipeline_depth")
        limits.exchanges = settings.integer("requests_under_way")
        limits.connections = settings.integer("connections")
        limits.connectionsPerAddress = settings.integer("connections_per_address")
        limits.queuedBytes = settings.size("queued_bytes")
        return limits
    }
}
