import Glibc
import ModuleKit
import Synchronization
import Testing

@testable import EventLoop

/// Waits for a condition that another thread makes true; false after ten seconds.
func eventually(_ condition: () -> Bool) -> Bool {
    let end = Clock.monotonic() + 10_000_000_000
    while !condition() {
        if Clock.monotonic() > end { return false }
        usleep(200)
    }
    return true
}

/// Descriptors of the process that are open.
func openDescriptors() -> Int { (try? FileSystemDisk().list("/proc/self/fd").count) ?? -1 }

@Suite(.serialized) struct LoopThreadTests {
    @Test func workFromOtherThreadsRunsOnTheLoopInOrder() throws {
        let thread = try LoopThread(index: 0)
        try thread.start()
        let loop: Loop = thread.loop
        let seen = Mutex<[Int]>([])
        let isElsewhere = Mutex(false)
        for number in 0..<1000 {
            loop.execute {
                seen.withLock { $0.append(number) }
                if !loop.isCurrent { isElsewhere.withLock { $0 = true } }
            }
        }
        #expect(eventually { seen.withLock { $0.count } == 1000 })
        #expect(seen.withLock { $0 } == Array(0..<1000))
        #expect(!isElsewhere.withLock { $0 })
        thread.stop()
    }

    @Test func timersFireInOrderAndNotEarly() throws {
        let thread = try LoopThread(index: 0)
        try thread.start()
        let loop: Loop = thread.loop
        let fired = Mutex<[(wanted: UInt64, early: Bool)]>([])
        loop.execute {
            for delay: UInt64 in [30, 1, 10, 20, 0, 5] {
                let begin = loop.preciseNow
                let due = loop.now + delay * 1_000_000
                loop.after(delay * 1_000_000) {
                    let isEarly = loop.preciseNow < due && loop.preciseNow < begin + delay * 1_000_000
                    fired.withLock { $0.append((delay, isEarly)) }
                }
            }
            let cancelled = loop.after(2_000_000) { fired.withLock { $0.append((99, true)) } }
            #expect(loop.cancel(cancelled))
        }
        #expect(eventually { fired.withLock { $0.count } == 6 })
        #expect(fired.withLock { $0.map(\.wanted) } == [0, 1, 5, 10, 20, 30])
        #expect(fired.withLock { $0.allSatisfy { !$0.early } })
        thread.stop()
    }

    @Test func blockingWorkComesBackToTheLoop() throws {
        let thread = try LoopThread(index: 0)
        try thread.start()
        let loop: Loop = thread.loop
        let result = Mutex<(Bool, Bool)?>(nil)
        let wasOnLoop = Mutex(true)
        thread.blocking({ wasOnLoop.withLock { $0 = loop.isCurrent } }) {
            result.withLock { $0 = (loop.isCurrent, wasOnLoop.withLock { $0 }) }
        }
        #expect(eventually { result.withLock { $0 != nil } })
        #expect(result.withLock { $0?.0 } == true)
        #expect(result.withLock { $0?.1 } == false)
        thread.stop()
    }

    @Test func workerKeepsTheOrderAndFinishesBeforeItStops() {
        let worker = ThreadWorker(name: "test")
        let seen = Mutex<[Int]>([])
        for number in 0..<500 {
            worker.submit({ seen.withLock { $0.append(2 * number) } }) {
                seen.withLock { $0.append(2 * number + 1) }
            }
        }
        worker.stop()
        #expect(seen.withLock { $0 } == Array(0..<1000))
    }

    @Test func aHundredLoopsLeaveNoDescriptors() throws {
        let before = openDescriptors()
        for _ in 0..<100 {
            let thread = try LoopThread(index: 0)
            try thread.start()
            thread.stop()
        }
        #expect(openDescriptors() <= before + 1)
    }

    @Test func aTaskOnAnActorOfTheLoopStaysThere() throws {
        let thread = try LoopThread(index: 0)
        try thread.start()
        let actor = Resident(thread.loop)
        let wasHome = Mutex<[Bool]>([])
        Task(executorPreference: thread.loop) {
            for _ in 0..<10 {
                let isHome = await actor.isHome()
                wasHome.withLock { $0.append(isHome) }
            }
        }
        #expect(eventually { wasHome.withLock { $0.count } == 10 })
        #expect(wasHome.withLock { $0.allSatisfy { $0 } })
        thread.stop()
    }
}

actor Resident {
    nonisolated let loop: Loop
    nonisolated var unownedExecutor: UnownedSerialExecutor { loop.asUnownedSerialExecutor() }
    init(_ loop: Loop) { self.loop = loop }
    func isHome() async -> Bool {
        await Task.yield()
        return loop.isCurrent
    }
}
