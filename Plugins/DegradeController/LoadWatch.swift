import ModuleKit

/// Counters that only grow, as read at one moment.
struct LoadReading: Equatable {
    /// Messages that were handled.
    var processed = 0
    /// Errors that were answered or thrown.
    var errors = 0
    /// Messages that wait now.
    var depth = 0
    /// Histogram of sampled waiting times, as in `MailboxCounters.waits`.
    var waits: [Int]
    /// Histogram of latencies, as in `Histogram.counts`.
    var latencies: [Int]

    init(
        processed: Int = 0, errors: Int = 0, depth: Int = 0,
        waits: [Int] = [Int](repeating: 0, count: 48),
        latencies: [Int] = [Int](repeating: 0, count: Histogram.bucketCount)
    ) {
        self.processed = processed
        self.errors = errors
        self.depth = depth
        self.waits = waits
        self.latencies = latencies
    }
}

/// What happened to one actor within a window that slides: its last readings, compared.
struct LoadWatch {
    /// Readings that the window covers, the present one not counted.
    private let span: Int
    private let minimumRequests: Int
    private var readings: [LoadReading] = []
    private var next = 0
    private var last: LoadReading?
    /// Since when messages wait and none is handled.
    private var stalledSince: UInt64?

    init(span: Int, minimumRequests: Int) {
        self.span = max(1, span)
        self.minimumRequests = minimumRequests
    }

    /// Takes the present reading; answers the measures of the window that ends with it.
    mutating func take(_ reading: LoadReading, now: UInt64) -> Measures {
        let isStalled = reading.depth > 0 && last?.depth ?? 0 > 0 && reading.processed == last?.processed
        stalledSince = isStalled ? stalledSince ?? now : nil
        last = reading
        guard readings.count >= span else {
            defer { readings.append(reading) }
            return measures(from: readings.first ?? reading, to: reading, now)
        }
        let oldest = readings[next]
        readings[next] = reading
        next = (next + 1) % span
        return measures(from: oldest, to: reading, now)
    }

    private func measures(from old: LoadReading, to new: LoadReading, _ now: UInt64) -> Measures {
        var measures = Measures()
        let waits = Self.growth(old.waits, new.waits)
        if waits.contains(where: { $0 > 0 }) { measures.waiting = MailboxCounters.quantile(0.99, of: waits) }
        // Waiting is sampled when it ends: where nothing is handled, it would not be seen.
        if let since = stalledSince { measures.waiting = max(measures.waiting ?? 0, now &- since) }
        let latencies = Self.growth(old.latencies, new.latencies)
        let answered = latencies.reduce(0, +)
        if answered >= minimumRequests { measures.latency = Histogram.quantile(0.99, of: latencies) }
        // An actor that is asked by other ways than messages is counted by its histogram.
        let total = max(new.processed - old.processed, answered)
        if total >= minimumRequests {
            measures.errors = min(1, Double(max(0, new.errors - old.errors)) / Double(total))
        }
        return measures
    }

    private static func growth(_ old: [Int], _ new: [Int]) -> [Int] {
        zip(old, new).map { max(0, $1 - $0) }
    }
}

extension Measures {
    /// The worse of two, measure by measure.
    func worse(_ other: Measures) -> Measures {
        Measures(
            waiting: Self.larger(waiting, other.waiting), errors: Self.larger(errors, other.errors),
            latency: Self.larger(latency, other.latency))
    }
    private static func larger<Value: Comparable>(_ a: Value?, _ b: Value?) -> Value? {
        guard let a, let b else { return a ?? b }
        return max(a, b)
    }
}
