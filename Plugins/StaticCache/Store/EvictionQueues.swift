import Glibc

/// S3-FIFO (Yang et al., SOSP 2023), counted in bytes: what is put out when memory is short.
///
/// New entries pass through a small queue with a tenth of the bytes; only those that are asked for
/// again reach the main queue, so a crawler that reads every page once does not push out what buyers
/// ask for. A hit sets two bits and moves nothing. Entries that left the small queue are remembered by
/// a fingerprint for a while; if they come back they go to the main queue at once.
///
/// Holds entries unretained: the table keeps them alive.
struct EvictionQueues: ~Copyable {
    private struct Queue {
        var newest: Unmanaged<KeyedEntry>?
        var oldest: Unmanaged<KeyedEntry>?
        var bytes = 0
        var count = 0
    }
    private var small = Queue()
    private var main = Queue()
    private var ghosts: GhostTable
    /// Bytes at most.
    let capacity: Int
    /// Entries at most.
    let limit: Int

    init(capacity: Int, limit: Int) {
        self.capacity = capacity
        self.limit = limit
        ghosts = GhostTable(limit: limit)
    }

    var bytes: Int { small.bytes + main.bytes }
    var count: Int { small.count + main.count }
    var isOverfull: Bool { bytes > capacity || count > limit }

    /// Puts in an entry that is in no queue.
    mutating func insert(_ entry: KeyedEntry) {
        entry.frequency = 0
        if ghosts.contains(entry.hash, within: max(main.count, 64)) {
            Self.push(entry, .main, to: &main)
        } else {
            Self.push(entry, .small, to: &small)
        }
    }

    mutating func remove(_ entry: KeyedEntry) {
        switch entry.queue {
        case .none: return
        case .small: Self.unlink(entry, from: &small)
        case .main: Self.unlink(entry, from: &main)
        }
    }

    /// The entry's size has changed.
    mutating func resize(_ entry: KeyedEntry, to size: Int) {
        switch entry.queue {
        case .none: break
        case .small: small.bytes += size - entry.size
        case .main: main.bytes += size - entry.size
        }
        entry.size = size
    }

    /// Takes out the entry that can best be spared; nil if there is none.
    mutating func evict() -> KeyedEntry? {
        // Each step either answers or lowers a frequency or moves an entry to the main queue.
        while true {
            if small.bytes * 10 >= capacity || main.count == 0 || small.count * 10 >= limit {
                guard let entry = small.oldest?.takeUnretainedValue() else {
                    if main.count == 0 { return nil }
                    if let victim = evictMain() { return victim }
                    continue
                }
                Self.unlink(entry, from: &small)
                if entry.frequency > 1 {
                    entry.frequency = 0
                    Self.push(entry, .main, to: &main)
                    continue
                }
                ghosts.insert(entry.hash)
                return entry
            }
            if let victim = evictMain() { return victim }
        }
    }

    /// The oldest of the main queue; nil if it was asked for and went round.
    private mutating func evictMain() -> KeyedEntry? {
        guard let entry = main.oldest?.takeUnretainedValue() else { return nil }
        Self.unlink(entry, from: &main)
        guard entry.frequency > 0 else { return entry }
        entry.frequency -= 1
        Self.push(entry, .main, to: &main)
        return nil
    }

    private static func push(_ entry: KeyedEntry, _ name: KeyedEntry.Queue, to queue: inout Queue) {
        let node = Unmanaged.passUnretained(entry)
        entry.queue = name
        entry.newer = nil
        entry.older = queue.newest
        if let newest = queue.newest { newest._withUnsafeGuaranteedRef { $0.newer = node } }
        queue.newest = node
        if queue.oldest == nil { queue.oldest = node }
        queue.bytes += entry.size
        queue.count += 1
    }

    private static func unlink(_ entry: KeyedEntry, from queue: inout Queue) {
        if let newer = entry.newer {
            newer._withUnsafeGuaranteedRef { $0.older = entry.older }
        } else {
            queue.newest = entry.older
        }
        if let older = entry.older {
            older._withUnsafeGuaranteedRef { $0.newer = entry.newer }
        } else {
            queue.oldest = entry.newer
        }
        entry.newer = nil
        entry.older = nil
        entry.queue = .none
        queue.bytes -= entry.size
        queue.count -= 1
    }
}

/// Fingerprints of entries that were put out lately: one slot for each remainder of the hash, the
/// newer takes the place of the older. Rarely wrong, which costs a hit and no correctness.
private struct GhostTable: ~Copyable {
    private struct Slot {
        var fingerprint: UInt32
        var number: UInt32
    }
    private let slots: UnsafeMutablePointer<Slot>
    private let mask: Int
    private var number: UInt32 = 0

    init(limit: Int) {
        let wanted = min(max(64, limit), 1 << 20) * 2
        let capacity = 1 << (Int.bitWidth - (wanted - 1).leadingZeroBitCount)
        mask = capacity - 1
        slots = .allocate(capacity: capacity)
        slots.initialize(repeating: Slot(fingerprint: 0, number: 0), count: capacity)
    }
    deinit { slots.deallocate() }

    mutating func insert(_ hash: UInt64) {
        number &+= 1
        slots[Int(truncatingIfNeeded: hash) & mask] = Slot(
            fingerprint: UInt32(truncatingIfNeeded: hash >> 32), number: number)
    }
    /// Whether it was among the last ones put out.
    func contains(_ hash: UInt64, within count: Int) -> Bool {
        let slot = slots[Int(truncatingIfNeeded: hash) & mask]
        return slot.number != 0 && slot.fingerprint == UInt32(truncatingIfNeeded: hash >> 32)
            && Int(number &- slot.number) < count
    }
}
