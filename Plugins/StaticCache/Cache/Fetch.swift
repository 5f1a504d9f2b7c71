import ModuleKit

/// One who waits for an answer of the origin.
struct Waiter {
    let request: HTTPRequest
    let delivery: Delivery
    let reply: ReplyBox<HTTPResponse>
    /// How its answer will be marked: a miss, or expired.
    let kind: HTTPCacheStatus.Kind
}

/// A request to the origin whose answer may be stored, with all who wait for it.
final class Fetch {
    let resource: Resource
    /// What was asked, for what in it selects among responses.
    let asked: HTTPRequest
    /// The stored response that the origin is asked to confirm.
    let revalidates: StoredResponse?
    let startedAt: UInt64
    let deadline: UInt64
    let criticality: Criticality
    /// Behind the visitors' backs.
    let isRefresh: Bool
    @exclusivity(unchecked) var waiters: [Waiter] = []
    /// Where it stands among all fetches.
    @exclusivity(unchecked) var position = 0
    /// Purged or changed since it was asked: the answer must not be stored.
    @exclusivity(unchecked) var isOutdated = false
    /// The time limit is over; the answer is still stored if it comes.
    @exclusivity(unchecked) var isLate = false

    init(
        _ resource: Resource, asked: HTTPRequest, revalidates: StoredResponse?, startedAt: UInt64,
        deadline: UInt64, criticality: Criticality, isRefresh: Bool
    ) {
        self.resource = resource
        self.asked = asked
        self.revalidates = revalidates
        self.startedAt = startedAt
        self.deadline = deadline
        self.criticality = criticality
        self.isRefresh = isRefresh
    }
}

/// A request that went to the origin on its own.
struct PassedRequest {
    let reply: ReplyBox<HTTPResponse>
    /// The request, if its success changes what is stored (RFC 9111, section 4.4); nil otherwise.
    let changing: HTTPRequest?
}

/// The questions to the origin under way; a question's tag is its slot, which is free again only when
/// the answer has come, so that no answer is ever taken for another.
struct PendingQuestions {
    enum Question {
        case fetch(Fetch)
        case pass(PassedRequest)
    }
    private var slots: [Question?] = []
    private var free: [UInt32] = []

    var count: Int { slots.count - free.count }

    mutating func add(_ question: Question) -> UInt32 {
        if let slot = free.popLast() {
            slots[Int(slot)] = question
            return slot
        }
        slots.append(question)
        return UInt32(truncatingIfNeeded: slots.count - 1)
    }
    mutating func take(_ tag: UInt32) -> Question? {
        guard Int(tag) < slots.count, let question = slots[Int(tag)] else { return nil }
        slots[Int(tag)] = nil
        free.append(tag)
        return question
    }
}
