import ModuleKit

/// What a server counts. Written on its loop, read from any thread.
public struct HTTPServerCounters: Sendable {
    /// Why a connection or a request was turned away by the server itself.
    public enum Refusal: String, Sendable, CaseIterable {
        /// More connections than the server takes.
        case connections
        /// More connections than one address may have.
        case address = "connections_per_address"
        /// The request makes no sense, or could be read in two ways (400, 417).
        case malformed
        /// Head or number of fields (431).
        case headSize = "head_size"
        /// Target (414).
        case targetSize = "target_size"
        /// Body (413).
        case bodySize = "body_size"
        /// Too many bodies, or requests, under way (503).
        case capacity
        /// The head or the body did not come in time (408).
        case slowRequest = "slow_request"
        /// The client did not take its answers in time.
        case slowReader = "slow_reader"
        /// A method, coding or version that the server does not know (501, 505).
        case unsupported

        init(status: Int) {
            switch status {
            case 408: self = .slowRequest
            case 413: self = .bodySize
            case 414: self = .targetSize
            case 431: self = .headSize
            case 501, 505: self = .unsupported
            case 503: self = .capacity
            default: self = .malformed
            }
        }
    }
    /// Connections that were accepted, those refused by a limit among them.
    public let accepted: Counter
    /// Connections that have ended; `accepted` less this is what is open.
    public let closed: Counter
    /// Requests handed to the handler.
    public let requests: Counter
    /// Requests whose client went away before the answer.
    public let abandoned: Counter
    /// Requests answered because their time was up.
    public let timedOut: Counter
    /// Answers that came when nobody waited for them any more.
    public let late: Counter
    /// Bytes read from clients.
    public let bytesIn: Counter
    /// Bytes written to clients, queued ones included.
    public let bytesOut: Counter
    /// By `Refusal.allCases`.
    public let refused: [Counter]
    /// By hundreds of the status, from 1 to 5.
    public let responses: [Counter]

    /// - Parameter make: makes a counter of a name, with a sentence of help and labels; by default one
    ///   that is not registered anywhere.
    public init(
        prefix: String = "http",
        make: (_ name: String, _ help: String, _ labels: [MetricLabel]) -> Counter = { _, _, _ in Counter() }
    ) {
        accepted = make("\(prefix)_connections_accepted_total", "Connections accepted.", [])
        closed = make("\(prefix)_connections_closed_total", "Connections ended.", [])
        requests = make("\(prefix)_requests_total", "Requests read.", [])
        abandoned = make("\(prefix)_abandoned_total", "Requests whose client went away.", [])
        timedOut = make("\(prefix)_timeouts_total", "Requests answered because their time was up.", [])
        late = make("\(prefix)_late_answers_total", "Answers that nobody waited for any more.", [])
        bytesIn = make("\(prefix)_received_bytes_total", "Bytes read from clients.", [])
        bytesOut = make("\(prefix)_sent_bytes_total", "Bytes written to clients.", [])
        refused = Refusal.allCases.map {
            make(
                "\(prefix)_refused_total", "Connections and requests turned away by a limit or a rule.",
                [MetricLabel("reason", $0.rawValue)])
        }
        responses = (1...5).map {
            make("\(prefix)_responses_total", "Responses by class.", [MetricLabel("class", "\($0)xx")])
        }
    }

    /// How often something was turned away for this reason.
    public func refused(_ reason: Refusal) -> Counter {
        refused[Refusal.allCases.firstIndex(of: reason) ?? 0]
    }
    /// Connections that are open.
    public var active: Int { accepted.value - closed.value }
}
