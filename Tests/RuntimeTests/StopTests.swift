import ModuleKit
import RuntimeTesting
import Testing
import Topology

@testable import Runtime

@Suite struct StopTests {
    let journal = Journal()

    @Test(arguments: [1, 3]) func stopOrderIsTheStartReversed(loops: Int) throws {
        let node = TestNode(
            [
                Recorder.plan("c", journal, to: ["b"]), Recorder.plan("b", journal, to: ["a"]),
                Recorder.plan("a", journal),
            ], loops: loops)
        try node.start()
        journal.clear()
        #expect(node.stop())
        #expect(journal.lines == ["c drains", "c stops", "b drains", "b stops", "a drains", "a stops"])
        #expect(node.node.cells.allSatisfy { $0.state == .stopped })
        #expect(throws: AskFailure.unavailable) { try node.ask("a", CountContract.self, 1) }
    }

    /// The front keeps its client's question until the back has answered; the back is slow.
    @Test func drainWaitsForAnswersUnderWay() throws {
        var back = Recorder.Script()
        back.onAsk = { actor, request, reply in
            actor.context.after(700_000_000, on: actor) { _ in reply(request + 1) }
        }
        var front = Recorder.Script()
        front.onStart = { actor in actor.asker = Asker(actor.link, of: actor) }
        front.onAsk = { actor, request, reply in
            actor.kept.append(reply)
            actor.asker?.ask(request, timeout: 5_000_000_000) { actor, result in
                actor.kept.removeFirst()
                if case .success(let value) = result { reply(value) }
            }
        }
        front.onDrain = { actor, done in actor.waitForKept(done) }
        let node = TestNode(
            [Recorder.plan("front", journal, to: ["back"], front), Recorder.plan("back", journal, back)])
        try node.start()
        let answers = (0..<10).map { node.send("front", CountContract.self, $0) }
        node.world.runReady()
        let begin = node.world.time
        #expect(node.stop())
        #expect(answers.compactMap { try? $0.result?.get() } == Array(1...10))
        #expect(node.world.time - begin >= 700_000_000)
        #expect(node.world.time - begin < 1_000_000_000)
    }

    @Test func drainHasATimeLimitAndTheAskerHearsOfIt() throws {
        var stuck = Recorder.Script()
        stuck.onAsk = { actor, _, reply in actor.kept.append(reply) }
        stuck.onDrain = { _, _ in }
        let node = TestNode(
            [Recorder.plan("b", journal, to: ["a"], stuck), Recorder.plan("a", journal, stuck)],
            drainTime: 2_000_000_000)
        try node.start()
        let pending = node.send("b", CountContract.self, 1)
        node.world.runReady()
        let begin = node.world.time
        #expect(!node.stop())
        #expect(node.world.time - begin <= 2_100_000_000)
        #expect(journal.lines.suffix(4) == ["b drains", "b stops", "a drains", "a stops"])
        #expect(pending.result.map { if case .failure(.dropped) = $0 { true } else { false } } == true)
    }

    @Test func anActorThatFailsWhileItDrainsDoesNotHoldTheStop() throws {
        var script = Recorder.Script()
        script.onDrain = { actor, _ in actor.context.fail(Boom(), while: "drain") }
        let node = TestNode([Recorder.plan("a", journal, script)], drainTime: 60_000_000_000)
        try node.start()
        let begin = node.world.time
        #expect(!node.stop())
        #expect(node.world.time - begin < 1_000_000_000)
    }

    /// What waits for an actor that is between two lives is refused, and the stop does not wait for it.
    @Test func stopWhileAnActorRestartsRefusesWhatWaits() throws {
        var script = Recorder.Script()
        script.onAsk = SupervisionTests.failsAtNegative
        let node = TestNode(
            [Recorder.plan("a", journal, supervision: Supervision(backoff: 30_000_000_000), script)],
            drainTime: 60_000_000_000)
        try node.start()
        let pending = [-1, 1, 2].map { node.send("a", CountContract.self, $0) }
        node.world.run(for: 1_000_000)
        #expect(pending[1].result == nil)
        let begin = node.world.time
        #expect(node.stop())
        #expect(node.world.time - begin < 1_000_000_000)
        #expect(pending.allSatisfy { $0.result != nil })
    }

    @Test func everyCallerOfStopIsAnsweredWhenItIsOver() throws {
        var slow = Recorder.Script()
        slow.onDrain = { actor, done in actor.context.after(500_000_000, on: actor) { _ in done() } }
        let node = TestNode([Recorder.plan("a", journal, slow)])
        try node.start()
        node.node.stop { [journal] _ in journal.add("first caller") }
        node.node.stop { [journal] _ in journal.add("second caller") }
        node.world.run(for: 1_000_000_000)
        #expect(journal.lines.suffix(3) == ["a stops", "first caller", "second caller"])
        #expect(node.stop())
    }
}
