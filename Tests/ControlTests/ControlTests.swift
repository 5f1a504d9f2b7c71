import ModuleKit
import Runtime
import RuntimeTesting
import Testing

@testable import Control

/// A module with operations; answers as its name says.
actor Operated: Module {
    nonisolated let context: Context
    private var kept: [ReplyBox<OperationResponse>] = []

    init(_ context: Context) { self.context = context }

    func start() throws {
        context.serve(HTTPContract.self, by: self) { actor, request, _, reply in
            reply(HTTPResponse(type: "text/plain", body: HTTPBody("hello")))
        }
        let odd = "a\"b\\c\nd\r\ne"
        context.counter("test_total", "Something\nthat counts.", [MetricLabel("odd", odd)]).increment(by: 3)
        context.gauge("test_gauge", "Goes up.", []).value = .nan
        let histogram = context.histogram("test_seconds", "Takes time.")
        for exponent in 0..<40 { histogram.record(1 << UInt64(exponent)) }
        _ = context.gauge("souk_ready", "A name that the runtime has.", [])
    }

    func operate(_ request: OperationRequest, reply: consuming Reply<OperationResponse>) {
        switch request.path {
        case "/v1/silent": kept.append(ReplyBox(reply))
        case "/v1/dropped": break
        case "/v1/echo" where context.actor.name == "ill":
            reply(OperationResponse(status: 500, problem: "ill"))
        default:
            reply(
                OperationResponse(
                    json: .object([
                        ("actor", .string(context.actor.name)), ("method", .string(request.method)),
                        ("query", .array(request.query.map { .string("\($0.name)=\($0.value)") })),
                        ("body", .string(String(decoding: request.body, as: UTF8.self))),
                    ])))
        }
    }

    static let declaration = ModuleDeclaration(
        "operated", "Has operations.", serves: .contracts([HTTPContract.identity]),
        operations: [
            OperationDeclaration("POST", "/v1/echo", "Echoes."),
            OperationDeclaration("GET", "/v1/echo", "Echoes."),
            OperationDeclaration("GET", "/v1/silent", "Never answers."),
            OperationDeclaration("GET", "/v1/dropped", "Lets go."),
        ]
    ) { Operated($0) }
}

final class AnswerSlot: @unchecked Sendable {
    var responses: [HTTPResponse] = []
}

/// A node with a control port, in virtual time.
final class ControlRig {
    let node: TestNode
    let port: ControlPort

    init(_ names: [String] = ["one"]) throws {
        node = TestNode(names.map { ActorPlan($0, of: Operated.declaration, group: "group") }, loops: 2)
        let (home, target) = (node.environment.home, node.node)
        port = home.withCurrent {
            ControlPort(of: target, on: home, log: target.logs.logger(label: "control"))
        }
        home.withCurrent { [port] in port.assumeIsolated { $0.begin() } }
    }

    func send(_ method: HTTPMethod, _ target: String, _ body: String? = nil) -> AnswerSlot {
        let slot = AnswerSlot()
        let request = HTTPRequest(method, target, body: body.map { Array($0.utf8) })
        node.environment.home.withCurrent { [port] in
            port.assumeIsolated { $0.handle(request) { slot.responses.append($0) } }
        }
        return slot
    }
    func ask(_ method: HTTPMethod, _ target: String, _ body: String? = nil) throws -> HTTPResponse {
        let slot = send(method, target, body)
        _ = node.world.run(limit: 60_000_000_000) { !slot.responses.isEmpty }
        #expect(slot.responses.count == 1)
        return try #require(slot.responses.first)
    }
    func json(_ method: HTTPMethod, _ target: String, _ body: String? = nil) throws -> (Int, JSON) {
        let response = try ask(method, target, body)
        return (response.content.status, try JSON(parsing: Array(response.content.body.bytes)))
    }
}

@Suite struct ControlPortTests {
    @Test func healthAndReadiness() throws {
        let rig = try ControlRig()
        #expect(try rig.json(.get, "/healthz").0 == 200)
        let (early, waiting) = try rig.json(.get, "/readyz")
        #expect(early == 503)
        #expect(waiting["waiting"]?.arrayValue?.first?["actor"]?.stringValue == "one")
        try rig.node.start()
        let (late, body) = try rig.json(.get, "/readyz")
        #expect(late == 200)
        #expect(body["ready"]?.booleanValue == true)
        #expect(body["waiting"]?.arrayValue?.isEmpty == true)
        rig.node.stop()
        #expect(try rig.json(.get, "/healthz").0 == 200)
        #expect(try rig.json(.get, "/readyz").0 == 503)
    }

    @Test func actorsTopologyAndDeadLetters() throws {
        let rig = try ControlRig(["one", "two"])
        try rig.node.start()
        _ = try rig.node.ask("one", HTTPContract.self, HTTPRequest(.get, "/"))
        let past = Delivery(deadline: rig.node.world.time - 1)
        #expect(throws: AskFailure.expired) {
            try rig.node.ask("two", HTTPContract.self, HTTPRequest(.get, "/"), past)
        }
        rig.node.world.run(for: 2_000_000_000)
        let actors = try rig.json(.get, "/v1/actors").1["actors"]?.arrayValue ?? []
        #expect(actors.map { $0["name"]?.stringValue } == ["one", "two"])
        #expect(actors.map { $0["state"]?.stringValue } == ["ready", "ready"])
        #expect(actors[1]["drops"]?.integerValue == 1)
        #expect(actors[0]["mailboxes"]?.arrayValue?.first?["processed"]?.integerValue == 1)
        let topology = try rig.json(.get, "/v1/topology").1
        #expect(topology["actors"]?.arrayValue?.count == 2)
        let letters = try rig.json(.get, "/v1/dead-letters").1
        #expect(letters["total"]?.integerValue == 1)
        #expect(letters["entries"]?.arrayValue?.first?["actor"]?.stringValue == "two")
    }

    @Test func rateIsThatOfTheLastSecond() throws {
        let rig = try ControlRig()
        try rig.node.start()
        rig.node.world.run(for: 1_500_000_000)
        for _ in 0..<40 { _ = try rig.node.ask("one", HTTPContract.self, HTTPRequest(.get, "/")) }
        rig.node.world.run(for: 1_000_000_000)
        let actors = try rig.json(.get, "/v1/actors").1["actors"]?.arrayValue
        #expect(actors?.first?["rate"]?.numberValue == 40)
    }

    @Test func logLevelsChange() throws {
        let rig = try ControlRig()
        try rig.node.start()
        let logger = rig.node.node.logs.logger(label: "one")
        #expect(try rig.json(.put, "/v1/log", #"{"actor":"one","level":"error"}"#).0 == 200)
        #expect(!logger.isEnabled(.warning))
        #expect(try rig.json(.put, "/v1/log", #"{"actor":"nobody","level":"error"}"#).0 == 404)
        #expect(try rig.json(.put, "/v1/log", #"{"actor":"one","level":"loud"}"#).0 == 422)
        #expect(try rig.json(.put, "/v1/log", "{").0 == 422)
        #expect(try rig.json(.put, "/v1/log").0 == 422)
    }

    @Test func unknownPathsListWhatThereIs() throws {
        let rig = try ControlRig()
        try rig.node.start()
        let (status, body) = try rig.json(.get, "/v1/nothing")
        #expect(status == 404)
        let paths = body["paths"]?.arrayValue?.compactMap(\.stringValue) ?? []
        #expect(paths.contains("GET /healthz"))
        #expect(paths.contains("POST /v1/echo"))
        #expect(Set(paths).count == paths.count)
    }

    @Test(arguments: [("/healthz", "GET"), ("/v1/log", "PUT"), ("/v1/echo", "GET, POST")])
    func wrongMethodsAreToldTheRightOnes(_ path: String, _ allowed: String) throws {
        let rig = try ControlRig()
        try rig.node.start()
        let response = try rig.ask(.delete, path)
        #expect(response.content.status == 405)
        #expect(response.content.field("allow") == allowed)
    }

    @Test func headIsAnsweredAsGet() throws {
        let rig = try ControlRig()
        #expect(try rig.ask(.head, "/healthz").content.status == 200)
    }

    @Test func oneActorAnswersAsItIs() throws {
        let rig = try ControlRig()
        try rig.node.start()
        let (status, body) = try rig.json(.post, "/v1/echo?a=1&b=%20x", "text")
        #expect(status == 200)
        #expect(body["actor"]?.stringValue == "one")
        #expect(body["method"]?.stringValue == "POST")
        #expect(body["query"]?.arrayValue?.compactMap(\.stringValue) == ["a=1", "b= x"])
        #expect(body["body"]?.stringValue == "text")
    }

    @Test func severalActorsAreMergedByNameWithTheWorstStatus() throws {
        let rig = try ControlRig(["one", "ill", "two"])
        try rig.node.start()
        let (status, body) = try rig.json(.get, "/v1/echo")
        #expect(status == 500)
        #expect(body.objectValue?.map(\.0) == ["one", "ill", "two"])
        #expect(body["two"]?["actor"]?.stringValue == "two")
        let (single, alone) = try rig.json(.get, "/v1/echo?actor=two")
        #expect(single == 200)
        #expect(alone["actor"]?.stringValue == "two")
        #expect(try rig.json(.get, "/v1/echo?actor=group").1.objectValue?.count == 3)
        let (missing, problem) = try rig.json(.get, "/v1/echo?actor=nobody")
        #expect(missing == 404)
        #expect(problem["title"]?.stringValue?.contains("one, ill, two") == true)
    }

    @Test func anOperationThatIsNotAnsweredTimesOut() throws {
        let rig = try ControlRig()
        try rig.node.start()
        let begin = rig.node.world.time
        let (status, body) = try rig.json(.get, "/v1/silent")
        #expect(status == 503)
        #expect(body["detail"]?.stringValue == AskFailure.timedOut.description)
        #expect(rig.node.world.time - begin == ControlPort.operationLimit)
        #expect(try rig.json(.get, "/v1/dropped").0 == 503)
    }

    @Test func operationsUnderWayAreLimitedAndLeaveNoTimers() throws {
        let rig = try ControlRig()
        try rig.node.start()
        let timers = rig.node.environment.home.timerCount
        for _ in 0..<50 { _ = try rig.json(.get, "/v1/echo") }
        #expect(rig.node.environment.home.timerCount == timers)
        let slots = (0..<PendingOperations.limit).map { _ in rig.send(.get, "/v1/silent") }
        let refused = try rig.ask(.get, "/v1/echo")
        #expect(refused.content.status == 503)
        #expect(refused.content.field("retry-after") == "1")
        rig.node.world.run(for: ControlPort.operationLimit)
        #expect(slots.allSatisfy { $0.responses.map(\.content.status) == [503] })
        #expect(try rig.json(.get, "/v1/echo").0 == 200)
    }

    @Test func anActorThatIsGoneAnswersUnavailable() throws {
        let rig = try ControlRig()
        try rig.node.start()
        rig.node.stop()
        let (status, body) = try rig.json(.get, "/v1/echo")
        #expect(status == 503)
        #expect(body["detail"]?.stringValue == AskFailure.unavailable.description)
    }
}
