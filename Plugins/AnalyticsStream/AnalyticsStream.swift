import ModuleKit

/// Counts what visitors do, and says so to whoever asks. Never asked to wait for, never in the way: its
/// mailbox lets new events go when it is full, and before that it looks at fewer visitors.
actor AnalyticsStream: Module {
    nonisolated let context: Context
    private let settings: AnalyticsSettings
    private let beacon: Beacon
    private let metrics: AnalyticsMetrics
    @exclusivity(unchecked) private var aggregate: BehaviourAggregate
    @exclusivity(unchecked) private var names: ProductNames
    @exclusivity(unchecked) private var series = SeriesRows()
    @exclusivity(unchecked) private var currency = "EUR"
    /// From the loop's clock to the wall's, nanoseconds; read anew at each tick.
    @exclusivity(unchecked) private var wallOffset: UInt64
    @exclusivity(unchecked) private var handled = 0
    @exclusivity(unchecked) private var waitsBefore: [Int] = []
    /// Events of one message that are counted at most: more would hold up the loop.
    static let longestBatch = 4096
    private static let tick: UInt64 = 250_000_000

    init(_ context: Context) throws {
        self.context = context
        settings = try AnalyticsSettings(context.settings)
        beacon = Beacon(settings: settings)
        aggregate = BehaviourAggregate(settings.limits)
        names = ProductNames(limit: settings.names)
        metrics = AnalyticsMetrics(context, limits: settings.limits)
        wallOffset = context.loop.wallNow &- context.now
    }

    func start() throws {
        context.serve(BehaviourContract.self, by: self) { actor, request, _, reply in
            actor.receive(request)
            reply(())
        }
        context.serve(SnapshotContract.self, by: self) { actor, _, _, reply in
            reply(actor.snapshot())
        }
        context.serve(HTTPContract.self, by: self) { actor, request, _, reply in
            reply(actor.answer(request))
        }
        context.every(Self.tick, on: self) { $0.keepUp() }
    }

    /// Milliseconds since 1970.
    private var clock: UInt64 { (context.now &+ wallOffset) / 1_000_000 }

    @inline(__always)
    private func receive(_ request: BehaviourRequest) {
        switch request {
        case .event(let event): aggregate.count(event, clock: clock)
        case .events(let events): count(events, isTrusted: true)
        case .catalogue(let names, let currency):
            self.names.replace(names)
            self.currency = String(currency.prefix(8))
        }
        handled &+= 1
        if handled & 511 == 0 { adapt() }
    }

    private func count(_ events: [BehaviourEvent], isTrusted: Bool) {
        aggregate.count(together: events.prefix(Self.longestBatch), clock: clock, isTrusted: isTrusted)
        if events.count > Self.longestBatch { metrics.cutOff(events.count - Self.longestBatch) }
    }

    private func answer(_ request: HTTPRequest) -> HTTPResponse {
        do {
            let events = try beacon.events(of: request, clock: clock)
            count(events, isTrusted: settings.trustsBeaconOrders)
            metrics.beaconTaken()
            return HTTPResponse(
                HTTPContent(status: 204, fields: [(name: "Cache-Control", value: "no-store")]))
        } catch {
            metrics.beaconRefused()
            return error.response
        }
    }

    private func snapshot() -> JSON {
        readWall()
        advance()
        let counters = behaviourCounters()
        return AggregateSnapshot(
            of: aggregate, names: names,
            surroundings: AggregateSnapshot.Surroundings(
                dropped: counters.dropped + counters.refused, currency: currency),
            clock: clock
        ).json(series: &series)
    }

    // MARK: keeping up

    private func keepUp() {
        readWall()
        advance()
        adapt()
        metrics.publish(aggregate, names: names)
    }

    private func readWall() { wallOffset = context.loop.wallNow &- context.now }

    private func advance() {
        guard !aggregate.advance(clock: clock) else { return }
        series = SeriesRows()
        context.log.warning("the clock was set back: windows begin anew")
    }

    private func behaviourCounters() -> MailboxCounters {
        context.cell.countersByContract().first { $0.contract == BehaviourContract.identity }?.counters
            ?? MailboxCounters()
    }

    private func adapt() {
        let counters = behaviourCounters()
        let recent =
            waitsBefore.isEmpty ? counters.waits : zip(counters.waits, waitsBefore).map { max(0, $0 - $1) }
        waitsBefore = counters.waits
        let backlog = Sampling.Backlog(
            depth: counters.depth, capacity: counters.capacity,
            wait: MailboxCounters.quantile(0.99, of: recent))
        guard aggregate.sampling.adapt(to: backlog, now: context.now) else { return }
        context.log.info("looks at one visitor in \(aggregate.sampling.ratio)")
    }
}
