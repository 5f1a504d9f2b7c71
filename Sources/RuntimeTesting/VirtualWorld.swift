import ModuleKit
import Runtime
import Synchronization

/// Virtual time for any number of loops on one thread: the same loops as in production, driven by hand.
///
/// Nothing happens between calls. `step` runs what is ready; when nothing is, time jumps to the next
/// timer or to the end of the next piece of blocking work.
public final class VirtualWorld: LoopDriver, @unchecked Sendable {
    private struct Work {
        let at: UInt64
        let number: Int
        let done: @Sendable () -> Void
    }
    /// Nanoseconds; begins at one hour, so that "a while ago" is never below zero.
    public private(set) var time: UInt64 = 3_600_000_000_000
    /// Nanoseconds since 1970 at the beginning: 2026-11-11 00:00 UTC.
    public var wallStart: UInt64 = 1_794_355_200_000_000_000
    private var loops: [Loop] = []
    private var works: [Work] = []
    private var workNumber = 0
    /// Chooses among loops that are ready and the length of blocking work.
    public var random: Random
    /// How long blocking work takes, in nanoseconds.
    public var workDuration: ClosedRange<UInt64> = 100_000...500_000

    /// A world at its beginning; the same seed gives the same course.
    public init(seed: UInt64 = 1) {
        random = Random(seed: seed)
    }

    /// A loop that this world drives.
    public func makeLoop(index: Int) -> Loop {
        let loop = Loop(index: index, driver: self)
        loops.append(loop)
        return loop
    }
    /// Lets go of a loop whose node is gone.
    public func remove(_ loop: Loop) { loops.removeAll { $0 === loop } }

    // MARK: driver

    public func wake(_ loop: Loop) {}
    public func monotonicNow() -> UInt64 { time }
    public func wallNow() -> UInt64 { wallStart &+ (time &- 3_600_000_000_000) }

    // MARK: running

    /// Runs everything that is ready now, without letting time pass; answers whether anything ran.
    @discardableResult
    public func runReady() -> Bool {
        var didRun = false
        var isBusy = true
        while isBusy {
            isBusy = false
            for loop in loops where isReady(loop) {
                isBusy = true
                didRun = true
                runOnce(loop)
            }
        }
        return didRun
    }

    private func isReady(_ loop: Loop) -> Bool { loop.hasWork || (loop.earliestTimer ?? .max) <= time }

    private func runOnce(_ loop: Loop) {
        loop.withCurrent {
            loop.setNow(time)
            _ = loop.runReady(turns: 1 + random.below(64))
        }
    }

    /// When something happens next by itself; nil if nothing will.
    public var nextEvent: UInt64? {
        (loops.compactMap(\.earliestTimer) + works.map(\.at)).min()
    }

    /// Lets time pass up to a moment, running everything on the way.
    public func run(until end: UInt64) {
        runReady()
        while let next = nextEvent, next <= end {
            time = max(time, next)
            finishWorks()
            runReady()
        }
        time = max(time, end)
        for loop in loops { loop.setNow(time) }
        runReady()
    }
    /// Lets so many nanoseconds pass.
    public func run(for duration: UInt64) { run(until: time &+ duration) }

    /// Runs until the condition holds; false if `limit` nanoseconds passed without it.
    public func run(limit: UInt64 = 60_000_000_000, until condition: () -> Bool) -> Bool {
        let end = time &+ limit
        runReady()
        while !condition() {
            guard let next = nextEvent, next <= end else { return false }
            time = max(time, next)
            finishWorks()
            runReady()
        }
        return true
    }

    private func finishWorks() {
        let due = works.filter { $0.at <= time }.sorted { ($0.at, $0.number) < ($1.at, $1.number) }
        works.removeAll { $0.at <= time }
        for work in due { work.done() }
    }

    // MARK: blocking work

    /// Does the work now; what it did is seen only after virtual time has passed.
    func submit(after start: UInt64, _ work: () -> Void, done: @escaping @Sendable () -> Void) -> UInt64 {
        work()
        let span = workDuration.upperBound - workDuration.lowerBound
        let length = workDuration.lowerBound + (span == 0 ? 0 : random.next() % (span + 1))
        let end = max(start, time) &+ length
        workNumber += 1
        works.append(Work(at: end, number: workNumber, done: done))
        return end
    }
    /// Forgets all blocking work that is under way: its node has died.
    func forgetWorks() { works.removeAll() }
}

/// A worker whose work takes virtual time.
final class VirtualWorker: Worker, @unchecked Sendable {
    private unowned let world: VirtualWorld
    private var busyUntil: UInt64 = 0
    private var isStopped = false

    init(_ world: VirtualWorld) {
        self.world = world
    }
    func submit(_ work: @escaping @Sendable () -> Void, done: @escaping @Sendable () -> Void) {
        guard !isStopped else { return }
        busyUntil = world.submit(after: busyUntil, work) { [weak self] in
            if self?.isStopped == false { done() }
        }
    }
    func stop() { isStopped = true }
}
