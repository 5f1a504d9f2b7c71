import EventLoop
import Glibc
import RuntimeTesting
import Synchronization
import Testing

@testable import ModuleKit

/// A letter that notes what becomes of it.
struct NotedLetter: ~Copyable, Letter {
    let number: Int
    let notes: Notes
    consuming func refuse(_ reason: AskFailure) { notes.refused.withLock { $0.append((number, reason)) } }
}

final class Notes: Sendable {
    let refused = Mutex<[(Int, AskFailure)]>([])
    let heard = Mutex<[Int]>([])
}

actor Ear {
    nonisolated let loop: Loop
    nonisolated var unownedExecutor: UnownedSerialExecutor { loop.asUnownedSerialExecutor() }
    init(_ loop: Loop) { self.loop = loop }
}

@Suite struct MailboxTests {
    let world = VirtualWorld(seed: 1)
    let notes = Notes()

    func mailbox(on loop: Loop, _ options: MailboxOptions, bound: Bool = true) -> Mailbox<NotedLetter> {
        let mailbox = Mailbox<NotedLetter>(on: loop, options: options)
        if bound { bind(mailbox) }
        return mailbox
    }
    func bind(_ mailbox: Mailbox<NotedLetter>) {
        mailbox.bind(
            to: Ear(mailbox.loop),
            receive: { _, letter in
                let number = letter.number
                letter.notes.heard.withLock { $0.append(number) }
                return true
            }, settle: { _ in })
    }
    func send(
        _ numbers: Range<Int>, to mailbox: Mailbox<NotedLetter>, from loop: Loop?,
        _ criticality: Criticality = .normal
    )
        -> [SendResult]
    {
        let body = { numbers.map { mailbox.send(NotedLetter(number: $0, notes: notes), criticality) } }
        return loop.map { $0.withCurrent(body) } ?? body()
    }

    @Test(arguments: ["own", "other", "outside"], FullPolicy.allCases)
    func fullLaneFollowsItsPolicy(_ sender: String, _ policy: FullPolicy) {
        let (own, other) = (world.makeLoop(index: 0), world.makeLoop(index: 1))
        let mailbox = mailbox(on: own, MailboxOptions(capacity: 64, policy: policy), bound: false)
        let from = sender == "own" ? own : sender == "other" ? other : nil
        let results = send(0..<100, to: mailbox, from: from)
        world.runReady()
        bind(mailbox)
        world.runReady()
        let heard = notes.heard.withLock { $0 }
        let refused = notes.refused.withLock { $0 }
        #expect(heard.count == 64)
        #expect(refused.count == 36)
        switch policy {
        case .refuse, .backPressure:
            #expect(heard == Array(0..<64))
            #expect(results[64...].allSatisfy { if case .full = $0 { true } else { false } })
            #expect(refused.allSatisfy { $0.1 == .refused })
            #expect(mailbox.counters().refused == 36)
        case .dropNewest:
            #expect(heard == Array(0..<64))
            #expect(refused.allSatisfy { $0.1 == .dropped })
            #expect(mailbox.counters().dropped == 36)
        case .dropOldest:
            #expect(heard == Array(36..<100))
            #expect(refused.map(\.0) == Array(0..<36))
            #expect(mailbox.counters().dropped == 36)
        }
        #expect(mailbox.counters().processed == 64)
        #expect(mailbox.counters().depth == 0)
    }

    @Test func criticalGoesFirstAndNobodyStarves() {
        let loop = world.makeLoop(index: 0)
        let mailbox = mailbox(on: loop, MailboxOptions(capacity: 1024), bound: false)
        for (offset, criticality) in Criticality.allCases.enumerated().reversed() {
            _ = send((offset * 1000)..<(offset * 1000 + 200), to: mailbox, from: loop, criticality)
        }
        bind(mailbox)
        loop.withCurrent { _ = loop.runReady(turns: 1) }
        let first = notes.heard.withLock { $0 }
        #expect(first.prefix(64).allSatisfy { $0 < 200 })
        for criticality in 1...3 {
            #expect(first.filter { $0 / 1000 == criticality }.count == 4)
        }
        world.runReady()
        #expect(notes.heard.withLock { $0.count } == 800)
    }

    @Test func waitersAreCalledWhenHalfIsEmpty() {
        let loop = world.makeLoop(index: 0)
        let mailbox = mailbox(on: loop, MailboxOptions(capacity: 64, policy: .backPressure), bound: false)
        _ = send(0..<64, to: mailbox, from: loop)
        #expect(loop.withCurrent { !mailbox.hasRoom() })
        let called = Atomic<Bool>(false)
        mailbox.whenRoom { called.store(true, ordering: .relaxed) }
        world.runReady()
        let isCalledEarly = called.load(ordering: .relaxed)
        #expect(!isCalledEarly)
        bind(mailbox)
        world.runReady()
        let isCalled = called.load(ordering: .relaxed)
        #expect(isCalled)
    }

    @Test func shutMailboxRefusesWhatWaitsAndWhatComes() {
        let loop = world.makeLoop(index: 0)
        let mailbox = mailbox(on: loop, MailboxOptions(), bound: false)
        _ = send(0..<3, to: mailbox, from: loop)
        loop.withCurrent { mailbox.shut(.unavailable) }
        world.runReady()
        _ = send(3..<5, to: mailbox, from: loop)
        world.runReady()
        #expect(notes.refused.withLock { $0.map(\.0) } == [0, 1, 2, 3, 4])
        #expect(mailbox.counters().unavailable == 5)
        #expect(mailbox.counters().processed == 0)
    }

    @Test func waitingTimesAreSampled() {
        let loop = world.makeLoop(index: 0)
        let mailbox = mailbox(on: loop, MailboxOptions(capacity: 1024), bound: false)
        _ = send(0..<1, to: mailbox, from: loop)
        world.run(for: 5_000_000)
        bind(mailbox)
        world.runReady()
        let p50 = MailboxCounters.quantile(0.5, of: mailbox.counters().waits)
        #expect(p50 >= 5_000_000 && p50 <= 16_777_216)
    }

    /// Two loops and three threads send into a small mailbox on real threads.
    @Test func eachSenderStaysInOrderAcrossThreads() throws {
        let count = 20_000
        let loops = try (0..<3).map { try LoopThread(index: $0) }
        let mailbox = Mailbox<NotedLetter>(on: loops[0].loop, options: MailboxOptions(capacity: 256))
        let last = Mutex([Int](repeating: -1, count: 5))
        let total = Atomic<Int>(0)
        let disorder = Atomic<Int>(0)
        mailbox.bind(
            to: Ear(loops[0].loop),
            receive: { _, letter in
                let (sender, number) = (letter.number / 1_000_000, letter.number % 1_000_000)
                last.withLock {
                    if number <= $0[sender] { disorder.add(1, ordering: .relaxed) }
                    $0[sender] = number
                }
                total.add(1, ordering: .relaxed)
                return true
            }, settle: { _ in })
        for loop in loops { try loop.start() }
        @Sendable func produce(_ sender: Int, _ next: Int) -> Int {
            var next = next
            while next < count {
                guard
                    case .accepted = mailbox.send(
                        NotedLetter(number: sender * 1_000_000 + next, notes: notes))
                else { return next }
                next += 1
            }
            return next
        }
        @Sendable func onLoop(_ sender: Int, _ loop: Loop, _ next: Int) {
            let next = produce(sender, next)
            if next < count { loop.execute { onLoop(sender, loop, next) } }
        }
        for (sender, loop) in loops.enumerated() {
            let target: Loop = loop.loop
            target.execute { onLoop(sender, target, 0) }
        }
        let threads = (3..<5).map { sender in
            let body: @Sendable () -> Void = {
                var next = 0
                while next < count {
                    next = produce(sender, next)
                    sched_yield()
                }
            }
            return TestThread(body)
        }
        for thread in threads { thread.join() }
        let deadline = loops[0].monotonicNow() + 30_000_000_000
        while total.load(ordering: .relaxed) < 5 * count && loops[0].monotonicNow() < deadline {
            sched_yield()
        }
        for loop in loops { loop.stop() }
        let (heard, outOfOrder) = (total.load(ordering: .relaxed), disorder.load(ordering: .relaxed))
        #expect(heard == 5 * count)
        #expect(outOfOrder == 0)
        #expect(mailbox.counters().processed == 5 * count)
    }
}

/// A thread of a test.
final class TestThread {
    private var thread = pthread_t()

    init(_ body: @escaping @Sendable () -> Void) {
        let box = Unmanaged.passRetained(Body(body)).toOpaque()
        pthread_create(
            &thread, nil,
            { context in
                if let context { Unmanaged<Body>.fromOpaque(context).takeRetainedValue().body() }
                return nil
            }, box)
    }
    func join() { pthread_join(thread, nil) }

    private final class Body: Sendable {
        let body: @Sendable () -> Void
        init(_ body: @escaping @Sendable () -> Void) { self.body = body }
    }
}
