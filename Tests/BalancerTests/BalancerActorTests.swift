import ModuleKit
import Runtime
import RuntimeTesting
import Synchronization
import Testing

@testable import Balancer

/// What the members of a group do, and what they were asked.
final class MemberScript: Sendable {
    /// What a member does with a request.
    enum Act {
        case answer(status: Int)
        case fail(AskFailure)
        /// Never answers.
        case hang
    }
    private let acts: Mutex<[Act]>
    private let asked: Mutex<[Int]>

    init(members: Int) {
        acts = Mutex(Array(repeating: .answer(status: 200), count: members))
        asked = Mutex(Array(repeating: 0, count: members))
    }
    func set(_ member: Int, _ act: Act) { acts.withLock { $0[member] = act } }
    /// Requests that each member got.
    var counts: [Int] { asked.withLock { $0 } }
    var total: Int { counts.reduce(0, +) }

    /// The tokens of requests that hang stay with the actor. `/release` answers them after all.
    func handle(
        _ member: Int, _ path: String = "/", _ actor: isolated FakeActor,
        _ reply: consuming Reply<HTTPResponse>
    ) {
        if path == "/release" {
            for box in actor.replies { box(HTTPResponse(HTTPContent())) }
            actor.replies = []
            return
        }
        asked.withLock { $0[member] += 1 }
        switch acts.withLock({ $0[member] }) {
        case .answer(let status):
            reply(HTTPResponse(HTTPContent(status: status, fields: [("Member", "\(member)")])))
        case .fail(let reason): reply.fail(reason)
        case .hang: actor.replies.append(ReplyBox(reply))
        }
    }
}

/// A balancer over fake members of HTTP.
func makeNode(
    _ script: MemberScript, members: Int, settings: [(String, SettingValue)] = []
) throws -> TestNode {
    let names = (0..<members).map { "member-\($0)" }
    let fakes = names.indices.map { index in
        ActorPlan.fake(names[index], HTTPContract.self) { actor, request, _, reply in
            script.handle(index, request.pathText, actor, reply)
        }
    }
    let balancer = ActorPlan(
        "balancer", of: BalancerModule.declaration, settings: settings, links: ["members": names])
    let node = TestNode([balancer] + fakes)
    try node.start()
    return node
}

extension TestNode {
    func get(_ path: String = "/", deadline: UInt64 = 0) throws -> Int {
        let delivery = Delivery(deadline: deadline == 0 ? 0 : world.time + deadline)
        return try ask("balancer", HTTPContract.self, HTTPRequest(.get, path), delivery).content.status
    }
    func counter(_ name: String) -> Int {
        node.metrics.series.reduce(0) { sum, series in
            guard series.name == name, case .counter(let counter) = series.metric else { return sum }
            return sum + counter.value
        }
    }
    func gauge(_ name: String) -> Double? {
        for series in node.metrics.series where series.name == name {
            if case .gauge(let gauge) = series.metric { return gauge.value }
        }
        return nil
    }
    func identity(_ name: String) -> ActorIdentity {
        node.cell(name)?.identity ?? ActorIdentity(name: name, group: "", index: 0, replicas: 1, module: "")
    }
}

@Suite(.timeLimit(.minutes(1))) struct BalancerActorTests {
    @Test(arguments: Policy.allCases)
    func answersComeBack(policy: Policy) throws {
        let script = MemberScript(members: 3)
        let node = try makeNode(script, members: 3, settings: [("by", .string(policy.rawValue))])
        for index in 0..<300 { #expect(try node.get("/page/\(index)") == 200) }
        #expect(script.total == 300)
        #expect(script.counts.allSatisfy { $0 > 60 })
        node.world.run(for: 1_000_000_000)
        #expect(node.counter("souk_balancer_picks_total") == 300)
        #expect(node.gauge("souk_balancer_under_way") == 0)
    }

    @Test func aFailedMemberCostsNoAnswer() throws {
        let script = MemberScript(members: 3)
        let node = try makeNode(script, members: 3)
        script.set(1, .fail(.failed))
        var failures = 0
        for _ in 0..<300 where try node.get() != 200 { failures += 1 }
        #expect(failures == 0)
        #expect(node.counter("souk_balancer_retries_total") == 5)
        #expect(node.gauge("souk_balancer_ejected") == nil || script.counts[1] == 5)
        #expect(node.counter("souk_balancer_ejections_total") == 1)
        #expect(node.log.lines.contains { $0.message.contains("left out") })
    }

    @Test func anErrorThatIsNotRetriedComesBackAsItIs() throws {
        let script = MemberScript(members: 2)
        let node = try makeNode(script, members: 2, settings: [("retries", .integer(0))])
        for member in 0..<2 { script.set(member, .answer(status: 502)) }
        #expect(try node.get() == 502)
        for member in 0..<2 { script.set(member, .fail(.dropped)) }
        #expect(throws: AskFailure.dropped) { try node.get() }
        #expect(script.total == 2)
    }

    @Test func onlyIdempotentRequestsAreRetried() throws {
        let script = MemberScript(members: 2)
        let node = try makeNode(script, members: 2)
        for member in 0..<2 { script.set(member, .answer(status: 500)) }
        let response = try node.ask("balancer", HTTPContract.self, HTTPRequest(.post, "/orders"))
        #expect(response.content.status == 500)
        #expect(script.total == 1)
        #expect(try node.get() == 500)
        #expect(script.total == 3)
    }

    @Test func retriesStayWithinTheirBudget() throws {
        let script = MemberScript(members: 4)
        let settings: [(String, SettingValue)] = [
            ("ejection", .object([SettingEntry("enabled", .boolean(false))]))
        ]
        let node = try makeNode(script, members: 4, settings: settings)
        for member in 0..<4 { script.set(member, .answer(status: 500)) }
        for _ in 0..<1000 { _ = try node.get() }
        #expect((1200...1211).contains(script.total), "\(script.total)")
        #expect(node.counter("souk_balancer_retries_total") == script.total - 1000)
        #expect(node.counter("souk_balancer_retry_budget_exhausted_total") == 2000 - script.total)
    }

    @Test func aHangingMemberIsGivenUpAtTheDeadline() throws {
        let script = MemberScript(members: 2)
        let node = try makeNode(script, members: 2)
        for member in 0..<2 { script.set(member, .hang) }
        let start = node.world.time
        #expect(throws: AskFailure.timedOut) { try node.get(deadline: 500_000_000) }
        #expect((500_000_000...540_000_000).contains(node.world.time - start))
        // No retry after the deadline; the slot waits for the late answer.
        #expect(script.total == 1)
        #expect(node.gauge("souk_balancer_under_way") == 1)
        for member in 0..<script.counts.count {
            node.tell("member-\(member)", HTTPContract.self, HTTPRequest(.get, "/release"))
        }
        node.world.run(for: 100_000_000)
        #expect(node.gauge("souk_balancer_under_way") == 0)
    }

    @Test func aTimeoutTriesAnother() throws {
        let script = MemberScript(members: 2)
        let node = try makeNode(
            script, members: 2,
            settings: [("by", .string("round-robin")), ("timeout", .duration(100_000_000))])
        script.set(0, .hang)
        #expect(try node.get() == 200)
        #expect(script.counts == [1, 1])
        #expect(node.counter("souk_balancer_timeouts_total") == 1)
    }

    @Test func aHangingMemberTakesNoRoomFromTheOthers() throws {
        let script = MemberScript(members: 2)
        let node = try makeNode(
            script, members: 2,
            settings: [("by", .string("round-robin")), ("member_in_flight", .integer(8))])
        script.set(0, .hang)
        let waiting = (0..<100).map { _ in
            defer { node.world.run(for: 10_000) }
            return node.send("balancer", HTTPContract.self, HTTPRequest(.get, "/"))
        }
        #expect(script.counts == [8, 92])
        #expect(waiting.filter { $0.result == nil }.count == 8)
    }

    @Test func whatIsTooMuchIsRefused() throws {
        let script = MemberScript(members: 2)
        let node = try makeNode(script, members: 2, settings: [("member_in_flight", .integer(8))])
        for member in 0..<2 { script.set(member, .hang) }
        let waiting = (0..<100).map { _ in node.send("balancer", HTTPContract.self, HTTPRequest(.get, "/")) }
        node.world.run(for: 10_000)
        var refused = 0
        for answer in waiting {
            if case .failure(.refused) = answer.result { refused += 1 }
        }
        #expect(refused == 84)
        #expect(node.counter("souk_balancer_refused_total") == 84)
    }

    @Test func membersThatAreGoneGetNothing() throws {
        let script = MemberScript(members: 3)
        let node = try makeNode(script, members: 3, settings: [("by", .string("key"))])
        node.control("balancer", .down(node.identity("member-1")))
        for index in 0..<200 { _ = try node.get("/\(index)") }
        #expect(script.counts[1] == 0)
        node.control("balancer", .failed(node.identity("member-0")))
        node.control("balancer", .failed(node.identity("member-2")))
        #expect(throws: AskFailure.unavailable) { try node.get() }
        node.control("balancer", .up(node.identity("member-1")))
        #expect(try node.get() == 200)
    }

    @Test func ordersOfAMissingShardFailAtOnce() throws {
        let names = (0..<4).map { "shard-\($0)" }
        let fakes = names.indices.map { index in
            ActorPlan.fake(names[index], OrdersContract.self) { _, _, _, reply in
                reply(.stock(StockLevel(variant: Int64(index), available: 1, sellsBeyondStock: false)))
            }
        }
        let balancer = ActorPlan(
            "balancer", of: BalancerModule.declaration, settings: [("by", .string("key"))],
            links: ["members": names])
        let node = TestNode([balancer] + fakes)
        try node.start()
        node.control("balancer", .down(node.identity("shard-2")))
        for variant in Int64(1)...50 {
            let owner = OrdersContract.shard(ofVariant: variant, of: 4)
            let before = node.world.time
            let pending = node.send("balancer", OrdersContract.self, .stock(variant: variant))
            #expect(node.world.run { pending.result != nil })
            #expect(node.world.time == before)
            switch pending.result {
            case .success(.stock(let level)): #expect(level.variant == Int64(owner) && owner != 2)
            case .failure(let reason): #expect(reason == .unavailable && owner == 2)
            default: Issue.record("unexpected answer")
            }
        }
    }

    @Test func toldMessagesAreSpread() throws {
        let asked = MemberScript(members: 2)
        let fakes = (0..<2).map { index in
            ActorPlan.fake("analytics-\(index)", BehaviourContract.self) { actor, _, _, _ in
                asked.handle(index, "/", actor, Reply())
            }
        }
        let balancer = ActorPlan(
            "balancer", of: BalancerModule.declaration, settings: [("by", .string("round-robin"))],
            links: ["members": ["analytics-0", "analytics-1"]])
        let node = TestNode([balancer] + fakes)
        try node.start()
        for _ in 0..<10 {
            node.tell("balancer", BehaviourContract.self, .event(BehaviourEvent(.page, time: 1, visitor: 1)))
        }
        node.world.run(for: 100_000_000)
        #expect(asked.counts == [5, 5])
    }

    @Test func unknownContractsAreRefusedClearly() throws {
        enum Unknown: Contract {
            typealias Request = Int
            typealias Response = Int
            static let identity = ContractIdentity("unknown")
        }
        let member = ActorPlan.fake("member", Unknown.self) { _, _, _, reply in reply(1) }
        let balancer = ActorPlan("balancer", of: BalancerModule.declaration, links: ["members": ["member"]])
        let node = TestNode([balancer, member])
        #expect {
            try node.start()
        } throws: { "\($0)".contains("member serves unknown/1") }
    }

    @Test func drainingWaitsForAnswers() throws {
        let script = MemberScript(members: 1)
        let node = try makeNode(script, members: 1)
        script.set(0, .hang)
        let pending = node.send("balancer", HTTPContract.self, HTTPRequest(.get, "/"))
        node.world.run(for: 1_000_000)
        let isDrained = Mutex(false)
        node.node.cell("balancer")?.drain { isDrained.withLock { $0 = true } }
        node.world.run(for: 1_000_000_000)
        #expect(!isDrained.withLock { $0 })
        for member in 0..<script.counts.count {
            node.tell("member-\(member)", HTTPContract.self, HTTPRequest(.get, "/release"))
        }
        node.world.run(for: 1_000_000)
        #expect(isDrained.withLock { $0 })
        #expect(throws: Never.self) { try pending.result?.get() }
    }

    @Test func balancersMayBeMembers() throws {
        let script = MemberScript(members: 2)
        let fakes = (0..<2).map { index in
            ActorPlan.fake("member-\(index)", HTTPContract.self) { actor, _, _, reply in
                script.handle(index, "/", actor, reply)
            }
        }
        let inner = ["inner-0", "inner-1"].map {
            ActorPlan($0, of: BalancerModule.declaration, links: ["members": ["member-0", "member-1"]])
        }
        let outer = ActorPlan(
            "balancer", of: BalancerModule.declaration, settings: [("contract", .string("http"))],
            links: ["members": ["inner-0", "inner-1"]])
        let node = TestNode([outer] + inner + fakes)
        try node.start()
        for _ in 0..<20 { #expect(try node.get() == 200) }
        #expect(script.total == 20)
    }
}
