import Synchronization

/// A ring with one producer thread and one consumer thread (the mailbox's loop). The two indices count
/// from 0 and never wrap, so they are also the counters `enqueued` and `taken`.
@frozen @usableFromInline
struct Lane<Element: ~Copyable>: ~Copyable {
    @usableFromInline var slots: UnsafeMutablePointer<Element>
    @usableFromInline var mask: Int
    /// The bound that senders feel; the ring is twice as large where a consumer drops the oldest.
    @usableFromInline let limit: Int
    @usableFromInline let policy: FullPolicy
    // The consumer's cache line.
    @usableFromInline let head = Atomic<Int>(0)
    @usableFromInline let highWater = Atomic<Int>(0)
    @usableFromInline let padding = (0, 0, 0, 0, 0, 0)
    // The producer's cache line.
    @usableFromInline let tail = Atomic<Int>(0)
    @usableFromInline var headSeen = 0
    @usableFromInline var isUnannounced = false
    @usableFromInline let dropped = Atomic<Int>(0)
    @usableFromInline let refused = Atomic<Int>(0)
    /// One message in 64 is stamped; a lane has at most one stamp under way.
    @usableFromInline let stampIndex = Atomic<Int>(-1)
    @usableFromInline let stampTime = Atomic<UInt64>(0)
    @usableFromInline let stampIsFree = Atomic<Bool>(true)

    @usableFromInline init(slots capacity: Int, limit: Int, policy: FullPolicy) {
        slots = .allocate(capacity: capacity)
        mask = capacity - 1
        self.limit = limit
        self.policy = policy
    }

    /// Messages inside; exact for the producer and the consumer.
    @inlinable var depth: Int { tail.load(ordering: .relaxed) &- head.load(ordering: .relaxed) }
}

/// A ring is destroyed only through this: it empties it first.
extension Lane where Element: ~Copyable {
    @inlinable mutating func destroy() {
        var index = head.load(ordering: .relaxed)
        let end = tail.load(ordering: .acquiring)
        while index < end {
            (slots + (index & mask)).deinitialize(count: 1)
            index &+= 1
        }
        head.store(end, ordering: .relaxed)
        slots.deallocate()
    }
}
