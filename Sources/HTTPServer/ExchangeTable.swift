import ModuleKit

/// A request that waits for its answer, as a small number: fits the tag of `Link.ask`.
public struct HTTPExchange: Sendable, Hashable {
    /// The place in the server's table in the low 20 bits, how often it was used above.
    public let tag: UInt32

    public init(tag: UInt32) {
        self.tag = tag
    }
    init(index: Int, generation: UInt32) {
        tag = UInt32(truncatingIfNeeded: index) | generation << 20
    }
    /// From 0, dense: users may keep what they know of a request in an array. Taken by another request
    /// only after this one was answered.
    public var index: Int { Int(tag & 0xF_FFFF) }
    var generation: UInt32 { tag >> 20 }
}

/// One exchange of the table.
struct ExchangeSlot {
    /// Who waits; nil when the client is gone or was told that its time is up. Unowned: a connection
    /// leaves its slots before it is freed.
    var connection: Unmanaged<HTTPConnection>?
    /// The connection's next request, or the next free slot.
    var next: Int32 = -1
    var generation: UInt32 = 0
    var isTaken = false
    var isHead = false
    var isOld = false
    var isLast = false
    // Where the request lies in the connection's input.
    var method = HTTPMethod.other
    var base: UInt32 = 0
    var target = HTTPSpan()
    var host = HTTPSpan()
    var fieldStart: UInt16 = 0
    var fieldCount: UInt16 = 0
    /// The answer, if it came before its turn.
    var response: HTTPResponse?
}

/// All requests under way of one server. Slots are used again last in, first out, so that a server with
/// few requests under way touches little memory.
final class ExchangeTable {
    @exclusivity(unchecked) private(set) var slots: UnsafeMutablePointer<ExchangeSlot>
    /// When each is to be answered for the handler; `.max` for never.
    @exclusivity(unchecked) private(set) var deadlines: UnsafeMutablePointer<UInt64>
    @exclusivity(unchecked) private var capacity: Int
    /// Slots that were ever used.
    @exclusivity(unchecked) private(set) var used = 0
    @exclusivity(unchecked) private var free: Int32 = -1
    /// Slots that are taken.
    @exclusivity(unchecked) private(set) var count = 0
    private let limit: Int

    init(limit: Int) {
        self.limit = limit
        capacity = min(limit, 64)
        slots = .allocate(capacity: capacity)
        deadlines = .allocate(capacity: capacity)
    }
    deinit {
        slots.deinitialize(count: used)
        slots.deallocate()
        deadlines.deallocate()
    }

    /// Whether one can be taken.
    @inline(__always) var hasRoom: Bool { count < limit }

    /// Whether one can be taken for an answer that the server gives itself.
    var hasReserve: Bool { count < 1 << 20 - 1 }

    /// Takes a slot. Call it only if there is room.
    @inline(__always) func take() -> Int {
        count &+= 1
        if free >= 0 {
            let index = Int(free)
            free = slots[index].next
            slots[index].isTaken = true
            return index
        }
        return takeFresh()
    }
    @inline(never) private func takeFresh() -> Int {
        if used == capacity { grow() }
        (slots + used).initialize(to: ExchangeSlot())
        deadlines[used] = .max
        slots[used].isTaken = true
        used += 1
        return used - 1
    }
    private func grow() {
        let size = capacity * 2
        let wide = UnsafeMutablePointer<ExchangeSlot>.allocate(capacity: size)
        wide.moveInitialize(from: slots, count: used)
        slots.deallocate()
        slots = wide
        let times = UnsafeMutablePointer<UInt64>.allocate(capacity: size)
        times.update(from: deadlines, count: used)
        deadlines.deallocate()
        deadlines = times
        capacity = size
    }

    /// Gives a slot back: from now on its tag stands for nothing.
    @inline(__always) func give(_ index: Int) {
        let slot = slots + index
        slot.pointee.generation = (slot.pointee.generation &+ 1) & 0xFFF
        slot.pointee.connection = nil
        slot.pointee.isTaken = false
        slot.pointee.next = free
        deadlines[index] = .max
        free = Int32(truncatingIfNeeded: index)
        count &-= 1
    }

    @inline(__always) func exchange(at index: Int) -> HTTPExchange {
        HTTPExchange(index: index, generation: slots[index].generation)
    }
    /// The slot that the exchange stands for; nil if it was answered before.
    @inline(__always) func find(_ exchange: HTTPExchange) -> UnsafeMutablePointer<ExchangeSlot>? {
        let index = exchange.index
        guard index < used, slots[index].generation == exchange.generation, slots[index].isTaken else {
            return nil
        }
        return slots + index
    }
}
