/// What a mailbox counted since its node started.
public struct MailboxCounters: Sendable {
    /// Messages that were taken in.
    public var enqueued = 0
    /// Messages that were handed to the actor.
    public var processed = 0
    /// Messages let go by policy (`drop_oldest`, `drop_newest`).
    public var dropped = 0
    /// Messages refused because the lane was full.
    public var refused = 0
    /// Messages whose deadline had passed before they were started.
    public var expired = 0
    /// Messages refused because the actor was gone.
    public var unavailable = 0
    /// Messages waiting now.
    public var depth = 0
    /// The most that ever waited in one lane.
    public var highWater = 0
    /// What one lane holds at most.
    public var capacity = 0
    /// Waiting times of one message in 64: bucket `n` counts those of at least 2^(n-1) and less than
    /// 2^n nanoseconds.
    public var waits = [Int](repeating: 0, count: 48)

    public init() {}

    public static func += (left: inout Self, right: Self) {
        left.enqueued += right.enqueued
        left.processed += right.processed
        left.dropped += right.dropped
        left.refused += right.refused
        left.expired += right.expired
        left.unavailable += right.unavailable
        left.depth += right.depth
        left.highWater = max(left.highWater, right.highWater)
        left.capacity = max(left.capacity, right.capacity)
        for index in left.waits.indices { left.waits[index] += right.waits[index] }
    }

    /// The waiting time (nanoseconds) that the given share (0 to 1) of the sampled messages did not
    /// exceed, as the upper bound of its bucket; 0 without samples.
    public static func quantile(_ share: Double, of waits: [Int]) -> UInt64 {
        let total = waits.reduce(0, +)
        guard total > 0 else { return 0 }
        var left = Int((Double(total) * share).rounded(.up))
        for (bucket, count) in waits.enumerated() {
            left -= count
            if left <= 0 { return bucket == 0 ? 0 : 1 << UInt64(bucket) }
        }
        return 1 << 47
    }
}
