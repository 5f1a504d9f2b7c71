import ModuleKit
import RuntimeTesting
import Synchronization
import Testing
import Topology

@testable import Runtime

@Suite struct SupervisionTests {
    let journal = Journal()

    static let failsAtNegative: Recorder.Handler = { _, request, reply in
        if request < 0 { throw Boom() }
        reply(request * 2)
    }

    func fails(_ node: TestNode, _ name: String) {
        #expect(throws: AskFailure.self) { try node.ask(name, CountContract.self, -1) }
    }

    @Test(arguments: [1, 3]) func startOrderIsThatOfTheLinks(loops: Int) throws {
        let node = TestNode(
            [
                Recorder.plan("c", journal, to: ["b", "a"]), Recorder.plan("b", journal, to: ["a"]),
                Recorder.plan("a", journal),
            ], loops: loops)
        try node.start()
        #expect(journal.lines == ["a starts 1", "b starts 1", "c starts 1"])
    }

    @Test func anActorStartsWhenThoseItNeedsAreReadyAndNotBefore() throws {
        var slow = Recorder.Script()
        slow.onStart = { actor in
            actor.context.becomeReadyLater()
            actor.context.after(5_000_000_000, on: actor) { actor in
                actor.journal.add("a is ready")
                actor.context.becomeReady()
            }
        }
        let node = TestNode(
            [
                Recorder.plan("b", journal, to: ["a"]), Recorder.plan("a", journal, slow),
                Recorder.plan("x", journal),
            ],
            loops: 2)
        try node.start()
        #expect(journal.lines.filter { !$0.hasPrefix("x") } == ["a starts 1", "a is ready", "b starts 1"])
    }

    @Test func startFailureNamesActorAndSetting() throws {
        var bad = Recorder.Script()
        bad.onStart = { _ in throw ModuleError("cannot be used; choose another", setting: "folder") }
        let node = TestNode([Recorder.plan("b", journal, to: ["a"]), Recorder.plan("a", journal, bad)])
        let error = #expect(throws: NodeError.self) { try node.start() }
        #expect(error?.description == "a: setting 'folder': cannot be used; choose another")
        // One that needs it is not started, and what was begun is taken down.
        #expect(journal.lines == ["a starts 1", "a stops"])
        #expect(node.stop())
    }

    @Test func failureInAHandlerBeforeTheActorIsReadyEndsTheStart() throws {
        var bad = Recorder.Script()
        bad.onStart = { actor in
            actor.context.becomeReadyLater()
            actor.context.after(1000, on: actor) { $0.context.fail(Boom(), while: "opening") }
        }
        let node = TestNode([Recorder.plan("a", journal, bad)])
        let error = #expect(throws: NodeError.self) { try node.start() }
        #expect(error?.description == "a: Boom()")
    }

    @Test func anActorThatWasReadyIsSupervisedWhileOthersStillStart() throws {
        var slow = Recorder.Script()
        slow.onStart = { actor in
            actor.context.becomeReadyLater()
            actor.context.after(5_000_000_000, on: actor) { $0.context.becomeReady() }
        }
        var fragile = Recorder.Script()
        fragile.onStart = { actor in
            guard actor.context.incarnation == 1 else { return }
            actor.context.after(1_000_000_000, on: actor) { $0.context.fail(Boom(), while: "timer") }
        }
        let node = TestNode([Recorder.plan("a", journal, fragile), Recorder.plan("b", journal, slow)])
        try node.start()
        #expect(node.node.isReady)
        #expect(node.node.cell("a")?.restartCount == 1)
    }

    @Test func stopWhileStartingTellsWhoWaitsForTheStart() throws {
        var never = Recorder.Script()
        never.onStart = { $0.context.becomeReadyLater() }
        let node = TestNode([Recorder.plan("b", journal, to: ["a"]), Recorder.plan("a", journal, never)])
        let results = Mutex<[String]>([])
        try node.node.start { result in results.withLock { $0.append("\(result)") } }
        node.world.runReady()
        let waiting = node.send("b", CountContract.self, 1)
        #expect(node.stop())
        #expect(results.withLock { $0.count } == 1)
        #expect(results.withLock { $0[0].contains("stopped before") })
        #expect(waiting.result.map { if case .failure(.unavailable) = $0 { true } else { false } } == true)
        #expect(journal.lines == ["a starts 1", "a drains", "a stops"])
    }

    @Test func linkedActorsHearOfDownUpAndFailed() throws {
        var script = Recorder.Script()
        script.onAsk = Self.failsAtNegative
        let node = TestNode([
            Recorder.plan(
                "a", journal,
                supervision: Supervision(restarts: 1, period: 60_000_000_000, backoff: 1_000_000),
                script),
            Recorder.plan("b", journal, to: ["a"]), Recorder.plan("c", journal),
        ])
        try node.start()
        journal.clear()
        fails(node, "a")
        node.world.run(for: 1_000_000_000)
        #expect(journal.lines == ["a stops", "b: a is down", "a starts 2", "b: a is up"])
        journal.clear()
        fails(node, "a")
        node.world.run(for: 1_000_000_000)
        #expect(journal.lines == ["a stops", "b: a has failed"])
    }

    @Test(arguments: [1, 2, 4]) func restForOneRestartsThoseThatDependInTheirOrder(loops: Int) throws {
        var script = Recorder.Script()
        script.onAsk = Self.failsAtNegative
        let supervision = Supervision(strategy: .restForOne, backoff: 1_000_000)
        let node = TestNode(
            [
                Recorder.plan("a", journal, supervision: supervision, script),
                Recorder.plan("b", journal, to: ["a"]), Recorder.plan("c", journal, to: ["b"]),
                Recorder.plan("other", journal),
            ], loops: loops)
        try node.start()
        journal.clear()
        fails(node, "a")
        node.world.run(for: 1_000_000_000)
        let starts = journal.lines.filter { $0.contains("starts") }
        #expect(starts == ["a starts 2", "b starts 2", "c starts 2"])
        #expect(!journal.lines.contains { $0.hasPrefix("other") })
        #expect(node.node.isReady)
        #expect(try node.ask("c", CountContract.self, 3) == 6)
    }

    @Test func dependentsDoNotWaitForOneThatIsGivenUp() throws {
        var script = Recorder.Script()
        script.onStart = { if $0.context.incarnation > 1 { throw Boom() } }
        script.onAsk = Self.failsAtNegative
        let supervision = Supervision(
            strategy: .restForOne, restarts: 2, period: 60_000_000_000, backoff: 1_000_000)
        let node = TestNode([
            Recorder.plan("a", journal, supervision: supervision, script),
            Recorder.plan("b", journal, to: ["a"]),
        ])
        try node.start()
        fails(node, "a")
        node.world.run(for: 10_000_000_000)
        #expect(node.node.cell("a")?.state == .failed)
        #expect(node.node.cell("b")?.state == .ready)
        #expect(try node.ask("b", CountContract.self, 3) == 6)
    }

    @Test func anActorThatFailsAtItsRestartIsNotHandedMessagesInBetween() throws {
        var script = Recorder.Script()
        script.onAsk = Self.failsAtNegative
        script.onStart = { if $0.context.incarnation == 2 { throw Boom() } }
        let node = TestNode([Recorder.plan("a", journal, script)])
        try node.start()
        let first = node.send("a", CountContract.self, -1)
        let waiting = (1...5).map { node.send("a", CountContract.self, $0) }
        node.world.run(for: 1_000_000_000)
        #expect(first.result.map { if case .failure(.dropped) = $0 { true } else { false } } == true)
        #expect(waiting.compactMap { try? $0.result?.get() } == [2, 4, 6, 8, 10])
        #expect(journal.lines == ["a starts 1", "a stops", "a starts 2", "a stops", "a starts 3"])
    }

    @Test func aFreshActorHearsWhatTheShopGivesUpNow() throws {
        var script = Recorder.Script()
        script.onAsk = Self.failsAtNegative
        let node = TestNode([Recorder.plan("a", journal, script)])
        try node.start()
        for level in 1...3 { node.control("a", .degrade(DegradeState(level: level, featuresOff: []))) }
        journal.clear()
        fails(node, "a")
        node.control("a", .degrade(DegradeState(level: 4, featuresOff: [])))
        node.world.run(for: 1_000_000_000)
        #expect(journal.lines == ["a stops", "a starts 2", "a: level 4"])
    }

    @Test func timersOfAFailedActorDoNotFire() throws {
        var script = Recorder.Script()
        script.onAsk = { actor, _, _ in
            actor.context.after(0, on: actor) {
                $0.journal.add("a timer of incarnation \($0.context.incarnation)")
            }
            throw Boom()
        }
        let node = TestNode([Recorder.plan("a", journal, script)])
        try node.start()
        fails(node, "a")
        node.world.run(for: 1_000_000_000)
        #expect(journal.lines == ["a starts 1", "a stops", "a starts 2"])
    }
}
