import ModuleKit

/// Writes down what an aggregate knows, as the README describes it.
struct AggregateSnapshot {
    /// Seconds that a rate looks back at.
    static let rateSpan = 5
    /// The actor's counts that are not the aggregate's.
    struct Surroundings {
        /// Events that the mailbox let go.
        var dropped = 0
        var currency = "EUR"
    }
    private let aggregate: BehaviourAggregate
    private let names: ProductNames
    private let surroundings: Surroundings
    private let clock: UInt64

    /// - Parameter clock: the present time, milliseconds since 1970. The aggregate was advanced to it.
    init(
        of aggregate: BehaviourAggregate, names: ProductNames, surroundings: Surroundings, clock: UInt64
    ) {
        self.aggregate = aggregate
        self.names = names
        self.surroundings = surroundings
        self.clock = clock
    }

    func json(series: inout SeriesRows) -> JSON {
        aggregate.closed.refresh(aggregate.ring)
        let minuteVisitors = HyperLogLog()
        let historyVisitors = HyperLogLog()
        var latencies = QuantileSketch()
        minuteVisitors.merge(aggregate.closed.minuteVisitors)
        historyVisitors.merge(aggregate.closed.historyVisitors)
        latencies.merge(aggregate.closed.minuteLatencies)
        let seconds = aggregate.ring.seconds
        for second in max(
            aggregate.ring.openFrom, seconds.lowerBound)..<max(
                seconds.upperBound, aggregate.ring.openFrom, seconds.lowerBound)
        {
            let window = aggregate.ring.window(second)
            minuteVisitors.merge(window.pointee.visitors)
            historyVisitors.merge(window.pointee.visitors)
            latencies.merge(window.pointee.latencies)
        }
        let minute = sum(last: ClosedSums.minute)
        let history = sum(last: aggregate.ring.span)
        return .object([
            ("version", .integer(1)),
            ("time", Self.integer(clock)),
            ("watermark", Self.integer(aggregate.watermark.value)),
            ("currency", .string(surroundings.currency)),
            ("now", now(visitors: minuteVisitors.estimate)),
            ("minute", Self.counts(minute, visitors: minuteVisitors.estimate, seconds: ClosedSums.minute)),
            (
                "history",
                Self.counts(history, visitors: historyVisitors.estimate, seconds: aggregate.ring.span)
            ),
            ("total", Self.counts(aggregate.totals, visitors: aggregate.visitors.estimate, seconds: nil)),
            ("latency", Self.latency(latencies)),
            ("funnel", Self.funnel(history.steps)),
            ("sessions", sessions()),
            ("countries", countries()),
            ("top", top()),
            ("sampling", sampling()),
            ("series", series.json(of: aggregate.ring)),
        ])
    }

    private func sum(last span: Int) -> WindowCounts {
        var sum = WindowCounts()
        let seconds = aggregate.ring.seconds
        for second in seconds where second > seconds.upperBound - 1 - span {
            sum += aggregate.ring.window(second).pointee.counts
        }
        return sum
    }

    private func now(visitors: Double) -> JSON {
        let seconds = aggregate.ring.seconds
        let from = max(seconds.lowerBound, seconds.upperBound - Self.rateSpan)
        let end = max(clock, UInt64(max(0, seconds.upperBound - 1)) * 1000)
        let elapsed = max(1, Double(end - min(end, UInt64(max(0, from)) * 1000)) / 1000)
        let sum = sum(last: Self.rateSpan)
        return .object([
            ("events_per_second", Self.number(Double(sum.events) / elapsed)),
            ("orders_per_second", Self.number(Double(sum.orders) / elapsed)),
            ("revenue_per_second", Self.number(Double(sum.revenue) / elapsed)),
            ("visitors", .integer(Int(visitors.rounded()))),
            ("active", Self.integer(aggregate.sessions.active)),
        ])
    }

    private static func counts(_ counts: WindowCounts, visitors: Double, seconds: Int?) -> JSON {
        var members: [(String, JSON)] = seconds.map { [("seconds", .integer($0))] } ?? []
        members += [
            ("events", integer(counts.events)),
            ("pages", integer(counts.kinds[Int(BehaviourKind.page.rawValue)])),
            ("views", integer(counts.kinds[Int(BehaviourKind.productView.rawValue)])),
            ("searches", integer(counts.kinds[Int(BehaviourKind.search.rawValue)])),
            ("carts", integer(counts.kinds[Int(BehaviourKind.cart.rawValue)])),
            ("orders", integer(counts.orders)),
            ("pieces", integer(counts.pieces)),
            ("revenue", .integer(Int(counts.revenue))),
            ("visitors", .integer(Int(visitors.rounded()))),
        ]
        return .object(members)
    }

    private static func latency(_ sketch: borrowing QuantileSketch) -> JSON {
        let values = sketch.quantiles([0.5, 0.95, 0.99])
        return .object([
            ("count", integer(sketch.count)),
            ("p50", .integer(Int(values[0]))), ("p95", .integer(Int(values[1]))),
            ("p99", .integer(Int(values[2]))),
        ])
    }

    private static func funnel(_ steps: SIMD4<UInt64>) -> JSON {
        .object([
            ("view", integer(steps[0])), ("cart", integer(steps[1])), ("order", integer(steps[2])),
        ])
    }

    private func sessions() -> JSON {
        let ended = aggregate.sessions.ended
        return .object([
            ("open", .integer(aggregate.sessions.count)),
            ("capacity", .integer(aggregate.sessions.capacity)),
            ("active", Self.integer(aggregate.sessions.active)),
            ("started", Self.integer(aggregate.sessions.started)),
            ("ended", Self.integer(ended)),
            ("evicted", Self.integer(aggregate.sessions.evicted)),
            (
                "average_seconds",
                Self.number(Double(aggregate.sessions.duration) / 1000 / Double(max(1, ended)))
            ),
        ])
    }

    /// The countries with the most active visitors; what is beyond is summed up without a code.
    private func countries() -> JSON {
        let all = aggregate.sessions.activeByCountry()
        let known = all.filter { $0.country != 0 }
        var entries = known.prefix(aggregate.limits.shownCountries).map { entry in
            JSON.object([
                ("code", .string(CountryCode.text(entry.country) ?? "")),
                ("visitors", Self.integer(entry.visitors)),
            ])
        }
        let rest =
            known.dropFirst(aggregate.limits.shownCountries).reduce(0) { $0 &+ $1.visitors }
            &+ (all.first { $0.country == 0 }?.visitors ?? 0)
        if rest > 0 { entries.append(.object([("code", .null), ("visitors", Self.integer(rest))])) }
        return .array(entries)
    }

    private func top() -> JSON {
        func list(_ entries: [TopProducts.Entry], _ unit: String, withRevenue: Bool) -> JSON {
            .array(
                entries.map { entry in
                    var members: [(String, JSON)] = [
                        // Text, because a browser's numbers are exact only up to 2^53.
                        ("product", .string(String(entry.product))),
                        ("title", .string(names.title(entry.product))),
                        (unit, Self.integer(entry.weight)), ("error", Self.integer(entry.error)),
                    ]
                    if withRevenue { members.append(("revenue", .integer(Int(entry.revenue)))) }
                    return .object(members)
                })
        }
        return .object([
            (
                "viewed",
                list(aggregate.viewed.top(aggregate.limits.shownProducts), "views", withRevenue: false)
            ),
            ("sold", list(aggregate.sold.top(aggregate.limits.shownProducts), "pieces", withRevenue: true)),
        ])
    }

    private func sampling() -> JSON {
        .object([
            ("keeps_one_in", .integer(aggregate.sampling.ratio)),
            ("skipped", .integer(aggregate.sampling.skipped)),
            ("dropped", .integer(surroundings.dropped)),
            ("late", .integer(aggregate.late)),
            ("ahead", .integer(aggregate.watermark.ahead)),
        ])
    }

    static func integer(_ value: UInt64) -> JSON { .integer(Int(clamping: value)) }
    /// With two decimals: more would only make the text longer.
    private static func number(_ value: Double) -> JSON { .number((value * 100).rounded() / 100) }
}

/// The seconds of the history as rows; those of closed windows are made once.
struct SeriesRows {
    static let columns = ["time", "events", "orders", "revenue", "p50", "p95", "p99"]
    private var rows: [JSON] = []
    /// The second of the first row.
    private var first = -1

    init() {}

    mutating func json(of ring: borrowing WindowRing) -> JSON {
        let seconds = ring.seconds
        if first < 0 || first > seconds.lowerBound || first + rows.count > ring.openFrom {
            // Nothing yet, or the ring began anew.
            rows.removeAll()
            first = seconds.lowerBound
        }
        let old = min(rows.count, seconds.lowerBound - first)
        rows.removeFirst(old)
        if rows.isEmpty { first = seconds.lowerBound } else { first += old }
        while first + rows.count < ring.openFrom { rows.append(Self.row(ring, first + rows.count)) }
        let open = (first + rows.count)..<max(seconds.upperBound, first + rows.count)
        return .object([
            ("columns", .array(Self.columns.map(JSON.string))),
            ("rows", .array(rows + open.map { Self.row(ring, $0) })),
        ])
    }

    private static func row(_ ring: borrowing WindowRing, _ second: Int) -> JSON {
        let window = ring.window(second)
        let isClosed = second < ring.openFrom
        let counts = window.pointee.counts
        let percentiles =
            isClosed ? window.pointee.percentiles : window.pointee.latencies.quantiles([0.5, 0.95, 0.99])
        return .array(
            [
                .integer(second), AggregateSnapshot.integer(counts.events),
                AggregateSnapshot.integer(counts.orders), .integer(Int(counts.revenue)),
            ] + percentiles.map { .integer(Int($0)) })
    }
}
