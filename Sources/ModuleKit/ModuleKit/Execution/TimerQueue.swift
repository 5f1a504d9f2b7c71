/// A timer that was set on a loop; stale once it has fired.
public struct TimerToken: Sendable, Equatable {
    let slot: Int32
    let generation: UInt32
    /// A token of no timer; cancelling it does nothing.
    public static let none = TimerToken(slot: -1, generation: 0)
}

/// The timers of one loop: a 4-ary heap over slots that are used again, so that setting and
/// cancelling cost O(log n) and no allocation beyond the closure. Timers due at the same time fire in
/// the order in which they were set.
struct TimerQueue {
    private struct Slot {
        var body: (() -> Void)?
        var generation: UInt32 = 0
        /// Where in the heap, or the next free slot.
        var position: Int32 = -1
    }
    private struct Node {
        var at: UInt64
        var number: UInt64
        var slot: Int32
    }
    private var heap: [Node] = []
    private var slots: [Slot] = []
    private var free: Int32 = -1
    private var number: UInt64 = 0
    /// Of the timer that was set last.
    var lastNumber: UInt64 { number }

    var count: Int { heap.count }
    /// When the earliest timer is due; nil without timers.
    var earliest: UInt64? { heap.first?.at }

    mutating func insert(at time: UInt64, _ body: @escaping () -> Void) -> TimerToken {
        let slot: Int32
        if free >= 0 {
            slot = free
            free = slots[Int(slot)].position
        } else {
            slot = Int32(truncatingIfNeeded: slots.count)
            slots.append(Slot())
        }
        slots[Int(slot)].body = body
        number &+= 1
        heap.append(Node(at: time, number: number, slot: slot))
        rise(heap.count - 1)
        return TimerToken(slot: slot, generation: slots[Int(slot)].generation)
    }

    /// Answers whether the timer was still to fire.
    @discardableResult
    mutating func remove(_ token: TimerToken) -> Bool {
        guard token.slot >= 0, Int(token.slot) < slots.count,
            slots[Int(token.slot)].generation == token.generation, slots[Int(token.slot)].body != nil
        else { return false }
        removeNode(Int(slots[Int(token.slot)].position))
        return true
    }

    /// Takes the body of the earliest timer if it is due, and was not set after the one of that number.
    mutating func take(dueAt now: UInt64, setUpTo last: UInt64 = .max) -> (() -> Void)? {
        guard let first = heap.first, first.at <= now, first.number <= last else { return nil }
        let body = slots[Int(first.slot)].body
        removeNode(0)
        return body
    }

    mutating func removeAll() {
        while !heap.isEmpty { removeNode(heap.count - 1) }
    }

    private mutating func removeNode(_ index: Int) {
        let slot = Int(heap[index].slot)
        slots[slot].body = nil
        slots[slot].generation &+= 1
        slots[slot].position = free
        free = Int32(truncatingIfNeeded: slot)
        let last = heap.removeLast()
        guard index < heap.count else { return }
        heap[index] = last
        slots[Int(last.slot)].position = Int32(truncatingIfNeeded: index)
        sink(index)
        rise(index)
    }

    private func precedes(_ a: Node, _ b: Node) -> Bool {
        a.at != b.at ? a.at < b.at : a.number < b.number
    }

    private mutating func rise(_ start: Int) {
        var index = start
        let node = heap[index]
        while index > 0 {
            let parent = (index - 1) / 4
            guard precedes(node, heap[parent]) else { break }
            place(heap[parent], index)
            index = parent
        }
        place(node, index)
    }

    private mutating func sink(_ start: Int) {
        var index = start
        let node = heap[index]
        while true {
            let first = 4 * index + 1
            guard first < heap.count else { break }
            var least = first
            for child in (first + 1)..<max(first + 1, min(first + 4, heap.count))
            where precedes(heap[child], heap[least]) {
                least = child
            }
            guard precedes(heap[least], node) else { break }
            place(heap[least], index)
            index = least
        }
        place(node, index)
    }

    private mutating func place(_ node: Node, _ index: Int) {
        heap[index] = node
        slots[Int(node.slot)].position = Int32(truncatingIfNeeded: index)
    }
}
