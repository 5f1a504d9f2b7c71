import ModuleKit

/// Everything that is known about the visitors' behaviour. Fixed in size, whatever comes; the one place
/// where an event is counted. Knows no clock: times come as parameters, milliseconds since 1970.
///
/// Used from one loop only.
final class BehaviourAggregate {
    let limits: AggregateLimits
    @exclusivity(unchecked) var watermark: Watermark
    @exclusivity(unchecked) var ring: WindowRing
    @exclusivity(unchecked) var sessions: SessionTable
    @exclusivity(unchecked) var viewed: TopProducts
    @exclusivity(unchecked) var sold: TopProducts
    @exclusivity(unchecked) var sampling: Sampling
    /// Distinct visitors since the start.
    @exclusivity(unchecked) var visitors = HyperLogLog()
    /// Since the start.
    @exclusivity(unchecked) var totals = WindowCounts()
    /// Events whose window had been closed.
    @exclusivity(unchecked) private(set) var late = 0
    /// Closed windows summed up, made when they are asked for.
    @exclusivity(unchecked) var closed = ClosedSums()
    /// The second of the window that was written last, and that window.
    @exclusivity(unchecked) private var current: UnsafeMutablePointer<EventWindow>?

    init(_ limits: AggregateLimits) {
        self.limits = limits
        watermark = Watermark(
            lateness: limits.lateness, tolerance: limits.tolerance, idleAfter: limits.idleAfter)
        ring = WindowRing(span: limits.history)
        sessions = SessionTable(
            capacity: limits.sessions, timeout: limits.sessionTimeout, activeFor: limits.activeFor)
        viewed = TopProducts(capacity: limits.products, history: limits.history)
        sold = TopProducts(capacity: limits.products, history: limits.history)
        sampling = Sampling(limit: limits.sampling, patience: limits.patience)
    }

    /// Counts one event.
    ///
    /// Counts by kind, orders, revenue and distinct visitors are always exact (as far as the sketch goes);
    /// what costs more, top products, latencies, sessions and funnel, is only done for the visitors that
    /// sampling keeps, and scaled up.
    /// - Parameters:
    ///   - clock: the present time.
    ///   - isTrusted: false for what browsers say: their orders count as behaviour, not as money.
    ///   - isFurtherLine: another line of the order that the event before began: it brings pieces and
    ///     revenue, but is no order of its own.
    func count(
        _ event: BehaviourEvent, clock: UInt64, isTrusted: Bool = true, isFurtherLine: Bool = false
    ) {
        guard case .onTime(let time) = watermark.admit(event.time, clock: clock) else {
            late &+= 1
            return
        }
        let window = window(at: time)
        let kind = Int(event.kind.rawValue)
        window.pointee.counts.kinds[kind] &+= 1
        totals.kinds[kind] &+= 1
        let hash = StableHash.mix(event.visitor)
        if event.visitor != 0 {
            window.pointee.visitors.insert(hash)
            visitors.insert(hash)
        }
        if event.kind == .order && isTrusted { countOrder(event, isFurtherLine, window) }
        guard sampling.keeps(hash) else { return }
        let ratio = UInt64(truncatingIfNeeded: sampling.ratio)
        if event.latency > 0 { window.pointee.latencies.insert(event.latency) }
        if event.kind == .productView, event.product != 0 { viewed.add(event.product, weight: ratio) }
        guard event.visitor != 0 else { return }
        let step = Self.step(of: event.kind)
        let (reached, weight) = sessions.note(
            visitor: event.visitor, time: time, country: CountryCode.index(event.country), step: step,
            weight: UInt32(truncatingIfNeeded: ratio))
        for step in reached {
            window.pointee.counts.steps[step] &+= UInt64(weight)
            totals.steps[step] &+= UInt64(weight)
        }
    }

    /// Counts events that were told together: order events of one visitor and one time that follow each
    /// other are the lines of one order.
    func count(together events: some Sequence<BehaviourEvent>, clock: UInt64, isTrusted: Bool = true) {
        var before: BehaviourEvent?
        for event in events {
            let isFurtherLine =
                event.kind == .order && before?.kind == .order && before?.visitor == event.visitor
                && before?.time == event.time
            count(event, clock: clock, isTrusted: isTrusted, isFurtherLine: isFurtherLine)
            before = event
        }
    }

    @inline(__always)
    private static func step(of kind: BehaviourKind) -> Int? {
        switch kind {
        case .productView: 0
        case .cart: 1
        case .order: 2
        case .page, .search: nil
        }
    }

    private func countOrder(
        _ event: BehaviourEvent, _ isFurtherLine: Bool, _ window: UnsafeMutablePointer<EventWindow>
    ) {
        let revenue = min(max(event.revenue, -AggregateLimits.revenue), AggregateLimits.revenue)
        let pieces = UInt64(max(0, event.quantity))
        var order = WindowCounts()
        order.orders = isFurtherLine ? 0 : 1
        order.pieces = pieces
        order.revenue = revenue
        window.pointee.counts += order
        totals += order
        if event.product != 0, pieces > 0 { sold.add(event.product, weight: pieces, revenue: revenue) }
    }

    /// The window of a time that was admitted.
    @inline(__always)
    private func window(at time: UInt64) -> UnsafeMutablePointer<EventWindow> {
        let second = Int(truncatingIfNeeded: time / 1000)
        if let current, current.pointee.second == second { return current }
        return turn(to: second)
    }

    /// The slow part: another second than the last event's.
    @inline(never)
    private func turn(to second: Int) -> UnsafeMutablePointer<EventWindow> {
        if second > ring.head {
            if ring.advance(to: second) { settleWindows() }
        } else if second < ring.first {
            ring.extend(back: second)
        }
        let window = ring.window(max(second, ring.seconds.lowerBound))
        current = window
        return window
    }

    /// Moves on with the clock: closes windows, ends sessions, lets old seconds go.
    /// - Parameter clock: the present time.
    /// - Returns: false if the clock was set back so far that everything had to begin anew.
    @discardableResult
    func advance(clock: UInt64) -> Bool {
        if watermark.isStranded(clock) {
            restart(clock)
            return false
        }
        watermark.advance(clock: clock)
        if ring.head >= 0 { ring.advance(to: Int(truncatingIfNeeded: watermark.head / 1000)) }
        settleWindows()
        sessions.expire(watermark.value)
        return true
    }

    private func settleWindows() {
        guard ring.head >= 0 else { return }
        viewed.advance(to: ring.head)
        sold.advance(to: ring.head)
        ring.close(upTo: watermark.value)
        current = nil
    }

    private func restart(_ clock: UInt64) {
        watermark.restart(clock: clock)
        ring.restart()
        viewed.reset()
        sold.reset()
        closed = ClosedSums()
        current = nil
    }
}

/// The bounds of everything that grows. Times in milliseconds.
struct AggregateLimits {
    /// One event's revenue counts at most so much, in the smallest unit of the currency.
    static let revenue: Int64 = 1_000_000_000_000
    var lateness: UInt64 = 2_000
    var tolerance: UInt64 = 1_000
    var idleAfter: UInt64 = 1_000
    /// Seconds that windows are kept.
    var history = 300
    /// Visits under way.
    var sessions = 131_072
    var sessionTimeout: UInt64 = 1_800_000
    var activeFor: UInt64 = 300_000
    /// Counters for top products, in each fifth of the history.
    var products = 512
    /// Entries of the lists in a snapshot.
    var shownProducts = 10
    var shownCountries = 24
    var sampling = 64
    /// Nanoseconds.
    var patience: UInt64 = 100_000_000

    /// Bytes that an aggregate with these bounds takes, about.
    var bytes: Int {
        WindowRing.bytes(span: history) + SessionTable.bytes(capacity: sessions)
            + 2 * TopProducts.paneCount * products * (MemoryLayout<SpaceSaving.Counter>.stride + 24)
            + HyperLogLog.registerCount
    }
}
