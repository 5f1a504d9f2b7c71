import CModuleKit
import Synchronization

/// What may lie in a mailbox: something that can be told why it is not delivered.
public protocol Letter: ~Copyable, Sendable {
    /// Lets the letter go; an asker hears the reason.
    consuming func refuse(_ reason: AskFailure)
}

/// A bounded mailbox of one actor: a lane for each sending loop and criticality, and one for all other
/// threads together.
///
/// A sender's messages of one criticality stay in order, because a sender always uses the same lane. A
/// message between actors of one loop costs no lock, no wake-up, no reference count and no allocation.
public final class Mailbox<Element: ~Copyable & Letter>: Runnable, @unchecked Sendable {
    @usableFromInline typealias LanePointer = UnsafeMutablePointer<Lane<Element>>
    @usableFromInline typealias Entry = Atomic<UnsafeMutableRawPointer?>

    /// Its bounds.
    public let options: MailboxOptions
    /// The lane of normal messages from the mailbox's own loop; nil until the first.
    @usableFromInline let own = Entry(nil)
    /// All other lanes, by sending loop and criticality; nil until the first message of that kind.
    @usableFromInline let others = Entry(nil)
    @usableFromInline let outsideLock = Mutex<Void>(())
    /// Histogram of sampled waiting times; nil until the first sample.
    @usableFromInline let waits = Entry(nil)
    @usableFromInline let expired = Atomic<Int>(0)
    @usableFromInline let unavailable = Atomic<Int>(0)
    /// Those who wait for room.
    @usableFromInline let hasWaiters = Atomic<Bool>(false)
    private let waiters = Mutex<[@Sendable () -> Void]>([])
    /// Hears of each message that is not delivered, on the thread that finds out. Set before the first
    /// message.
    @exclusivity(unchecked) @usableFromInline var onUndelivered: (@Sendable (AskFailure) -> Void)?

    /// A mailbox that keeps what comes until a receiver is bound to it.
    public init(on loop: Loop, options: MailboxOptions = MailboxOptions()) {
        self.options = options
        super.init(on: loop, turn: { _, _ in false })
    }

    deinit {
        for index in 0..<MailboxLanes.count { lane(at: index).map(Self.destroy) }
        load(own).map(Self.destroy)
        if let table = others.load(ordering: .relaxed) { table.deallocate() }
        if let table = waits.load(ordering: .relaxed) { table.deallocate() }
    }

    private static func destroy(_ lane: LanePointer) {
        lane.pointee.destroy()
        lane.deinitialize(count: 1)
        lane.deallocate()
    }

    /// Makes the actor the receiver, from the next turn on; replaces an earlier one. On the loop.
    ///
    /// The body is compiled in the module that knows the actor's type. `receive` answers whether to go
    /// on with this turn. `settle` runs after each batch of messages.
    ///
    /// - Precondition: the actor's executor is the mailbox's loop. It is checked here, once, instead
    ///   of in each turn, which would cost more than the turn itself.
    @inlinable
    public func bind<Receiver: Actor>(
        to receiver: Receiver,
        receive: @escaping @Sendable (isolated Receiver, consuming Element) -> Bool,
        settle: @escaping @Sendable (isolated Receiver) -> Void
    ) {
        precondition(loop.executes(receiver), "the actor belongs to another executor")
        // Without their isolation, which was checked above, and behind constants of a class: calling a
        // closure that was captured counts references, 25 ns a turn. The turn's body keeps them alive.
        let handlers = MailboxHandlers(
            receiver, unsafeBitCast(receive, to: MailboxHandlers<Receiver, Element>.Receive.self),
            unsafeBitCast(settle, to: MailboxHandlers<Receiver, Element>.Settle.self))
        let borrowed = Unmanaged.passUnretained(handlers)
        setTurn(
            { runnable, budget in
                let mailbox = unsafeDowncast(runnable, to: Mailbox<Element>.self)
                return borrowed._withUnsafeGuaranteedRef { handlers in
                    let more = mailbox.drain(budget) { handlers.receive(handlers.receiver, $0) }
                    handlers.settle(handlers.receiver)
                    if mailbox.hasWaiters.load(ordering: .relaxed) { mailbox.callWaiters() }
                    return more
                }
            }, keeping: handlers)
        hasReceiver = true
        loop.schedule(self)
    }

    // MARK: sending

    /// Leaves the message with the receiver, or answers why not. From any thread.
    @inlinable @inline(__always)
    public func send(_ element: consuming Element, _ criticality: Criticality = .normal) -> SendResult {
        guard souk_current_loop() == home.toOpaque() else {
            return sendRemote(element, criticality)
        }
        let lane =
            criticality == .normal
            ? (load(own) ?? makeOwn())
            : (self.lane(at: ownIndex(criticality)) ?? makeLane(ownIndex(criticality)))
        let tail = lane.pointee.tail.load(ordering: .relaxed)
        let depth = tail &- lane.pointee.head.load(ordering: .relaxed)
        if depth > lane.pointee.mask { return full(lane, element, criticality) }
        if depth >= lane.pointee.highWater.load(ordering: .relaxed) {
            lane.pointee.highWater.store(depth &+ 1, ordering: .relaxed)
        }
        (lane.pointee.slots + (tail & lane.pointee.mask)).initialize(to: element)
        if tail & 63 == 0 { stamp(lane, tail) }
        lane.pointee.tail.store(tail &+ 1, ordering: .relaxed)
        if !isScheduled { home._withUnsafeGuaranteedRef { $0.schedule(self) } }
        return .accepted
    }

    @inlinable @inline(never)
    func sendRemote(_ element: consuming Element, _ criticality: Criticality) -> SendResult {
        if let current = souk_current_loop() {
            let here = Unmanaged<Loop>.fromOpaque(current)
            let index = MailboxLanes.index(loop: here._withUnsafeGuaranteedRef { $0.index }, criticality)
            let lane = self.lane(at: index) ?? makeLane(index)
            let result = push(lane, element)
            // The other loop hears of it when this turn ends: one fence a turn, not a message.
            if !lane.pointee.isUnannounced {
                lane.pointee.isUnannounced = true
                here._withUnsafeGuaranteedRef { $0.announceLater(self, &lane.pointee.isUnannounced) }
            }
            return result
        }
        let index = MailboxLanes.index(loop: MailboxLanes.outside, criticality)
        // A closure cannot consume what it captures, but it can empty an optional.
        var letter: Element? = element
        let result = outsideLock.withLock { _ -> SendResult in
            guard let letter = letter.take() else { return .dropped }
            return push(lane(at: index) ?? makeLane(index), letter)
        }
        loop.announce(self)
        return result
    }

    @inlinable @inline(__always)
    func push(_ lane: LanePointer, _ element: consuming Element) -> SendResult {
        let tail = lane.pointee.tail.load(ordering: .relaxed)
        if tail &- lane.pointee.headSeen > lane.pointee.mask {
            lane.pointee.headSeen = lane.pointee.head.load(ordering: .acquiring)
            if tail &- lane.pointee.headSeen > lane.pointee.mask { return turnAway(lane, element) }
        }
        (lane.pointee.slots + (tail & lane.pointee.mask)).initialize(to: element)
        if tail & 63 == 0 { stamp(lane, tail) }
        lane.pointee.tail.store(tail &+ 1, ordering: .releasing)
        return .accepted
    }

    /// Neither kept nor started: the policy says how the sender hears of it.
    @inlinable @inline(never)
    func turnAway(_ lane: LanePointer, _ element: consuming Element) -> SendResult {
        switch lane.pointee.policy {
        case .refuse, .backPressure:
            lane.pointee.refused.add(1, ordering: .relaxed)
            onUndelivered?(.refused)
            element.refuse(.refused)
            return .full
        case .dropNewest, .dropOldest:
            lane.pointee.dropped.add(1, ordering: .relaxed)
            onUndelivered?(.dropped)
            element.refuse(.dropped)
            return .dropped
        }
    }

    /// The lane of the own loop is full: it grows up to its bound, then its policy decides.
    @inlinable @inline(never)
    func full(_ lane: LanePointer, _ element: consuming Element, _ criticality: Criticality) -> SendResult {
        if lane.pointee.mask &+ 1 < lane.pointee.limit {
            grow(lane)
            return send(element, criticality)
        }
        guard lane.pointee.policy == .dropOldest else { return turnAway(lane, element) }
        evictOldest(lane)
        return send(element, criticality)
    }

    /// Lets the oldest go. Only the consumer may: on the loop.
    @inlinable @inline(never)
    func evictOldest(_ lane: LanePointer) {
        let head = lane.pointee.head.load(ordering: .relaxed)
        let oldest = (lane.pointee.slots + (head & lane.pointee.mask)).move()
        if head == lane.pointee.stampIndex.load(ordering: .relaxed) { observe(lane) }
        lane.pointee.head.store(head &+ 1, ordering: .releasing)
        lane.pointee.dropped.add(1, ordering: .relaxed)
        onUndelivered?(.dropped)
        oldest.refuse(.dropped)
    }

    // MARK: room

    /// Whether a message of this kind from the caller's thread would be taken in now.
    @inlinable public func hasRoom(_ criticality: Criticality = .normal) -> Bool {
        let isOwn = souk_current_loop() == home.toOpaque()
        guard let lane = isOwn && criticality == .normal ? load(own) : lane(at: senderIndex(criticality))
        else {
            return true
        }
        return lane.pointee.depth < lane.pointee.limit
    }

    /// Runs the body once, on the mailbox's loop, when the mailbox has been at least half emptied.
    public func whenRoom(_ body: @escaping @Sendable () -> Void) {
        waiters.withLock { $0.append(body) }
        hasWaiters.store(true, ordering: .sequentiallyConsistent)
        loop.announce(self)
    }

    /// Messages that wait, in all lanes.
    private var depth: Int {
        var sum = load(own).map { $0.pointee.depth } ?? 0
        guard others.load(ordering: .acquiring) != nil else { return sum }
        for index in 0..<MailboxLanes.count { sum += lane(at: index).map { $0.pointee.depth } ?? 0 }
        return sum
    }

    @usableFromInline @inline(never) func callWaiters() {
        guard depth <= options.roundedCapacity / 2 else { return }
        hasWaiters.store(false, ordering: .sequentiallyConsistent)
        let bodies = waiters.withLock { list in
            defer { list = [] }
            return list
        }
        for body in bodies { body() }
    }

    // MARK: receiving (on the loop)

    @inlinable @inline(__always)
    func drain(_ budget: Int, _ receive: (consuming Element) -> Bool) -> Bool {
        if others.load(ordering: .acquiring) == nil {
            guard let own = load(own) else { return false }
            return drainLane(own, budget, receive) >= budget
        }
        return drainAll(budget, receive)
    }

    /// Critical first; each lower class is sure of a sixteenth of the turn, so that none starves.
    @inlinable
    func drainAll(_ budget: Int, _ receive: (consuming Element) -> Bool) -> Bool {
        var left = budget
        var more = false
        var isOver = false
        let share = max(1, budget / 16)
        @inline(__always) func hand(_ element: consuming Element) -> Bool {
            let goesOn = receive(element)
            if !goesOn { isOver = true }
            return goesOn
        }
        for criticality in Criticality.allCases {
            var room = max(left, share)
            if criticality == .normal, let own = load(own) {
                let taken = drainLane(own, room, hand)
                left &-= taken
                room &-= taken
                if own.pointee.depth > 0 { more = true }
            }
            var index = Int(criticality.rawValue)
            while index < MailboxLanes.count {
                if let lane = lane(at: index) {
                    if room > 0 && !isOver {
                        let taken = drainLane(lane, room, hand)
                        left &-= taken
                        room &-= taken
                    }
                    if lane.pointee.depth > 0 { more = true }
                }
                index &+= MailboxLanes.classes
            }
            // Who does not want to go on (an actor that threw) gets nothing of the other lanes either.
            if isOver { return true }
        }
        return more
    }

    @inlinable @inline(__always)
    func drainLane(_ lane: LanePointer, _ budget: Int, _ receive: (consuming Element) -> Bool) -> Int {
        let first = lane.pointee.head.load(ordering: .relaxed)
        var head = first
        let tail = lane.pointee.tail.load(ordering: .acquiring)
        let depth = tail &- head
        if depth > lane.pointee.highWater.load(ordering: .relaxed) {
            lane.pointee.highWater.store(depth, ordering: .relaxed)
        }
        if depth > lane.pointee.limit {
            // Only another loop's lane that drops its oldest can be fuller than its bound.
            for _ in 0..<(depth &- lane.pointee.limit) { evictOldest(lane) }
            head = lane.pointee.head.load(ordering: .relaxed)
        }
        let end = tail &- head > budget ? head &+ budget : tail
        while head < end {
            let element = (lane.pointee.slots + (head & lane.pointee.mask)).move()
            if head & 63 == 0 && head == lane.pointee.stampIndex.load(ordering: .relaxed) { observe(lane) }
            head &+= 1
            lane.pointee.head.store(head, ordering: .releasing)
            if !receive(element) { break }
            // Dropping the oldest moves the head under us.
            head = lane.pointee.head.load(ordering: .relaxed)
        }
        return head &- first
    }

    // MARK: counting and closing

    /// Counts a message that was not started because its deadline had passed. On the loop.
    @inlinable public func countExpired() {
        expired.add(1, ordering: .relaxed)
        onUndelivered?(.expired)
    }

    public override func counters() -> MailboxCounters {
        var sum = MailboxCounters()
        sum.capacity = options.roundedCapacity
        sum.expired = expired.load(ordering: .relaxed)
        sum.unavailable = unavailable.load(ordering: .relaxed)
        add(load(own), to: &sum)
        for index in 0..<MailboxLanes.count { add(lane(at: index), to: &sum) }
        sum.processed -= sum.expired + sum.unavailable
        if let table = waits.load(ordering: .acquiring) {
            let buckets = table.assumingMemoryBound(to: Atomic<Int>.self)
            for bucket in sum.waits.indices { sum.waits[bucket] = buckets[bucket].load(ordering: .relaxed) }
        }
        return sum
    }

    private func add(_ lane: LanePointer?, to sum: inout MailboxCounters) {
        guard let lane else { return }
        let taken = lane.pointee.head.load(ordering: .relaxed)
        let enqueued = lane.pointee.tail.load(ordering: .relaxed)
        let dropped = lane.pointee.dropped.load(ordering: .relaxed)
        sum.enqueued += enqueued
        sum.processed += taken - (lane.pointee.policy == .dropOldest ? dropped : 0)
        sum.dropped += dropped
        sum.refused += lane.pointee.refused.load(ordering: .relaxed)
        sum.depth += max(0, enqueued - taken)
        sum.highWater = max(sum.highWater, lane.pointee.highWater.load(ordering: .relaxed))
    }

    /// Everything that waits, and everything that comes, is refused.
    public override func shut(_ reason: AskFailure) {
        hasReceiver = false
        turn = { runnable, budget in
            let mailbox = unsafeDowncast(runnable, to: Mailbox<Element>.self)
            let more = mailbox.drain(budget) { element in
                mailbox.unavailable.add(1, ordering: .relaxed)
                mailbox.onUndelivered?(reason)
                element.refuse(reason)
                return true
            }
            if mailbox.hasWaiters.load(ordering: .relaxed) { mailbox.callWaiters() }
            return more
        }
        loop.schedule(self)
    }

    public override func discardAll() {
        unbind()
        // Those who wait for room may hold what holds this mailbox.
        waiters.withLock { $0 = [] }
        while drainAll(
            .max,
            { element in
                element.refuse(.unavailable)
                return true
            })
        {}
    }
}
