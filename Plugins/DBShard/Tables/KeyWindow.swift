import Glibc
import ModuleKit

/// Keys of recent entries: full keys, so that nobody can craft one that is mistaken for another.
///
/// Two generations of fixed size and a third that is wiped a little with each new key: it neither grows
/// nor stalls. The older generation is let go only when its keys are in a segment on the disk.
final class KeyWindow: @unchecked Sendable {
    /// What is remembered of a key.
    struct Slot {
        var high: UInt64
        var low: UInt64
        /// The order's id, or `KeyWindow.restock`; zero marks an empty slot.
        var id: Int64
        var fingerprint: UInt64
    }
    /// The id under which keys of restocking are remembered.
    static let restock = Int64.max

    /// Keys of a generation.
    let size: Int
    private let mask: Int
    private let limit: Int
    private let seed: UInt64
    @exclusivity(unchecked) private var current: UnsafeMutablePointer<Slot>
    @exclusivity(unchecked) private var previous: UnsafeMutablePointer<Slot>
    @exclusivity(unchecked) private var next: UnsafeMutablePointer<Slot>
    @exclusivity(unchecked) private var wiped: Int
    @exclusivity(unchecked) private var count = 0
    /// Keys since the beginning, and how many of them were there when the older generation ended.
    @exclusivity(unchecked) private(set) var inserted = 0
    @exclusivity(unchecked) private var previousEnd = 0
    /// How many of the first keys are in segments.
    @exclusivity(unchecked) private(set) var sealed = 0

    /// - Parameter seed: so that a client cannot choose keys that meet in one place.
    init(size: Int, seed: UInt64) {
        self.size = max(16, size)
        self.seed = seed
        var capacity = 64
        while capacity < self.size + self.size / 2 { capacity *= 2 }
        mask = capacity - 1
        limit = capacity / 8 * 7
        current = Self.table(capacity)
        previous = Self.table(capacity)
        next = Self.table(capacity)
        wiped = capacity
    }
    deinit {
        free(current)
        free(previous)
        free(next)
    }

    private static func table(_ capacity: Int) -> UnsafeMutablePointer<Slot> {
        // Zeroed memory comes untouched from the system: an idle shard does not pay for its window.
        guard let memory = calloc(capacity, MemoryLayout<Slot>.stride) else {
            let slots = UnsafeMutablePointer<Slot>.allocate(capacity: capacity)
            slots.initialize(repeating: Slot(high: 0, low: 0, id: 0, fingerprint: 0), count: capacity)
            return slots
        }
        return memory.bindMemory(to: Slot.self, capacity: capacity)
    }

    @inline(__always) private func place(of key: OrderKey) -> Int {
        let wide = (key.high ^ seed).multipliedFullWidth(by: key.low | 1)
        return Int(truncatingIfNeeded: ((wide.high ^ wide.low) &* 0x9E37_79B9_7F4A_7C15) >> 16) & mask
    }

    /// The slot of the key, or an empty one.
    @inline(__always) private func probe(
        _ table: UnsafeMutablePointer<Slot>, _ key: OrderKey, _ start: Int
    ) -> UnsafeMutablePointer<Slot> {
        var index = start
        while table[index].id != 0 && (table[index].high != key.high || table[index].low != key.low) {
            index = (index &+ 1) & mask
        }
        return table + index
    }

    /// What is known of the key; nil if it is not in the window.
    @inline(__always) func find(_ key: OrderKey) -> (id: Int64, fingerprint: UInt64)? {
        let start = place(of: key)
        var slot = probe(current, key, start)
        if slot.pointee.id == 0 { slot = probe(previous, key, start) }
        return slot.pointee.id == 0 ? nil : (slot.pointee.id, slot.pointee.fingerprint)
    }

    /// Whether a key more would have to wait for older ones to be sealed.
    @inline(__always) var isFull: Bool { count >= limit }

    /// Whether that moment is near.
    var isFilling: Bool { count > size / 4 && sealed < previousEnd }

    /// Remembers a key that is not known yet, in the order of the log.
    @inline(__always) func insert(_ key: OrderKey, id: Int64, fingerprint: UInt64) {
        let slot = probe(current, key, place(of: key))
        slot.pointee = Slot(high: key.high, low: key.low, id: id, fingerprint: fingerprint)
        count &+= 1
        inserted &+= 1
        wipe(4)
        if count >= size && sealed >= previousEnd { rotate() }
    }

    /// The first `keys` keys are in segments now.
    func seal(through keys: Int) {
        sealed = max(sealed, keys)
        if count >= size && sealed >= previousEnd { rotate() }
    }

    private func rotate() {
        wipe(.max)
        (previous, current, next) = (current, next, previous)
        previousEnd = inserted
        count = 0
        wiped = 0
    }

    @inline(__always) private func wipe(_ most: Int) {
        let some = min(most, mask &+ 1 &- wiped)
        if some > 0 {
            memset(next + wiped, 0, some * MemoryLayout<Slot>.stride)
            wiped &+= some
        }
    }
}
