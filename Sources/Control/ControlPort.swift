import ModuleKit

/// Where operators talk to a node. On a loop of its own: it never waits for an actor, so it answers
/// whatever state the actors are in.
public actor ControlPort {
    nonisolated let loop: Loop
    public nonisolated var unownedExecutor: UnownedSerialExecutor { loop.asUnownedSerialExecutor() }
    let node: any ControlledNode
    private let log: Logger
    var view = ActorView()
    private let answers: Mailbox<Answer<OperationResponse>>
    private var operations = PendingOperations()

    /// - Parameter loop: not one that actors are placed on.
    public init(of node: any ControlledNode, on loop: Loop, log: Logger) {
        self.node = node
        self.loop = loop
        self.log = log
        answers = Mailbox(on: loop, options: MailboxOptions(capacity: 1024))
        loop.adopt(answers)
    }

    /// Begins to take samples for rates and to hear the answers of operations. On the loop.
    func begin() {
        answers.bind(
            to: self,
            receive: { port, answer in
                port.operations.answer(answer.tag, answer.value)
                return true
            }, settle: { _ in })
        sampleLater()
    }

    private func sampleLater() {
        view.sample(node.cells, at: loop.now)
        loop.after(1_000_000_000) { [weak self] in self?.assumeIsolated { $0.sampleLater() } }
    }

    // MARK: requests

    /// Answers a request, at once or when the actors asked have answered. On the loop.
    func handle(_ request: HTTPRequest, _ respond: @escaping (HTTPResponse) -> Void) {
        let path = HTTPText.percentDecoded(request.bytes(request.path))
        let method = request.method == .head ? "GET" : request.method.name
        let own = ControlRoute.all.filter { $0.path == path }
        let declared = node.cells.flatMap { cell in
            cell.declaration.operations.filter { $0.path == path }.map { (cell, $0.method) }
        }
        if let route = own.first(where: { $0.method == method }) {
            return respond(route.respond(self, request))
        }
        let cells = declared.filter { $0.1 == method }.map(\.0)
        if !cells.isEmpty { return operate(cells, method, path, request, respond) }
        let methods = Set(own.map(\.method) + declared.map(\.1)).sorted()
        if methods.isEmpty { return respond(notFound(path)) }
        respond(
            HTTPResponse(
                problem: 405, "\(path) takes \(methods.joined(separator: ", "))",
                fields: [("Allow", methods.joined(separator: ", "))]))
    }

    private func notFound(_ path: String) -> HTTPResponse {
        let own = ControlRoute.all.map { "\($0.method) \($0.path)" }
        let declared = node.cells.flatMap { $0.declaration.operations.map { "\($0.method) \($0.path)" } }
        let all = own + Set(declared).sorted()
        return HTTPResponse(
            problem: 404, "nothing is at \(path)", members: [("paths", .array(all.map { .string($0) }))])
    }

    // MARK: operations of modules

    /// Nanoseconds that actors have for an operation.
    static let operationLimit: UInt64 = 10_000_000_000

    /// Asks every actor that declares the operation, or the one that `?actor=` names.
    private func operate(
        _ all: [ActorCell], _ method: String, _ path: String, _ request: HTTPRequest,
        _ respond: @escaping (HTTPResponse) -> Void
    ) {
        let pairs = request.queryPairs
        var cells = all
        if let name = pairs.first(where: { $0.name == "actor" })?.value {
            cells = all.filter { $0.identity.name == name || $0.identity.group == name }
            if cells.isEmpty {
                let names = all.map(\.identity.name).joined(separator: ", ")
                return respond(
                    HTTPResponse(problem: 404, "no actor '\(name)' has \(path); those that do: \(names)"))
            }
        }
        let operation = OperationRequest(
            method: method, path: path, query: pairs.filter { $0.name != "actor" },
            body: request.body.map { Array($0.bytes) } ?? [])
        let limit = LoopTimer()
        let begun = operations.begin(cells.map(\.identity.name)) { [loop] response in
            loop.cancel(limit.token)
            respond(response)
        }
        guard let tags = begun else {
            return respond(
                HTTPResponse(
                    problem: 503, "too many operations are under way", fields: [("Retry-After", "1")]))
        }
        for (cell, tag) in zip(cells, tags) {
            cell.operate(operation, reply: ReplyBox(Reply(to: answers, tag: tag)))
        }
        limit.token = loop.after(Self.operationLimit) { [weak self] in
            self?.assumeIsolated { port in
                for tag in tags { port.operations.answer(tag, .failure(.timedOut)) }
            }
        }
    }
}

/// A timer that is cancelled by what is set before it. On one loop.
private final class LoopTimer: @unchecked Sendable {
    var token = TimerToken.none
}

/// Operations whose actors have not all answered.
struct PendingOperations {
    private final class Operation {
        let names: [String]
        let tags: [UInt64]
        var results: [Result<OperationResponse, AskFailure>?]
        let respond: (HTTPResponse) -> Void

        init(_ names: [String], _ tags: [UInt64], _ respond: @escaping (HTTPResponse) -> Void) {
            self.names = names
            self.tags = tags
            self.respond = respond
            results = Array(repeating: nil, count: names.count)
        }
    }
    /// Answers that are under way at most: the mailbox of answers holds as many.
    static let limit = 1000
    private var byTag: [UInt64: (Operation, Int)] = [:]
    private var next: UInt64 = 1

    /// A tag for each actor; nil if too many are under way.
    mutating func begin(_ names: [String], _ respond: @escaping (HTTPResponse) -> Void) -> [UInt64]? {
        guard byTag.count + names.count <= Self.limit else { return nil }
        let tags = names.indices.map { next &+ UInt64($0) }
        next &+= UInt64(names.count)
        let operation = Operation(names, tags, respond)
        for (index, tag) in tags.enumerated() { byTag[tag] = (operation, index) }
        return tags
    }

    /// An actor has answered, or will not; a second answer is ignored.
    mutating func answer(_ tag: UInt64, _ result: Result<OperationResponse, AskFailure>) {
        guard let (operation, index) = byTag.removeValue(forKey: tag) else { return }
        operation.results[index] = result
        let results = operation.results.compactMap { $0 }
        if results.count == operation.names.count { operation.respond(Self.merge(operation.names, results)) }
    }

    /// One actor's answer as it is; those of several by name, with the worst status.
    private static func merge(
        _ names: [String], _ results: [Result<OperationResponse, AskFailure>]
    ) -> HTTPResponse {
        let responses = results.map { result -> OperationResponse in
            switch result {
            case .success(let response): response
            case .failure(let failure): OperationResponse(status: 503, problem: failure.description)
            }
        }
        func response(_ status: Int, _ body: [UInt8]) -> HTTPResponse {
            HTTPResponse(
                status: status, type: "application/json", fields: [("Cache-Control", "no-store")],
                body: HTTPBody(body))
        }
        if responses.count == 1, let only = responses.first { return response(only.status, only.body) }
        let members = zip(names, responses).map { name, response in
            (name, (try? JSON(parsing: response.body)) ?? JSON.null)
        }
        return response(responses.map(\.status).max() ?? 200, JSON.object(members).encoded())
    }
}
