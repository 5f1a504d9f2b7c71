import Glibc
import ModuleKit
import RuntimeTesting
import Synchronization
import Testing
import Topology

@testable import Runtime

/// A node on the system itself: threads, libuv, the clock.
@Suite(.serialized) struct SystemNodeTests {
    /// Entries of a folder of /proc.
    func count(_ path: String) -> Int {
        guard let folder = opendir(path) else { return -1 }
        defer { closedir(folder) }
        var count = 0
        while readdir(folder) != nil { count += 1 }
        return count
    }

    /// Bytes that are resident.
    func resident() -> Int {
        guard let file = fopen("/proc/self/statm", "r") else { return 0 }
        defer { fclose(file) }
        var text = [CChar](repeating: 0, count: 128)
        guard fgets(&text, 128, file) != nil else { return 0 }
        let fields = String(decoding: text.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
            .split(separator: " ")
        return (fields.count > 1 ? Int(fields[1]) ?? 0 : 0) * 4096
    }

    /// Waits for what another thread sets.
    final class Signal: @unchecked Sendable {
        private let semaphore = UnsafeMutablePointer<sem_t>.allocate(capacity: 1)
        private let isGood = Mutex(false)

        init() { sem_init(semaphore, 0, 0) }
        deinit {
            sem_destroy(semaphore)
            semaphore.deallocate()
        }
        func set(_ good: Bool) {
            isGood.withLock { $0 = good }
            sem_post(semaphore)
        }
        /// False after twenty seconds.
        func wait() -> Bool {
            var end = timespec()
            clock_gettime(CLOCK_REALTIME, &end)
            end.tv_sec += 20
            return sem_timedwait(semaphore, &end) == 0 && isGood.withLock { $0 }
        }
    }

    /// Asks its link three questions at its start; is ready when all are answered.
    static func asking(_ answered: Signal) -> Recorder.Script {
        var script = Recorder.Script()
        script.onStart = { actor in
            actor.asker = Asker(actor.link, of: actor)
            actor.context.spawn(on: actor) { actor in
                for number in 0..<3 {
                    let answer = try await actor.asker?.ask(number, timeout: 10_000_000_000, isolation: actor)
                    if answer != 2 * number { return answered.set(false) }
                }
                answered.set(true)
            }
            actor.context.every(1_000_000, on: actor) { _ in }
            actor.context.blocking(for: actor, { 1 }, then: { _, _ in })
            actor.context.worker(named: "test").submit({}, done: {})
        }
        return script
    }

    /// One life of a node: started, used, stopped or not, freed.
    func live(stops: Bool) throws -> Bool {
        weak var last: Node?
        weak var actor: Recorder?
        guard try use(stops: stops, { (last, actor) = ($0, $0.cell("front")?.module as? Recorder) }) else {
            return false
        }
        return last == nil && actor == nil
    }

    func use(stops: Bool, _ look: (Node) -> Void) throws -> Bool {
        let journal = Journal()
        let answered = Signal()
        let plan = NodePlan(actors: [
            Recorder.plan("front", journal, to: ["back"], loop: 0, Self.asking(answered)),
            Recorder.plan("back", journal, loop: 1),
        ])
        let environment = try SystemEnvironment(loops: 2, seed: 1)
        let node = Node(plan, in: environment, logs: LogOutput(sink: RecordingLogSink()))
        let started = Signal()
        try node.start { result in started.set((try? result.get()) != nil) }
        guard started.wait(), answered.wait() else { return false }
        look(node)
        if stops {
            let stopped = Signal()
            node.stop { stopped.set($0) }
            guard stopped.wait() else { return false }
        }
        node.close()
        return true
    }

    @Test(arguments: [true, false]) func aHundredLivesLeaveNothingBehind(stops: Bool) throws {
        for _ in 0..<10 { #expect(try live(stops: stops)) }
        let before = (count("/proc/self/fd"), count("/proc/self/task"), resident())
        for _ in 0..<100 { #expect(try live(stops: stops)) }
        // Tests of other suites run beside this one and have descriptors of their own.
        let growth = (
            count("/proc/self/fd") - before.0, count("/proc/self/task") - before.1, resident() - before.2
        )
        #expect(growth.0 < 50)
        #expect(growth.1 < 50)
        // Roughly: a sanitizer keeps for a while what was freed.
        #expect(growth.2 < 256 << 20)
    }

    @Test func nodeAndActorsAreFreed() throws {
        weak var node: Node?
        weak var environment: SystemEnvironment?
        do {
            let system = try SystemEnvironment(loops: 2, seed: 1)
            let fresh = Node(
                NodePlan(actors: [Recorder.plan("a", Journal())]), in: system,
                logs: LogOutput(sink: RecordingLogSink()))
            let started = Signal()
            try fresh.start { result in started.set((try? result.get()) != nil) }
            #expect(started.wait())
            node = fresh
            environment = system
            fresh.close()
        }
        #expect(node == nil)
        #expect(environment == nil)
    }

    /// News for a loop that has ended is lost and does not end the process.
    @Test func aLoopThatHasEndedMayBeSentTo() throws {
        let environment = try SystemEnvironment(loops: 1, seed: 1)
        let loop = environment.loops[0]
        try environment.start()
        environment.stop()
        for _ in 0..<3 {
            _ = loop.mayFallAsleep()
            loop.execute {}
        }
        environment.stop()
    }

    @Test func anEnvironmentThatNeverRanIsFreed() throws {
        let before = count("/proc/self/fd")
        for _ in 0..<50 { _ = try SystemEnvironment(loops: 2, seed: 1) }
        #expect(count("/proc/self/fd") - before < 50)
    }
}
