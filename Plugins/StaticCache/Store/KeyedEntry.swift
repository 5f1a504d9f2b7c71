import Glibc

/// Something that is found by the target of a request, and that can be put out when memory is short.
///
/// The fields that the table and the queues need lie in the entry itself, so that finding and counting
/// a hit touches one line of memory.
class KeyedEntry {
    final let hash: UInt64
    /// The target; where the key has a host, a space and the host in lower case follow.
    final let key: UnsafeRawBufferPointer
    final let targetCount: Int

    // What the queues keep: see `EvictionQueues`.
    enum Queue: UInt8 { case none, small, main }
    @exclusivity(unchecked) final var queue = Queue.none
    /// Hits since it was put into its queue, up to 3.
    @exclusivity(unchecked) final var frequency: UInt8 = 0
    /// Bytes that it is counted with.
    @exclusivity(unchecked) final var size = 0
    @exclusivity(unchecked) final var newer: Unmanaged<KeyedEntry>?
    @exclusivity(unchecked) final var older: Unmanaged<KeyedEntry>?

    init(hash: UInt64, target: UnsafeRawBufferPointer, host: UnsafeRawBufferPointer?) {
        self.hash = hash
        targetCount = target.count
        let count = target.count + (host.map { $0.count + 1 } ?? 0)
        let memory = UnsafeMutableRawBufferPointer.allocate(byteCount: count, alignment: 8)
        for index in 0..<target.count { memory[index] = target[index] }
        if let host {
            memory[target.count] = 32
            for index in 0..<host.count { memory[target.count + 1 + index] = ByteText.lower(host[index]) }
        }
        key = UnsafeRawBufferPointer(memory)
    }
    deinit { key.deallocate() }

    final var target: UnsafeRawBufferPointer { UnsafeRawBufferPointer(rebasing: key[..<targetCount]) }

    @inline(__always) final func countHit() { if frequency < 3 { frequency &+= 1 } }

    @inline(__always)
    final func matches(_ target: UnsafeRawBufferPointer, host: UnsafeRawBufferPointer?) -> Bool {
        guard target.count == targetCount, let stored = key.baseAddress, let asked = target.baseAddress,
            memcmp(stored, asked, targetCount) == 0
        else { return false }
        guard let host else { return key.count == targetCount }
        guard key.count == targetCount &+ 1 &+ host.count else { return false }
        for index in 0..<host.count
        where key[targetCount &+ 1 &+ index] != ByteText.lower(host[index]) { return false }
        return true
    }
}

/// Entries by key: open addressing, linear probing, never more than half full.
///
/// Its size is fixed from the start (memory that is never touched costs nothing), so no request waits
/// while a table grows.
struct KeyTable<Entry: KeyedEntry>: ~Copyable {
    private struct Slot {
        var hash: UInt64
        var entry: Unmanaged<Entry>?
    }
    private let slots: UnsafeMutablePointer<Slot>
    private let mask: Int
    private(set) var count = 0
    /// Entries at most.
    let limit: Int

    init(limit: Int) {
        let wanted = max(8, limit) * 2
        let capacity = 1 << (Int.bitWidth - (wanted - 1).leadingZeroBitCount)
        self.limit = max(8, limit)
        mask = capacity - 1
        // calloc: the pages come as they are touched, and all bits zero is an empty slot.
        if let memory = calloc(capacity, MemoryLayout<Slot>.stride) {
            slots = memory.bindMemory(to: Slot.self, capacity: capacity)
        } else {
            slots = .allocate(capacity: capacity)
            slots.initialize(repeating: Slot(hash: 0, entry: nil), count: capacity)
        }
    }
    deinit {
        for index in 0...mask { slots[index].entry?.release() }
        free(slots)
    }

    @inline(__always)
    func find(
        _ hash: UInt64, _ target: UnsafeRawBufferPointer, host: UnsafeRawBufferPointer?
    ) -> Unmanaged<Entry>? {
        var index = Int(truncatingIfNeeded: hash) & mask
        while let found = slots[index].entry {
            if slots[index].hash == hash,
                found._withUnsafeGuaranteedRef({ $0.matches(target, host: host) })
            {
                return found
            }
            index = (index &+ 1) & mask
        }
        return nil
    }

    /// Puts in an entry whose key is not there yet; false if the table is full.
    mutating func insert(_ entry: Entry) -> Bool {
        guard count < limit else { return false }
        var index = Int(truncatingIfNeeded: entry.hash) & mask
        while slots[index].entry != nil { index = (index &+ 1) & mask }
        slots[index] = Slot(hash: entry.hash, entry: .passRetained(entry))
        count += 1
        return true
    }

    /// Takes out an entry. The ones behind it move up, so that no marks of removed entries pile up.
    mutating func remove(_ entry: Entry) {
        var hole = Int(truncatingIfNeeded: entry.hash) & mask
        while let found = slots[hole].entry {
            if found.toOpaque() == Unmanaged.passUnretained(entry).toOpaque() { break }
            hole = (hole &+ 1) & mask
        }
        guard let found = slots[hole].entry else { return }
        count -= 1
        var index = (hole &+ 1) & mask
        while slots[index].entry != nil {
            let home = Int(truncatingIfNeeded: slots[index].hash) & mask
            // It may move if its home does not lie between the hole and where it is.
            if (index &- home) & mask >= (index &- hole) & mask {
                slots[hole] = slots[index]
                hole = index
            }
            index = (index &+ 1) & mask
        }
        slots[hole] = Slot(hash: 0, entry: nil)
        found.release()
    }

    /// Goes over all entries, in no order that means anything; the body must not change the table.
    func forEach(_ body: (Entry) -> Void) {
        for index in 0...mask {
            if let entry = slots[index].entry { entry._withUnsafeGuaranteedRef(body) }
        }
    }
}
