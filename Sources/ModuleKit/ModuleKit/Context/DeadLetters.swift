import Synchronization

/// The last messages of a node that were not delivered: a bounded record for those who look for a
/// reason. Counting is the mailboxes' business; this keeps examples.
public final class DeadLetters: Sendable {
    /// One message that was not delivered.
    public struct Entry: Sendable {
        /// Nanoseconds since 1970.
        public let time: UInt64
        /// The actor that it was for.
        public let actor: String
        /// The contract's name.
        public let contract: String
        /// Why it was not delivered.
        public let reason: AskFailure

        public init(time: UInt64, actor: String, contract: String, reason: AskFailure) {
            self.time = time
            self.actor = actor
            self.contract = contract
            self.reason = reason
        }
    }
    private struct Ring {
        var entries: [Entry] = []
        var next = 0
        var total = 0
    }
    private let ring = Mutex(Ring())
    /// Entries kept at most.
    public let capacity: Int

    public init(capacity: Int = 256) {
        self.capacity = max(1, capacity)
    }

    /// Keeps the entry; the oldest makes room. From any thread.
    public func record(_ entry: Entry) {
        ring.withLock { ring in
            ring.total += 1
            if ring.entries.count < capacity {
                ring.entries.append(entry)
            } else {
                ring.entries[ring.next] = entry
                ring.next = (ring.next + 1) % capacity
            }
        }
    }
    /// From the oldest to the newest. From any thread.
    public var entries: [Entry] {
        ring.withLock { Array($0.entries[$0.next...] + $0.entries[..<$0.next]) }
    }
    /// How many were recorded since the start.
    public var total: Int { ring.withLock { $0.total } }
}
