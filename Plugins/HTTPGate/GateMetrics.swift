import HTTPServer
import ModuleKit

/// What the gate counts.
struct GateMetrics {
    let server: HTTPServerCounters
    /// One request in 16, and the first in each millisecond.
    let latency: Histogram
    /// By the raw value of `AskFailure`.
    let failures: [Counter]
    let connections: Gauge
    let underWay: Gauge
    let droppedEvents: Counter
    let droppedLogLines: Counter

    init(_ context: Context) {
        server = HTTPServerCounters(prefix: "souk_http", make: context.counter)
        latency = context.histogram(
            "souk_http_request_duration_seconds", "From a request's last byte to its answer; sampled.")
        let reasons: [AskFailure] = [
            .dropped, .refused, .expired, .timedOut, .failed, .unavailable, .tooManyUnderWay,
        ]
        failures = reasons.sorted { $0.rawValue < $1.rawValue }.map {
            context.counter(
                "souk_http_failures_total", "Requests that the asked actor did not answer.",
                [MetricLabel("reason", Self.name(of: $0))])
        }
        connections = context.gauge("souk_http_connections", "Connections that are open.")
        underWay = context.gauge("souk_http_requests_under_way", "Requests that wait for their answers.")
        droppedEvents = context.counter(
            "souk_http_events_dropped_total", "Events that analytics had no room for.")
        droppedLogLines = context.counter(
            "souk_http_log_lines_dropped_total", "Lines of the access log that could not be written.")
    }

    private static func name(of reason: AskFailure) -> String {
        switch reason {
        case .dropped: "dropped"
        case .refused: "refused"
        case .expired: "expired"
        case .timedOut: "timed_out"
        case .failed: "failed"
        case .unavailable: "unavailable"
        case .tooManyUnderWay: "too_many_under_way"
        }
    }
}
