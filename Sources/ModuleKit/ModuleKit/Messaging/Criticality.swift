/// How much a message matters: the more critical lanes of a mailbox are emptied first, and the least
/// critical are given up first. Inherited by every message that a message causes.
@frozen public enum Criticality: UInt8, Sendable, CaseIterable, Comparable {
    /// Orders: given up last.
    case critical
    /// Pages.
    case normal
    /// Search: may be refused for a while.
    case sheddable
    /// Recommendations and analytics: first to go.
    case background

    /// From most to least critical.
    @inlinable public static func < (left: Self, right: Self) -> Bool { left.rawValue < right.rawValue }
}

/// What happens to a message that finds its lane full.
@frozen public enum FullPolicy: String, Sendable, CaseIterable {
    /// The sender is told at once; an asker gets `AskFailure.refused`.
    case refuse
    /// The oldest message of the lane makes room; whoever asked it gets `AskFailure.dropped`.
    case dropOldest = "drop_oldest"
    /// The new message is let go; an asker gets `AskFailure.dropped`.
    case dropNewest = "drop_newest"
    /// As `refuse`, and senders that look first (`Link.hasRoom`) wait until there is room.
    case backPressure = "back_pressure"
}

/// What became of a message that was sent.
@frozen public enum SendResult: Sendable {
    case accepted
    /// Refused: the lane is full.
    case full
    /// Let go by policy.
    case dropped
}

/// Why an asker gets no answer.
@frozen public enum AskFailure: UInt8, Error, Sendable, CustomStringConvertible {
    /// The actor let the question go without an answer, or its mailbox did by policy.
    case dropped
    /// The target's mailbox is full.
    case refused
    /// The deadline had passed before the work was started.
    case expired
    /// The asker waited as long as it was willing to; the work may still be done.
    case timedOut
    /// The actor threw while it handled the message.
    case failed
    /// The actor has failed for good, was stopped, or does not exist.
    case unavailable
    /// The asker has too many questions under way.
    case tooManyUnderWay

    public var description: String {
        switch self {
        case .dropped: "the question was let go without an answer"
        case .refused: "the mailbox is full"
        case .expired: "the deadline passed before the work was started"
        case .timedOut: "no answer in time"
        case .failed: "the actor failed while handling the message"
        case .unavailable: "the actor is not available"
        case .tooManyUnderWay: "too many questions are under way"
        }
    }
}

/// The bounds of one mailbox.
public struct MailboxOptions: Sendable {
    /// Messages for each sending loop and criticality; 2 to 1,048,576, rounded up to a power of two.
    public var capacity: Int
    /// By criticality.
    public var policies: [FullPolicy]

    /// The same policy for all classes.
    public init(capacity: Int = 1024, policy: FullPolicy = .refuse) {
        self.capacity = capacity
        policies = Array(repeating: policy, count: Criticality.allCases.count)
    }
    /// The capacity that lanes really have.
    @inlinable public var roundedCapacity: Int {
        let wanted = min(max(capacity, 2), 1 << 20)
        return 1 << (Int.bitWidth - (wanted - 1).leadingZeroBitCount)
    }
}
