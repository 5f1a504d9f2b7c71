import CModuleKit
import Synchronization

/// How the lanes of a mailbox are numbered.
@usableFromInline enum MailboxLanes {
    /// Loops of a node at most, and the number of the lane for all other threads.
    @usableFromInline static var outside: Int { 15 }
    @usableFromInline static var classes: Int { 4 }
    @usableFromInline static var count: Int { (outside + 1) * classes }

    @inlinable @inline(__always) static func index(loop: Int, _ criticality: Criticality) -> Int {
        loop &* classes &+ Int(criticality.rawValue)
    }
}

extension Loop {
    /// Loops that one node can have at most: each has a lane in each mailbox.
    public static let maximumCount = 15
}

extension Mailbox where Element: ~Copyable {
    @inlinable @inline(__always) func load(_ entry: borrowing Entry) -> LanePointer? {
        entry.load(ordering: .acquiring)?.assumingMemoryBound(to: Lane<Element>.self)
    }

    @inlinable @inline(__always) func lane(at index: Int) -> LanePointer? {
        guard let table = others.load(ordering: .acquiring) else { return nil }
        return load((table.assumingMemoryBound(to: Entry.self) + index).pointee)
    }

    @inlinable @inline(__always) func ownIndex(_ criticality: Criticality) -> Int {
        MailboxLanes.index(loop: loop.index, criticality)
    }

    @inlinable func senderIndex(_ criticality: Criticality) -> Int {
        guard let current = souk_current_loop() else {
            return MailboxLanes.index(loop: MailboxLanes.outside, criticality)
        }
        let index = Unmanaged<Loop>.fromOpaque(current)._withUnsafeGuaranteedRef { $0.index }
        return MailboxLanes.index(loop: index, criticality)
    }

    /// The own lane starts small: most mailboxes stay nearly empty.
    @usableFromInline @inline(never) func makeOwn() -> LanePointer {
        let limit = options.roundedCapacity
        let policy = options.policies[Int(Criticality.normal.rawValue)]
        let lane = LanePointer.allocate(capacity: 1)
        lane.initialize(to: Lane(slots: min(limit, 8), limit: limit, policy: policy))
        own.store(UnsafeMutableRawPointer(lane), ordering: .releasing)
        return lane
    }

    @usableFromInline @inline(never) func makeLane(_ index: Int) -> LanePointer {
        let limit = options.roundedCapacity
        let policy = options.policies[index % MailboxLanes.classes]
        let isOwn = index / MailboxLanes.classes == loop.index
        // A producer on another thread cannot take the oldest out: it gets a ring of twice the size,
        // and the consumer lets go what is over the bound.
        let slots = isOwn ? min(limit, 8) : policy == .dropOldest ? 2 * limit : limit
        let lane = LanePointer.allocate(capacity: 1)
        lane.initialize(to: Lane(slots: slots, limit: limit, policy: policy))
        let table = makeTable().assumingMemoryBound(to: Entry.self)
        (table + index).pointee.store(UnsafeMutableRawPointer(lane), ordering: .releasing)
        return lane
    }

    private func makeTable() -> UnsafeMutableRawPointer {
        if let table = others.load(ordering: .acquiring) { return table }
        let fresh = UnsafeMutablePointer<Entry>.allocate(capacity: MailboxLanes.count)
        for index in 0..<MailboxLanes.count { (fresh + index).initialize(to: Entry(nil)) }
        let (isDone, seen) = others.compareExchange(
            expected: nil, desired: UnsafeMutableRawPointer(fresh), ordering: .acquiringAndReleasing)
        guard !isDone, let seen else { return UnsafeMutableRawPointer(fresh) }
        fresh.deallocate()
        return seen
    }

    /// Doubles a lane of the own loop; nobody else looks at its slots.
    @usableFromInline @inline(never) func grow(_ lane: LanePointer) {
        let old = lane.pointee.mask
        let new = 2 * old + 1
        let wide = UnsafeMutablePointer<Element>.allocate(capacity: new + 1)
        var index = lane.pointee.head.load(ordering: .relaxed)
        let tail = lane.pointee.tail.load(ordering: .relaxed)
        while index < tail {
            (wide + (index & new)).moveInitialize(from: lane.pointee.slots + (index & old), count: 1)
            index &+= 1
        }
        lane.pointee.slots.deallocate()
        lane.pointee.slots = wide
        lane.pointee.mask = new
    }

    /// Notes when the message came; only one of a lane is timed at a time.
    @usableFromInline @inline(never) func stamp(_ lane: LanePointer, _ tail: Int) {
        guard lane.pointee.stampIsFree.load(ordering: .acquiring) else { return }
        lane.pointee.stampIsFree.store(false, ordering: .relaxed)
        lane.pointee.stampIndex.store(tail, ordering: .relaxed)
        lane.pointee.stampTime.store(loop.preciseNow, ordering: .relaxed)
    }

    @usableFromInline @inline(never) func observe(_ lane: LanePointer) {
        let wait = loop.preciseNow &- lane.pointee.stampTime.load(ordering: .relaxed)
        let table = waits.load(ordering: .relaxed) ?? makeWaits()
        let bucket = min(47, UInt64.bitWidth - wait.leadingZeroBitCount)
        table.assumingMemoryBound(to: Atomic<Int>.self)[bucket].add(1, ordering: .relaxed)
        lane.pointee.stampIndex.store(-1, ordering: .relaxed)
        lane.pointee.stampIsFree.store(true, ordering: .releasing)
    }

    private func makeWaits() -> UnsafeMutableRawPointer {
        let fresh = UnsafeMutablePointer<Atomic<Int>>.allocate(capacity: 48)
        for bucket in 0..<48 { (fresh + bucket).initialize(to: Atomic<Int>(0)) }
        waits.store(UnsafeMutableRawPointer(fresh), ordering: .releasing)
        return UnsafeMutableRawPointer(fresh)
    }
}
