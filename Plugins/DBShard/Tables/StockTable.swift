import ModuleKit

/// What is left of each variant: the authority while the shard runs. Open addressing over raw memory;
/// it doubles when it is half full.
final class StockTable: @unchecked Sendable {
    /// One variant.
    struct Slot {
        var variant: Int64 = 0
        /// What can be sold now: what the log says less what is held.
        var available = 0
        /// What the log says, as the row is to show it.
        var logged = 0
        /// The row says everything up to this row of the log. While loading only.
        var through: Int64 = 0
        var isUsed = false
        var sellsBeyondStock = false
        /// Waits in the dirty queue for its row to be written.
        var isDirty = false
    }
    @exclusivity(unchecked) private var slots: UnsafeMutablePointer<Slot>
    @exclusivity(unchecked) private var mask: Int
    @exclusivity(unchecked) private(set) var count = 0

    init(variants: Int = 0) {
        var capacity = 64
        while capacity < variants * 2 + 64 { capacity *= 2 }
        slots = .allocate(capacity: capacity)
        slots.initialize(repeating: Slot(), count: capacity)
        mask = capacity - 1
    }
    deinit { slots.deallocate() }

    @inline(__always) private func probe(_ variant: Int64) -> Int {
        let hash = UInt64(bitPattern: variant) &* 0x9E37_79B9_7F4A_7C15
        var index = Int(truncatingIfNeeded: hash >> 20) & mask
        while slots[index].isUsed && slots[index].variant != variant { index = (index &+ 1) & mask }
        return index
    }

    /// Nil where there is no such variant. Valid until the next insertion.
    @inline(__always) func find(_ variant: Int64) -> UnsafeMutablePointer<Slot>? {
        let slot = slots + probe(variant)
        return slot.pointee.isUsed ? slot : nil
    }

    /// The variant's slot, made if there is none. Valid until the next insertion.
    func insert(_ variant: Int64) -> UnsafeMutablePointer<Slot> {
        if let slot = find(variant) { return slot }
        if count * 2 >= mask { grow() }
        count += 1
        let slot = slots + probe(variant)
        slot.pointee.isUsed = true
        slot.pointee.variant = variant
        return slot
    }

    private func grow() {
        let (old, oldMask) = (slots, mask)
        mask = oldMask * 2 + 1
        slots = .allocate(capacity: mask + 1)
        slots.initialize(repeating: Slot(), count: mask + 1)
        for index in 0...oldMask where old[index].isUsed {
            slots[probe(old[index].variant)] = old[index]
        }
        old.deallocate()
    }

    /// Sorted by variant. For tests and operators, not for hot paths.
    var levels: [StockLevel] {
        (0...mask).lazy.filter { self.slots[$0].isUsed }.map { self.level(self.slots[$0]) }
            .sorted { $0.variant < $1.variant }
    }
    /// As the contract says it.
    func level(_ slot: Slot) -> StockLevel {
        StockLevel(
            variant: slot.variant, available: slot.available, sellsBeyondStock: slot.sellsBeyondStock)
    }
}
