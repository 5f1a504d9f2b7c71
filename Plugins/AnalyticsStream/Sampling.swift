import ModuleKit

/// Looks at fewer visitors when more comes than can be handled: only those whose hash falls into one part
/// of `ratio`, so that the ones that are kept are kept whole, from view to order.
struct Sampling {
    /// How far behind the actor is.
    struct Backlog {
        /// Messages that wait, and how many may.
        var depth: Int
        var capacity: Int
        /// 99 % of the latest messages waited no longer, in nanoseconds.
        var wait: UInt64
    }
    /// At most one visitor in so many is kept; a power of two.
    let limit: Int
    /// Waiting so long counts as being behind, in nanoseconds.
    let patience: UInt64
    /// One visitor in so many is looked at: 1, or a power of two.
    private(set) var ratio = 1
    /// Events that were not looked at.
    private(set) var skipped = 0
    private var lastStep: UInt64 = 0
    /// The time that it takes to believe that a step helped, and that it is no longer needed.
    private static let stepUpAfter: UInt64 = 20_000_000
    private static let stepDownAfter: UInt64 = 1_000_000_000

    /// - Parameter limit: rounded down to a power of two.
    init(limit: Int, patience: UInt64) {
        self.limit = 1 << (Int.bitWidth - 1 - max(1, limit).leadingZeroBitCount)
        self.patience = patience
    }

    /// Whether the visitor is looked at; counts the event if not.
    @inline(__always)
    mutating func keeps(_ hash: UInt64) -> Bool {
        if ratio == 1 { return true }
        if hash & UInt64(truncatingIfNeeded: ratio &- 1) == 0 { return true }
        skipped &+= 1
        return false
    }

    /// Looks at half as many when behind, at twice as many when there was no backlog for a second.
    /// Answers whether that changed anything. `now` in nanoseconds.
    @discardableResult
    mutating func adapt(to backlog: Backlog, now: UInt64) -> Bool {
        let isBehind = backlog.depth > backlog.capacity / 2 || backlog.wait > patience
        let isCalm = backlog.depth <= backlog.capacity / 8 && backlog.wait <= patience / 2
        if isBehind {
            guard ratio < limit, now >= lastStep &+ Self.stepUpAfter || ratio == 1 else { return false }
            ratio *= 2
        } else if isCalm, ratio > 1 {
            guard now >= lastStep &+ Self.stepDownAfter else { return false }
            ratio /= 2
        } else {
            return false
        }
        lastStep = now
        return true
    }
}
