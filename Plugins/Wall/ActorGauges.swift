import ModuleKit

/// Reads what the actors' mailboxes and the caches count, and says what happened since the last time.
struct ActorGauges {
    private struct Before {
        var waits: [Int]
        var processed: Int
    }
    private let cells: [ActorCell]
    private var before: [Before] = []
    private var lastTime: UInt64 = 0
    /// Counters of the caches, found again when series were added.
    private var cacheHits: [Counter] = []
    private var cacheMisses: [Counter] = []
    private var knownSeries = -1
    /// Hits and misses of the last reads, for a ratio that follows the last minute or so.
    private var cacheHistory: [(hits: Int, misses: Int)] = []
    private static let cacheReads = 60
    /// What the caches' plugin calls its counters: answers by how they came about. Those that the cache
    /// did not take part in (`pass`) are neither hit nor miss.
    static let answersName = "souk_cache_answers_total"
    static let hitResults = ["hit", "stale"]
    static let missResults = ["miss", "expired", "collapsed", "revalidated"]

    init(_ cells: [ActorCell]) {
        self.cells = cells
    }

    /// One object for each actor, in the order of the topology. Rates are of the time since the last
    /// read. `now` in nanoseconds.
    mutating func actors(now: UInt64) -> JSON {
        let seconds = Double(now &- min(now, lastTime)) / 1e9
        let isFirst = before.isEmpty
        lastTime = now
        var current: [Before] = []
        var entries: [JSON] = []
        for (index, cell) in cells.enumerated() {
            let counters = cell.counters()
            let last = isFirst ? Before(waits: counters.waits, processed: counters.processed) : before[index]
            current.append(Before(waits: counters.waits, processed: counters.processed))
            let recent = zip(counters.waits, last.waits).map { max(0, $0 - $1) }
            let rate = isFirst || seconds <= 0 ? 0 : Double(counters.processed - last.processed) / seconds
            entries.append(
                .object([
                    ("name", .string(cell.identity.name)),
                    ("module", .string(cell.identity.module)),
                    ("state", .string(cell.state.name)),
                    ("loop", .integer(cell.loop.index)),
                    ("depth", .integer(counters.depth)),
                    ("capacity", .integer(max(counters.capacity, cell.mailboxOptions.roundedCapacity))),
                    ("rate", .integer(Int(max(0, rate).rounded()))),
                    ("wait_p99", .integer(Int(clamping: MailboxCounters.quantile(0.99, of: recent) / 1000))),
                    ("dropped", .integer(counters.dropped)),
                    ("refused", .integer(counters.refused)),
                    ("expired", .integer(counters.expired)),
                    ("restarts", .integer(cell.restarts.load(ordering: .relaxed))),
                ]))
        }
        before = current
        return .array(entries)
    }

    /// Hits, misses and their ratio since the start and over the last reads; `null` without caches.
    mutating func cache(_ metrics: MetricRegistry) -> JSON {
        find(in: metrics)
        guard !cacheHits.isEmpty || !cacheMisses.isEmpty else { return .null }
        let hits = cacheHits.reduce(0) { $0 &+ $1.value }
        let misses = cacheMisses.reduce(0) { $0 &+ $1.value }
        cacheHistory.append((hits, misses))
        if cacheHistory.count > Self.cacheReads { cacheHistory.removeFirst() }
        let first = cacheHistory[0]
        return .object([
            ("hits", .integer(hits)), ("misses", .integer(misses)),
            ("ratio", Self.ratio(hits, misses)),
            ("recent", Self.ratio(hits - first.hits, misses - first.misses)),
        ])
    }

    private static func ratio(_ hits: Int, _ misses: Int) -> JSON {
        hits + misses <= 0
            ? .null : .number((Double(hits) / Double(hits + misses) * 10_000).rounded() / 10_000)
    }

    private mutating func find(in metrics: MetricRegistry) {
        let series = metrics.series
        guard series.count != knownSeries else { return }
        knownSeries = series.count
        func counters(_ results: [String]) -> [Counter] {
            series.compactMap { entry in
                guard entry.name == Self.answersName, case .counter(let counter) = entry.metric,
                    entry.labels.contains(where: { $0.name == "result" && results.contains($0.value) })
                else { return nil }
                return counter
            }
        }
        cacheHits = counters(Self.hitResults)
        cacheMisses = counters(Self.missResults)
    }
}
