import ModuleKit
import RuntimeTesting
import Synchronization
import Testing
import Topology

@testable import Runtime

/// A contract that no actor of these tests serves.
enum UnservedContract: Contract {
    typealias Request = Int
    typealias Response = Int
    static let identity = ContractIdentity("unserved")
}

/// Every question gets one answer, whatever becomes of the actors.
@Suite struct QuestionTests {
    let journal = Journal()

    /// Keeps questions until it is told 0, then answers all.
    static func keeper() -> Recorder.Script {
        var script = Recorder.Script()
        script.onAsk = { actor, request, reply in
            if request == 0 {
                for (index, kept) in actor.kept.enumerated() { kept(index) }
                actor.kept = []
                reply(0)
            } else {
                actor.kept.append(reply)
            }
        }
        return script
    }

    @Test(arguments: [1, 3]) func restartKeepsWhatWaits(loops: Int) throws {
        var script = Recorder.Script()
        script.onAsk = SupervisionTests.failsAtNegative
        let node = TestNode([Recorder.plan("a", journal, script)], loops: loops)
        try node.start()
        let pending = [1, -1, 2, 3].map { node.send("a", CountContract.self, $0) }
        for index in 0..<50 { node.tell("a", CountContract.self, index) }
        node.world.run(for: 1_000_000_000)
        #expect(pending.map { try? $0.result?.get() } == [2, nil, 4, 6])
        #expect(node.node.cell("a")?.counters().processed == 54)
        #expect(node.node.cell("a")?.counters().depth == 0)
    }

    /// After an actor has thrown it gets nothing of its other lanes in the same turn either.
    @Test func messagesOfOtherLanesWaitForTheNextIncarnation() throws {
        var script = Recorder.Script()
        script.onAsk = { actor, request, reply in
            actor.journal.add("\(actor.context.incarnation) gets \(request)")
            if request < 0 { throw Boom() }
            reply(request)
        }
        let node = TestNode([Recorder.plan("a", journal, script)])
        try node.start()
        journal.clear()
        let pending = [
            node.send("a", CountContract.self, -1, Delivery(criticality: .critical)),
            node.send("a", CountContract.self, 1),
            node.send("a", CountContract.self, 2, Delivery(criticality: .background)),
        ]
        node.world.run(for: 1_000_000_000)
        #expect(journal.lines.filter { $0.contains("gets") } == ["1 gets -1", "2 gets 1", "2 gets 2"])
        #expect(pending.map { try? $0.result?.get() } == [nil, 1, 2])
    }

    @Test func answersToAnOlderIncarnationAreNotDelivered() throws {
        var front = Recorder.Script()
        front.onStart = { actor in
            actor.link.onAnswer(of: actor) { actor, tag, result in
                actor.journal.add("incarnation \(actor.context.incarnation): \(tag) \(result)")
            }
        }
        front.onAsk = { actor, request, reply in
            if request < 0 { throw Boom() }
            _ = actor.link.ask(request, tag: UInt32(request))
            reply(actor.link.questionsUnderWay)
        }
        let node = TestNode([
            Recorder.plan("front", journal, to: ["back"], front),
            Recorder.plan("back", journal, Self.keeper()),
        ])
        try node.start()
        for number in 1...3 { #expect(try node.ask("front", CountContract.self, number) == number) }
        #expect(throws: AskFailure.self) { try node.ask("front", CountContract.self, -1) }
        node.world.run(for: 1_000_000_000)
        // The slots of the questions that the first one left are still taken.
        #expect(try node.ask("front", CountContract.self, 4) == 4)
        journal.clear()
        _ = try node.ask("back", CountContract.self, 0)
        node.world.runReady()
        #expect(journal.lines == ["incarnation 2: 4 success(3)"])
        #expect(try node.ask("front", CountContract.self, 5) == 1)
    }

    /// Questions of the old incarnation fill all slots: the new one may not ask until answers come, and
    /// no answer is lost for want of room.
    @Test func slotsOfAnOlderIncarnationAreNotGivenTwice() throws {
        let limit = 4096
        var front = Recorder.Script()
        front.onStart = { actor in
            actor.link.onAnswer(of: actor) { actor, _, _ in actor.journal.add("answer") }
        }
        front.onAsk = { actor, request, reply in
            if request < 0 { throw Boom() }
            var asked = 0
            for _ in 0..<request where actor.link.ask(1, tag: 1) { asked += 1 }
            reply(asked)
        }
        let node = TestNode([
            Recorder.plan("front", journal, to: ["back"], front),
            Recorder.plan("back", journal, mailbox: MailboxOptions(capacity: 2 * limit), Self.keeper()),
        ])
        try node.start()
        #expect(try node.ask("front", CountContract.self, limit - 10) == limit - 10)
        #expect(throws: AskFailure.self) { try node.ask("front", CountContract.self, -1) }
        node.world.run(for: 1_000_000_000)
        #expect(try node.ask("front", CountContract.self, limit) == 10)
        journal.clear()
        _ = try node.ask("back", CountContract.self, 0)
        node.world.runReady()
        #expect(journal.lines.count == 10)
        #expect(try node.ask("front", CountContract.self, limit) == limit)
    }

    @Test func askersTimeOutAndALateAnswerIsNotTakenForAnother() throws {
        var front = Recorder.Script()
        front.onStart = { actor in actor.asker = Asker(actor.link, of: actor) }
        front.onAsk = { actor, request, reply in
            actor.asker?.ask(request, timeout: 1_000_000_000) { actor, result in
                actor.journal.add("\(request): \(result)")
            }
            reply(0)
        }
        let node = TestNode([
            Recorder.plan("front", journal, to: ["back"], front),
            Recorder.plan("back", journal, Self.keeper()),
        ])
        try node.start()
        journal.clear()
        _ = try node.ask("front", CountContract.self, 7)
        node.world.run(for: 900_000_000)
        #expect(journal.lines == [])
        node.world.run(for: 200_000_000)
        #expect(journal.lines == ["7: \(Result<Int, AskFailure>.failure(.timedOut))"])
        journal.clear()
        // The late answer to 7 comes first, then that to 8.
        _ = try node.ask("front", CountContract.self, 8)
        _ = try node.ask("back", CountContract.self, 0)
        node.world.runReady()
        #expect(journal.lines == ["8: success(1)"])
        // Nothing is left: no timer goes on.
        node.world.run(for: 100_000_000)
        #expect(node.node.cell("front")?.loop.timerCount == 0)
    }

    @Test func questionsOfAnActorThatIsTakenOutEnd() throws {
        var front = Recorder.Script()
        front.onStart = { actor in actor.asker = Asker(actor.link, of: actor) }
        front.onAsk = { actor, request, reply in
            guard request >= 0 else { throw Boom() }
            let incarnation = actor.context.incarnation
            actor.asker?.ask(request, timeout: 60_000_000_000) { actor, result in
                if case .failure(let failure) = result {
                    actor.journal.add("closure \(incarnation): \(failure)")
                }
            }
            // No such target: answered later, or at the end.
            actor.asker?.ask(request, of: 5, timeout: 60_000_000_000) { actor, result in
                if case .failure(let failure) = result {
                    actor.journal.add("nobody \(incarnation): \(failure)")
                }
            }
            actor.context.spawn(on: actor) { actor in
                for _ in 0..<2 {
                    do throws(AskFailure) {
                        _ = try await actor.asker?.ask(request, timeout: 60_000_000_000, isolation: actor)
                    } catch {
                        actor.journal.add("task \(incarnation): \(error)")
                    }
                }
            }
            reply(0)
        }
        let node = TestNode([
            Recorder.plan("front", journal, to: ["back"], front),
            Recorder.plan("back", journal, Self.keeper()),
        ])
        try node.start()
        _ = try node.ask("front", CountContract.self, 1)
        journal.clear()
        #expect(throws: AskFailure.self) { try node.ask("front", CountContract.self, -1) }
        node.world.run(for: 1_000_000_000)
        let gone = "\(AskFailure.unavailable)"
        #expect(journal.lines.filter { $0.hasPrefix("task") } == ["task 1: \(gone)", "task 1: \(gone)"])
        #expect(journal.lines.filter { $0.hasPrefix("closure") } == ["closure 1: \(gone)"])
    }

    /// A node that ends at any moment frees actors whose tasks wait.
    @Test func tasksThatWaitDoNotKeepTheNode() throws {
        weak var last: Node?
        weak var actor: Recorder?
        do {
            var front = Recorder.Script()
            front.onStart = { actor in actor.asker = Asker(actor.link, of: actor) }
            front.onAsk = { actor, request, reply in
                actor.context.spawn(on: actor) { actor in
                    _ = try? await actor.asker?.ask(request, timeout: 60_000_000_000, isolation: actor)
                    _ = try? await actor.asker?.ask(request, timeout: 60_000_000_000, isolation: actor)
                }
                reply(0)
            }
            let node = TestNode(
                [
                    Recorder.plan("front", journal, to: ["back"], front),
                    Recorder.plan("back", journal, Self.keeper()),
                ], loops: 2)
            try node.start()
            _ = try node.ask("front", CountContract.self, 1)
            // Something that another thread left for a loop.
            let kept = node.node
            kept.cell("front")?.control(.degrade(.normal))
            last = node.node
            actor = node.node.cell("front")?.module as? Recorder
            #expect(actor != nil)
            node.close()
        }
        #expect(actor == nil)
        #expect(last == nil)
    }

    @Test func aContractThatIsNotServedIsRefusedAtOnce() throws {
        let node = TestNode([Recorder.plan("a", journal)])
        try node.start()
        let begin = node.world.time
        #expect(throws: AskFailure.unavailable) { try node.ask("a", UnservedContract.self, 1) }
        #expect(throws: AskFailure.unavailable) { try node.ask("a", UnservedContract.self, 2) }
        #expect(node.world.time == begin)
    }

    @Test func aTimerWithoutDelayDoesNotHoldTheLoop() throws {
        var script = Recorder.Script()
        script.onAsk = { actor, request, reply in
            actor.setTimersWithoutDelay(1000)
            actor.context.after(0, on: actor) { _ in reply(request) }
        }
        let node = TestNode([Recorder.plan("a", journal, script)])
        try node.start()
        let pending = node.send("a", CountContract.self, 1)
        let loop = try #require(node.node.cell("a")?.loop)
        node.environment.home.withCurrent { _ = node.environment.home.runReady(turns: 1) }
        loop.withCurrent { _ = loop.runReady(turns: 8) }
        #expect(loop.timerCount > 0)
        loop.withCurrent { _ = loop.runReady(turns: 8) }
        #expect(loop.timerCount == 1)
        node.world.runReady()
        #expect(pending.result != nil)
    }

    @Test func linksThatAreAbsentTakeNoQuestion() throws {
        var script = Recorder.Script()
        script.onAsk = { actor, _, reply in
            let hasRoom = actor.link.hasRoom() || actor.link.hasRoom(-1)
            let isAsked = actor.link.ask(1, tag: 1) || actor.link.ask(1, tag: 1, of: -1)
            reply(hasRoom || isAsked ? 1 : 0)
        }
        let node = TestNode([Recorder.plan("a", journal, script)])
        try node.start()
        #expect(try node.ask("a", CountContract.self, 1) == 0)
    }
}
