import ModuleKit
import RuntimeTesting
import Testing
import Topology

@testable import Runtime

struct Boom: Error {}

enum CountContract: Contract {
    typealias Request = Int
    typealias Response = Int
    static let identity = ContractIdentity("count")
}

@Suite struct NodeTests {
    /// Doubles what it is asked; throws at negative numbers.
    static func doubler(_ name: String = "doubler", supervision: Supervision = Supervision()) -> ActorPlan {
        var plan = ActorPlan.fake(name, CountContract.self) { actor, request, _, reply in
            if request < 0 { throw Boom() }
            actor.count += 1
            reply(request * 2)
        }
        plan.supervision = supervision
        return plan
    }

    @Test(arguments: [1, 2, 3]) func asksAreAnswered(loops: Int) throws {
        let node = TestNode([Self.doubler()], loops: loops)
        try node.start()
        #expect(node.node.isReady)
        for value in 0..<100 { #expect(try node.ask("doubler", CountContract.self, value) == value * 2) }
        #expect(node.stop())
    }

    @Test func actorThatThrowsIsReplacedWithFreshState() throws {
        let node = TestNode([Self.doubler()])
        try node.start()
        _ = try node.ask("doubler", CountContract.self, 1)
        #expect(throws: AskFailure.self) { try node.ask("doubler", CountContract.self, -1) }
        #expect(try node.ask("doubler", CountContract.self, 4) == 8)
        let cell = try #require(node.node.cell("doubler"))
        #expect(cell.restarts.load(ordering: .relaxed) == 1)
        #expect(cell.state == .ready)
        let line = try #require(node.log.lines.first { $0.message == "actor failed" })
        #expect(line.fields.map(\.value) == ["doubler", "fake-doubler", "count", "Boom()"])
    }

    @Test func tooManyRestartsMarkTheActorFailedAndTheOthersGoOn() throws {
        let supervision = Supervision(restarts: 3, period: 60_000_000_000, backoff: 1_000_000)
        let node = TestNode([Self.doubler("a", supervision: supervision), Self.doubler("b")])
        try node.start()
        for _ in 0..<4 {
            #expect(throws: AskFailure.self) { try node.ask("a", CountContract.self, -1) }
            node.world.run(for: 1_000_000_000)
        }
        #expect(node.node.cell("a")?.state == .failed)
        #expect(throws: AskFailure.unavailable) { try node.ask("a", CountContract.self, 1) }
        #expect(try node.ask("b", CountContract.self, 1) == 2)
        #expect(!node.node.isReady)
    }

    @Test func expiredWorkIsNotStarted() throws {
        let node = TestNode([Self.doubler()])
        try node.start()
        let past = node.world.time - 1
        #expect(throws: AskFailure.expired) {
            try node.ask("doubler", CountContract.self, 1, Delivery(deadline: past))
        }
        #expect(node.node.deadLetters.entries.map(\.reason) == [.expired])
        #expect(node.node.cell("doubler")?.counters().expired == 1)
    }

    @Test func nodeIsFreedWholeAHundredTimes() throws {
        weak var last: Node?
        for _ in 0..<100 {
            let node = TestNode([Self.doubler("a"), Self.doubler("b")], loops: 2)
            try node.start()
            _ = try node.ask("b", CountContract.self, 1)
            _ = node.send("a", CountContract.self, 1)
            last = node.node
            node.close()
        }
        #expect(last == nil)
    }
}
