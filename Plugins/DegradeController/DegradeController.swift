import ModuleKit
import Synchronization

/// Watches the actors behind its link and tells all actors of the node what the shop gives up.
actor DegradeController: Module {
    nonisolated let context: Context
    private let settings: DegradeSettings
    private let watched: [ActorCell]
    private let levelGauge: Gauge
    private let heldGauge: Gauge
    private let waitingGauge: Gauge
    private let errorGauge: Gauge
    private let latencyGauge: Gauge
    private let changes: Counter
    private var policy: DegradePolicy
    private var watches: [LoadWatch]
    /// Histograms of each watched actor, and of the others that the settings name.
    private var histograms: [[Histogram]] = []
    private var histogramsFoundAt: UInt64 = 0
    private var latest = Measures()
    private var publishedAt: UInt64 = 0

    /// An actor that was restarted has not heard of the level: it is told again this often.
    private static let repetition: UInt64 = 1_000_000_000
    /// Metrics appear as actors start: they are looked for again this often.
    private static let search: UInt64 = 5_000_000_000

    init(_ context: Context) throws(ModuleError) {
        self.context = context
        settings = try DegradeSettings(context.settings)
        watched = context.links.targets(DegradeModule.link)
        policy = DegradePolicy(settings, now: context.now)
        let span = Int(min(settings.window / settings.interval, 10_000))
        watches = (0..<(watched.count + settings.latencies.count)).map { [settings] _ in
            LoadWatch(span: span, minimumRequests: settings.minimumRequests)
        }
        levelGauge = context.gauge("souk_degrade_level", "What the shop gives up now; 0 is normal.")
        heldGauge = context.gauge("souk_degrade_held", "Whether an operator holds the level.")
        waitingGauge = context.gauge(
            "souk_degrade_waiting_p99_seconds", "Waiting time of the worst watched actor.")
        errorGauge = context.gauge("souk_degrade_error_ratio", "Error ratio of the worst watched actor.")
        latencyGauge = context.gauge("souk_degrade_latency_p99_seconds", "Latency of the worst histogram.")
        changes = context.counter("souk_degrade_changes_total", "Changes of the level.")
    }

    func start() {
        // A predecessor may have left another level behind.
        publish()
        context.every(settings.interval, on: self) { $0.look() }
    }

    // MARK: measuring

    private func look() {
        let now = context.now
        findHistograms(now)
        var worst = Measures()
        for index in watches.indices {
            worst = worst.worse(watches[index].take(reading(index), now: now))
        }
        latest = worst
        waitingGauge.value = Double(worst.waiting ?? 0) / 1e9
        errorGauge.value = worst.errors ?? 0
        latencyGauge.value = Double(worst.latency ?? 0) / 1e9
        let (before, wasHeld) = (policy.level, policy.isHeld)
        let isChanged = policy.take(worst, now: now)
        if wasHeld && !policy.isHeld { context.log.notice("degrade level is decided by measures again") }
        if isChanged {
            changed(from: before, "measures")
        } else if policy.level > 0 && now &- publishedAt >= Self.repetition {
            publish()
        }
        heldGauge.value = policy.isHeld ? 1 : 0
    }

    /// Watched actors first, then the histograms of actors that are not watched.
    private func reading(_ index: Int) -> LoadReading {
        var reading = LoadReading()
        if index < watched.count {
            let cell = watched[index]
            let counters = cell.counters()
            reading.processed = counters.processed
            reading.depth = counters.depth
            reading.waits = counters.waits
            reading.errors =
                cell.errors.load(ordering: .relaxed) + cell.failures.load(ordering: .relaxed)
        }
        guard index < histograms.count else { return reading }
        for histogram in histograms[index] {
            for (bucket, count) in histogram.counts.enumerated() { reading.latencies[bucket] += count }
        }
        return reading
    }

    private func findHistograms(_ now: UInt64) {
        guard !settings.latencies.isEmpty, histograms.isEmpty || now &- histogramsFoundAt >= Self.search
        else { return }
        histogramsFoundAt = now
        let series = context.host.metrics.series
        func find(_ wanted: LatencySettings) -> [Histogram] {
            series.compactMap { series in
                guard series.name == wanted.metric,
                    series.labels.contains(MetricLabel("actor", wanted.actor)),
                    case .histogram(let histogram) = series.metric
                else { return nil }
                return histogram
            }
        }
        var found = [[Histogram]](repeating: [], count: watches.count)
        for (index, wanted) in settings.latencies.enumerated() {
            let place = watched.firstIndex { $0.identity.name == wanted.actor } ?? watched.count + index
            found[place] += find(wanted)
        }
        histograms = found
    }

    // MARK: telling

    private func changed(from before: Int, _ reason: String) {
        changes.increment()
        publish()
        context.log.warning(
            "degrade level changed",
            [
                LogField("from", before), LogField("to", policy.level), LogField("by", reason),
                LogField("waiting_p99_ms", (latest.waiting ?? 0) / 1_000_000),
                LogField("error_ratio", latest.errors ?? 0),
                LogField("latency_p99_ms", (latest.latency ?? 0) / 1_000_000),
                LogField(
                    "off", settings.state(at: policy.level).featuresOff.map(\.name).joined(separator: ",")),
            ])
    }

    private func publish() {
        publishedAt = context.now
        levelGauge.value = Double(policy.level)
        context.publish(settings.state(at: policy.level))
    }

    // MARK: operations

    func operate(_ request: OperationRequest, reply: consuming Reply<OperationResponse>) {
        guard request.method == "PUT" else { return reply(OperationResponse(json: status)) }
        switch LevelOrder.parse(request.body, levels: settings.levels.count) {
        case .failure(let problem): reply(OperationResponse(status: 422, problem: problem.description))
        case .success(let order):
            carryOut(order)
            reply(OperationResponse(json: status))
        }
    }

    private func carryOut(_ order: LevelOrder) {
        let before = policy.level
        switch order {
        case .automatic:
            policy.release()
            context.log.notice("degrade level is decided by measures again", [LogField("by", "operator")])
        case .hold(let level, let time):
            let end = time.map { context.now &+ $0 }
            if policy.hold(level, until: end, now: context.now) {
                changed(from: before, "operator")
            } else {
                context.log.notice("degrade level is held", [LogField("level", level)])
            }
        }
        heldGauge.value = policy.isHeld ? 1 : 0
    }

    private var status: JSON {
        let state = settings.state(at: policy.level)
        let now = context.now
        let off = state.featuresOff.map { feature in
            JSON.object([
                ("name", .string(feature.name)), ("fallback", feature.fallback.map { .string($0) } ?? .null),
            ])
        }
        let left = policy.heldUntil.map { end in
            JSON.number(end > now ? Double(end - now) / 1e9 : 0)
        }
        return .object([
            ("level", .integer(state.level)), ("levels", .integer(settings.levels.count)),
            ("manual", .boolean(policy.isHeld)), ("manual_seconds_left", left ?? .null),
            ("since_seconds", .number(Double(now &- policy.changedAt) / 1e9)),
            ("off", .array(off)), ("stale_factor", .number(state.staleFactor)),
            (
                "measures",
                .object([
                    ("waiting_p99_ms", latest.waiting.map { .number(Double($0) / 1e6) } ?? .null),
                    ("error_ratio", latest.errors.map { .number($0) } ?? .null),
                    ("latency_p99_ms", latest.latency.map { .number(Double($0) / 1e6) } ?? .null),
                ])
            ),
        ])
    }
}
