import CModuleKit
import Synchronization

/// An event loop as actors see it: their executor, their clock, their timers.
///
/// One iteration is all reads, then the turns of everyone who got messages, then all writes: the
/// driver polls, then calls `runReady`. Everything that is not marked "from any thread" belongs to the
/// loop's own thread.
public final class Loop: SerialExecutor, TaskExecutor, @unchecked Sendable {
    /// Number of the loop within its node, from 0; also the lane of senders on this loop.
    public let index: Int
    /// Messages that a mailbox may handle in one turn.
    public let turnBudget: Int
    /// What stands below the loop.
    public let driver: any LoopDriver

    /// Nanoseconds on the monotonic clock, refreshed after each poll and every 64 turns: free to read,
    /// and up to that much behind. Decisions use this; measurements use `preciseNow`.
    @exclusivity(unchecked) public internal(set) var now: UInt64 = 0
    private let turnCount = Atomic<Int>(0)
    @exclusivity(unchecked) @usableFromInline var readyHead: Unmanaged<Runnable>?
    @exclusivity(unchecked) @usableFromInline var readyTail: Unmanaged<Runnable>?
    @usableFromInline let inbox = Atomic<UnsafeMutableRawPointer?>(nil)
    let isAsleep = Atomic<Bool>(true)
    @exclusivity(unchecked) var jobs: [LoopJob] = []
    @exclusivity(unchecked) private var spareJobs: [LoopJob] = []
    private let remoteJobs = Mutex<[LoopJob]>([])
    private let hasRemoteJobs = Atomic<Bool>(false)
    @exclusivity(unchecked) private(set) var unannounced:
        [(Unmanaged<Runnable>, UnsafeMutablePointer<Bool>)] = []
    @exclusivity(unchecked) var timers = TimerQueue()
    @exclusivity(unchecked) private var clockTurn = 0
    @exclusivity(unchecked) var adopted: [Runnable] = []
    @exclusivity(unchecked) var endHooks: [() -> Void] = []
    /// Turns that were replaced in this round.
    @exclusivity(unchecked) private var replaced: [Unmanaged<TurnBody>] = []

    public init(index: Int, driver: any LoopDriver, turnBudget: Int = 64) {
        self.index = index
        self.driver = driver
        self.turnBudget = turnBudget
        now = driver.monotonicNow()
    }

    deinit { releaseReplaced() }

    var address: UnsafeMutableRawPointer { Unmanaged.passUnretained(self).toOpaque() }
    /// Whether the caller runs on this loop. From any thread.
    @inlinable public var isCurrent: Bool {
        souk_current_loop() == Unmanaged.passUnretained(self).toOpaque()
    }
    /// The clock itself (about 25 ns), or virtual time. For measuring, never for deciding.
    public var preciseNow: UInt64 { driver.monotonicNow() }
    /// Nanoseconds since 1970. For what people read, never for measuring spans.
    public var wallNow: UInt64 { driver.wallNow() }
    /// Reads the clock into `now`. Drivers call it after each poll.
    public func refreshNow() { now = driver.monotonicNow() }

    /// Turns given since the start. From any thread.
    public var turns: Int { turnCount.load(ordering: .relaxed) }

    // MARK: giving turns

    /// Runs what waits, at most `limit` turns; answers whether work is left.
    public func runReady(turns limit: Int) -> Bool {
        var left = limit
        fireTimers()
        while left > 0 {
            if inbox.load(ordering: .relaxed) != nil { takeInbox() }
            if hasRemoteJobs.load(ordering: .relaxed) { takeRemoteJobs() }
            if !jobs.isEmpty { runJobs() }
            guard let head = readyHead, let tail = readyTail else {
                if jobs.isEmpty && inbox.load(ordering: .relaxed) == nil { break }
                left &-= 1
                continue
            }
            left &-= runRound(from: head, to: tail)
            if turns &- clockTurn >= 64 {
                clockTurn = turns
                refreshNow()
                fireTimers()
            }
        }
        if !endHooks.isEmpty { runEndHooks() }
        if !unannounced.isEmpty { announceAll() }
        if !replaced.isEmpty { releaseReplaced() }
        return readyHead != nil || !jobs.isEmpty
    }

    /// Keeps what may still be running until the end of the round. On the loop; elsewhere, where
    /// nothing runs, it is let go of at once.
    func releaseLater(_ body: Unmanaged<TurnBody>) {
        if isCurrent { replaced.append(body) } else { body.release() }
    }

    func releaseReplaced() {
        let bodies = replaced
        replaced.removeAll()
        for body in bodies { body.release() }
    }

    /// One turn for each that is ready now; whoever becomes ready meanwhile waits for the next round.
    @inline(__always)
    private func runRound(from head: Unmanaged<Runnable>, to tail: Unmanaged<Runnable>) -> Int {
        let last = tail.toOpaque()
        var current = head
        var given = 0
        while true {
            let isLast = current.toOpaque() == last
            current._withUnsafeGuaranteedRef { runnable in
                readyHead = runnable.next
                if readyHead == nil { readyTail = nil }
                runnable.isScheduled = false
                souk_set_current_work(runnable.label)
                let more = runnable.body._withUnsafeGuaranteedRef { $0.run(runnable, turnBudget) }
                if more { schedule(runnable) }
            }
            given &+= 1
            if !unannounced.isEmpty { announceAll() }
            guard !isLast, let next = readyHead else { break }
            current = next
        }
        souk_set_current_work(nil)
        turnCount.store(turns &+ given, ordering: .relaxed)
        return given
    }

    /// Gives the runnable a turn in the next round. On the loop.
    @inlinable public func schedule(_ runnable: Runnable) {
        if runnable.isScheduled { return }
        runnable.isScheduled = true
        runnable.next = nil
        let node = Unmanaged.passUnretained(runnable)
        if let tail = readyTail {
            tail._withUnsafeGuaranteedRef { $0.next = node }
        } else {
            readyHead = node
        }
        readyTail = node
    }

    /// Runs the body once when the present iteration's turns are over: the place for writes that are
    /// to be gathered. On the loop.
    public func atEndOfIteration(_ body: @escaping () -> Void) { endHooks.append(body) }

    private func runEndHooks() {
        let hooks = endHooks
        endHooks.removeAll(keepingCapacity: true)
        for hook in hooks { hook() }
    }

    // MARK: news from other threads

    /// Another loop's runnable has news; said at the end of the turn. On this loop.
    @usableFromInline @inline(never)
    func announceLater(_ runnable: Runnable, _ flag: UnsafeMutablePointer<Bool>) {
        unannounced.append((Unmanaged.passUnretained(runnable), flag))
    }

    private func announceAll() {
        for (runnable, flag) in unannounced {
            flag.pointee = false
            runnable._withUnsafeGuaranteedRef { $0.loop.announce($0) }
        }
        unannounced.removeAll(keepingCapacity: true)
    }

    /// Says that the runnable has something in a remote lane. From any thread.
    @inlinable public func announce(_ runnable: Runnable) {
        atomicMemoryFence(ordering: .sequentiallyConsistent)
        if runnable.isAnnounced.load(ordering: .relaxed) { return }
        if runnable.isAnnounced.exchange(true, ordering: .acquiringAndReleasing) { return }
        push(runnable)
    }

    @usableFromInline @inline(never) func push(_ runnable: Runnable) {
        let node = Unmanaged.passUnretained(runnable).toOpaque()
        var head = inbox.load(ordering: .relaxed)
        while true {
            runnable.remoteNext = head
            let (done, seen) = inbox.weakCompareExchange(
                expected: head, desired: node, ordering: .sequentiallyConsistent)
            if done { break }
            head = seen
        }
        wakeIfAsleep()
    }

    private func takeInbox() {
        var node = inbox.exchange(nil, ordering: .acquiring)
        var reversed: UnsafeMutableRawPointer?
        while let raw = node {
            let runnable = Unmanaged<Runnable>.fromOpaque(raw).takeUnretainedValue()
            node = runnable.remoteNext
            runnable.remoteNext = reversed
            reversed = raw
        }
        while let raw = reversed {
            let runnable = Unmanaged<Runnable>.fromOpaque(raw).takeUnretainedValue()
            reversed = runnable.remoteNext
            // Cleared before the turn looks at the lanes: a later send announces again.
            runnable.isAnnounced.store(false, ordering: .sequentiallyConsistent)
            schedule(runnable)
        }
        // Counterpart of the fence in `announce`: the lanes are read after the flags were cleared.
        atomicMemoryFence(ordering: .sequentiallyConsistent)
    }

    /// Runs the body on the loop, before the turns of the next round. From any thread.
    public func execute(_ body: @escaping @Sendable () -> Void) { add(.body(body)) }

    private func add(_ job: LoopJob) {
        if isCurrent {
            jobs.append(job)
            return
        }
        remoteJobs.withLock { $0.append(job) }
        hasRemoteJobs.store(true, ordering: .sequentiallyConsistent)
        wakeIfAsleep()
    }

    func takeRemoteJobs() {
        hasRemoteJobs.store(false, ordering: .sequentiallyConsistent)
        remoteJobs.withLock { remote in
            jobs.append(contentsOf: remote)
            remote.removeAll(keepingCapacity: true)
        }
    }

    private func runJobs() {
        swap(&jobs, &spareJobs)
        for job in spareJobs { job.run(on: self) }
        spareJobs.removeAll(keepingCapacity: true)
        if !unannounced.isEmpty { announceAll() }
    }

    // MARK: sleeping

    /// Wakes the driver if the loop sleeps. From any thread.
    public func wakeIfAsleep() {
        guard isAsleep.load(ordering: .sequentiallyConsistent),
            isAsleep.exchange(false, ordering: .acquiringAndReleasing)
        else { return }
        driver.wake(self)
    }

    /// Drivers call it before they block; false if something came meanwhile and they must not.
    public func mayFallAsleep() -> Bool {
        isAsleep.store(true, ordering: .sequentiallyConsistent)
        if !hasRemoteWork { return true }
        isAsleep.store(false, ordering: .relaxed)
        return false
    }

    /// Drivers call it when they are back from blocking.
    public func awoke() {
        isAsleep.store(false, ordering: .relaxed)
        refreshNow()
    }

    /// Whether another thread left something. From any thread.
    public var hasRemoteWork: Bool {
        inbox.load(ordering: .sequentiallyConsistent) != nil
            || hasRemoteJobs.load(ordering: .sequentiallyConsistent)
    }

    // MARK: timers

    /// Runs the body once, `delay` nanoseconds from `now`. On the loop. Actors use `Context.after`,
    /// whose timers end with the actor.
    @discardableResult
    public func after(_ delay: UInt64, _ body: @escaping () -> Void) -> TimerToken {
        let (time, overflow) = now.addingReportingOverflow(delay)
        return timers.insert(at: overflow ? .max : time, body)
    }

    /// Answers whether the timer was still to fire. On the loop.
    @discardableResult
    public func cancel(_ token: TimerToken) -> Bool { timers.remove(token) }

    /// Fires what is due. A timer that is set meanwhile waits for the next time, so that one which
    /// sets itself again without a delay cannot hold the loop.
    private func fireTimers() {
        let last = timers.lastNumber
        while let body = timers.take(dueAt: now, setUpTo: last) { body() }
    }

    /// The time of the earliest timer; nil without one.
    public var earliestTimer: UInt64? { timers.earliest }

    // MARK: executor

    public func enqueue(_ job: consuming ExecutorJob) { add(.job(UnownedJob(job))) }
    public func asUnownedSerialExecutor() -> UnownedSerialExecutor { UnownedSerialExecutor(ordinary: self) }
    public func checkIsolated() {
        precondition(isCurrent, "not on this actor's loop")
    }
    public func isIsolatingCurrentContext() -> Bool? { isCurrent }
    /// Whether the actor's turns run on this loop. From any thread.
    public func executes(_ actor: any Actor) -> Bool {
        // UnownedSerialExecutor is not Equatable; its first word is the executor.
        unsafeBitCast(actor.unownedExecutor, to: (Int, Int).self).0 == Int(bitPattern: address)
    }
}

/// What a loop runs between turns: a piece of a task, or a closure from elsewhere.
enum LoopJob {
    case job(UnownedJob)
    case body(@Sendable () -> Void)

    func run(on loop: Loop) {
        switch self {
        case .job(let job):
            job.runSynchronously(
                isolatedTo: loop.asUnownedSerialExecutor(), taskExecutor: loop.asUnownedTaskExecutor())
        case .body(let body): body()
        }
    }
}
