import Synchronization

/// A label of a metric.
public struct MetricLabel: Sendable, Hashable {
    /// As Prometheus wants it: letters, digits and underscores.
    public let name: String
    /// Any text.
    public let value: String
    public init(_ name: String, _ value: String) {
        self.name = name
        self.value = value
    }
}

/// Something that only grows. Written by one thread (its actor's loop), read by any: an increment is a
/// plain load and store.
public final class Counter: Sendable {
    private let storage = Atomic<Int>(0)

    public init() {}
    /// By the one writer only.
    public func increment(by amount: Int = 1) {
        storage.store(storage.load(ordering: .relaxed) &+ amount, ordering: .relaxed)
    }
    /// From any thread.
    public var value: Int { storage.load(ordering: .relaxed) }
}

/// Something that goes up and down. From any thread.
public final class Gauge: Sendable {
    private let storage = Atomic<UInt64>(0)

    public init() {}
    /// From any thread.
    public var value: Double {
        get { Double(bitPattern: storage.load(ordering: .relaxed)) }
        set { storage.store(newValue.bitPattern, ordering: .relaxed) }
    }
}

/// A histogram of durations in nanoseconds: four buckets for each doubling from 1 µs on, so each
/// bucket's bound is within 25 % of what it counts. Written by one thread, read by any.
public final class Histogram: @unchecked Sendable {
    /// Buckets for each doubling, doublings, and the first bound in nanoseconds.
    static let steps = 4
    static let doublings = 26
    static let first: UInt64 = 1024
    /// Buckets of each histogram.
    public static let bucketCount = steps * doublings + 2

    private let buckets: UnsafeMutablePointer<Atomic<Int>>
    private let sumStorage = Atomic<UInt64>(0)

    /// An empty histogram; about 850 bytes.
    public init() {
        buckets = .allocate(capacity: Self.bucketCount)
        for index in 0..<Self.bucketCount { (buckets + index).initialize(to: Atomic(0)) }
    }
    deinit {
        buckets.deinitialize(count: Self.bucketCount)
        buckets.deallocate()
    }

    /// Counts one duration. By the one writer only.
    public func record(_ nanoseconds: UInt64) {
        let index = Self.bucket(of: nanoseconds)
        buckets[index].store(buckets[index].load(ordering: .relaxed) &+ 1, ordering: .relaxed)
        sumStorage.store(sumStorage.load(ordering: .relaxed) &+ nanoseconds, ordering: .relaxed)
    }

    static func bucket(of nanoseconds: UInt64) -> Int {
        guard nanoseconds >= first else { return 0 }
        let doubling = 63 - nanoseconds.leadingZeroBitCount - 10
        guard doubling < doublings else { return bucketCount - 1 }
        let step = Int((nanoseconds >> UInt64(doubling + 8)) & 3)
        return 1 + doubling * steps + step
    }

    /// The upper bound of a bucket in nanoseconds, exclusive; `.max` for the last.
    public static func bound(of bucket: Int) -> UInt64 {
        guard bucket > 0 else { return first }
        guard bucket < bucketCount - 1 else { return .max }
        let (doubling, step) = ((bucket - 1) / steps, (bucket - 1) % steps)
        return (UInt64(step) + 5) << UInt64(doubling + 8)
    }

    /// How many fell into each bucket. From any thread.
    public var counts: [Int] { (0..<Self.bucketCount).map { buckets[$0].load(ordering: .relaxed) } }
    /// Of all durations, nanoseconds. From any thread.
    public var sum: UInt64 { sumStorage.load(ordering: .relaxed) }

    /// The duration that the given share (0 to 1) did not exceed, as its bucket's bound; 0 if empty.
    public static func quantile(_ share: Double, of counts: [Int]) -> UInt64 {
        let total = counts.reduce(0, +)
        guard total > 0 else { return 0 }
        var left = Int((Double(total) * share).rounded(.up))
        for (bucket, count) in counts.enumerated() {
            left -= count
            if left <= 0 { return bound(of: bucket) }
        }
        return bound(of: bucketCount - 1)
    }
}

/// The metrics of one node, in the order in which they were made.
public final class MetricRegistry: Sendable {
    /// What kind of numbers a series has.
    public enum Metric: Sendable {
        case counter(Counter)
        case gauge(Gauge)
        case histogram(Histogram)

        /// As Prometheus calls it.
        public var type: String {
            switch self {
            case .counter: "counter"
            case .gauge: "gauge"
            case .histogram: "histogram"
            }
        }
    }
    /// One time series, or one histogram.
    public struct Series: Sendable {
        /// As Prometheus wants it.
        public let name: String
        /// One sentence.
        public let help: String
        /// What distinguishes it from other series of the name.
        public let labels: [MetricLabel]
        /// The numbers themselves.
        public let metric: Metric
    }
    private let storage = Mutex<[Series]>([])
    /// Series at most: a module that makes one for each visitor would fill the memory.
    public let limit: Int

    public init(limit: Int = 100_000) {
        self.limit = limit
    }
    /// All series, in the order in which they were made.
    public var series: [Series] { storage.withLock { $0 } }

    /// The counter of that name and labels; made if there is none. Beyond the limit it is not shown.
    public func counter(_ name: String, _ help: String, _ labels: [MetricLabel]) -> Counter {
        if case .counter(let counter)? = find(name, labels) { return counter }
        let fresh = Counter()
        add(Series(name: name, help: help, labels: labels, metric: .counter(fresh)))
        return fresh
    }
    /// The gauge of that name and labels; made if there is none. Beyond the limit it is not shown.
    public func gauge(_ name: String, _ help: String, _ labels: [MetricLabel]) -> Gauge {
        if case .gauge(let gauge)? = find(name, labels) { return gauge }
        let fresh = Gauge()
        add(Series(name: name, help: help, labels: labels, metric: .gauge(fresh)))
        return fresh
    }
    /// The histogram of that name and labels; made if there is none. Beyond the limit it is not shown.
    public func histogram(_ name: String, _ help: String, _ labels: [MetricLabel]) -> Histogram {
        if case .histogram(let histogram)? = find(name, labels) { return histogram }
        let fresh = Histogram()
        add(Series(name: name, help: help, labels: labels, metric: .histogram(fresh)))
        return fresh
    }

    private func find(_ name: String, _ labels: [MetricLabel]) -> Metric? {
        storage.withLock { $0.first { $0.name == name && $0.labels == labels }?.metric }
    }
    private func add(_ series: Series) {
        storage.withLock { if $0.count < limit { $0.append(series) } }
    }
}
