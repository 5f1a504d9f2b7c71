import ModuleKit

/// One request that a member has, or may still have, under way.
struct PendingRequest<C: Contract>: ~Copyable {
    /// Whoever asked; nil once that is settled, while the member's answer is still to come.
    var reply: Reply<C.Response>?
    /// Kept only if it may be tried again.
    var request: C.Request?
    var delivery: Delivery
    /// When this try began.
    var startedAt: UInt64
    var member: Int
    /// Members that were tried, this one among them.
    var tried: Tried

    /// Whether somebody still waits for the answer.
    var isAwaited: Bool { if reply == nil { false } else { true } }
}

/// The requests under way, in slots whose numbers are the tags of the questions. Bounded; memory is
/// taken once and used again, so that forwarding allocates nothing.
final class PendingRequests<C: Contract> {
    typealias Slot = PendingRequest<C>?
    private var slots: UnsafeMutablePointer<Slot>
    private var free: [UInt32] = []
    private var capacity: Int
    /// Slots that were ever used: those beyond are not looked at.
    private(set) var used = 0
    private(set) var count = 0
    /// Requests under way at most.
    let limit: Int

    init(limit: Int) {
        self.limit = limit
        capacity = min(64, limit)
        slots = .allocate(capacity: capacity)
    }
    deinit {
        for index in 0..<used { (slots + index).deinitialize(count: 1) }
        slots.deallocate()
    }

    var isFull: Bool { count >= limit }

    /// Answers the slot's number; nil when full, and the request's token is let go then.
    func insert(_ request: consuming PendingRequest<C>) -> Int? {
        guard count < limit else { return nil }
        count &+= 1
        if let slot = free.popLast() {
            slots[Int(slot)] = consume request
            return Int(slot)
        }
        if used == capacity { grow() }
        (slots + used).initialize(to: consume request)
        used &+= 1
        return used &- 1
    }

    /// Takes the request out; nil if the slot is empty.
    func remove(_ slot: Int) -> PendingRequest<C>? {
        guard slot < used, let request = slots[slot].take() else { return nil }
        count &-= 1
        free.append(UInt32(truncatingIfNeeded: slot))
        return request
    }

    /// Looks at, or changes, the request in a slot; nil if it is empty.
    func with<Result>(_ slot: Int, _ body: (inout PendingRequest<C>) -> Result) -> Result? {
        guard slot < used, var request = slots[slot].take() else { return nil }
        let result = body(&request)
        slots[slot] = consume request
        return result
    }

    private func grow() {
        let larger = min(2 * capacity, limit)
        let fresh = UnsafeMutablePointer<Slot>.allocate(capacity: larger)
        fresh.moveInitialize(from: slots, count: used)
        slots.deallocate()
        slots = fresh
        capacity = larger
    }
}
