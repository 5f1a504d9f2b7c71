import ModuleKit

/// What the module shows of itself, brought up to date at each tick.
final class AnalyticsMetrics {
    private let events: [Counter]
    private let late: Counter
    private let ahead: Counter
    private let skipped: Counter
    private let evicted: Counter
    private let cut: Counter
    private let taken: Counter
    private let refused: Counter
    private let sampling: Gauge
    private let sessions: Gauge
    private let names: Gauge
    private let watermark: Gauge

    init(_ context: Context, limits: AggregateLimits) {
        events = BehaviourKind.allCases.map {
            context.counter(
                "souk_analytics_events_total", "Events that were counted", [MetricLabel("kind", $0.name)])
        }
        late = context.counter(
            "souk_analytics_late_events_total", "Events that came after their window was closed")
        ahead = context.counter(
            "souk_analytics_ahead_events_total", "Events from clocks that are ahead, counted as now")
        skipped = context.counter(
            "souk_analytics_skipped_events_total", "Events of visitors that sampling did not look at")
        evicted = context.counter(
            "souk_analytics_evicted_sessions_total", "Sessions put out because the table was full")
        cut = context.counter(
            "souk_analytics_cut_events_total", "Events beyond the longest batch of one message")
        taken = context.counter(
            "souk_analytics_beacons_total", "Beacons", [MetricLabel("result", "taken")])
        refused = context.counter(
            "souk_analytics_beacons_total", "Beacons", [MetricLabel("result", "refused")])
        sampling = context.gauge("souk_analytics_sampling_ratio", "One visitor in so many is looked at")
        sessions = context.gauge("souk_analytics_sessions", "Sessions under way")
        names = context.gauge("souk_analytics_names", "Products whose name is known")
        watermark = context.gauge(
            "souk_analytics_watermark_seconds", "Event time up to which windows are closed, since 1970")
        context.gauge("souk_analytics_sessions_limit", "Sessions under way at most").value =
            Double(limits.sessions)
        context.gauge("souk_analytics_products_limit", "Counters for top products in each pane").value =
            Double(limits.products)
        context.gauge("souk_analytics_history_seconds", "Seconds that are kept").value = Double(
            limits.history)
        context.gauge("souk_analytics_memory_bytes", "What the bounded structures take at most").value =
            Double(limits.bytes)
    }

    func beaconTaken() { taken.increment() }
    func beaconRefused() { refused.increment() }
    func cutOff(_ count: Int) { cut.increment(by: count) }

    /// What this incarnation published: the counters themselves outlive it.
    private var published: [Int] = []

    func publish(_ aggregate: BehaviourAggregate, names known: ProductNames) {
        let counters = events + [late, ahead, skipped, evicted]
        let values =
            BehaviourKind.allCases.map { Int(clamping: aggregate.totals.kinds[Int($0.rawValue)]) }
            + [
                aggregate.late, aggregate.watermark.ahead, aggregate.sampling.skipped,
                Int(clamping: aggregate.sessions.evicted),
            ]
        if published.isEmpty { published = values.map { _ in 0 } }
        for (index, counter) in counters.enumerated() {
            counter.increment(by: values[index] - published[index])
        }
        published = values
        sampling.value = Double(aggregate.sampling.ratio)
        sessions.value = Double(aggregate.sessions.count)
        names.value = Double(known.count)
        watermark.value = Double(aggregate.watermark.value) / 1000
    }
}
