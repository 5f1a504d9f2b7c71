import ModuleKit
import Runtime
import Synchronization

/// A node driven by hand, for tests of modules: real actors, mailboxes and supervision, virtual time.
///
/// ```swift
/// let node = TestNode([.init("cache", of: staticCache, links: ["origin": ["origin"]]),
///                      .fake("origin", HTTPContract.self) { request, _, reply in reply(page) }])
/// try node.start()
/// let response = try node.ask("cache", HTTPContract.self, HTTPRequest(.get, "/"))
/// ```
public final class TestNode {
    /// Its time.
    public let world: VirtualWorld
    /// Its loops, disk and network.
    public let environment: VirtualEnvironment
    /// The node itself, as in production.
    public let node: Node
    /// What its actors wrote into the log.
    public let log = RecordingLogSink()
    private let asker: TestAsker
    private var isClosed = false

    /// - Parameter actors: in any order; targets are started first.
    public init(
        _ actors: [ActorPlan], loops: Int = 1, seed: UInt64 = 1, world: VirtualWorld? = nil,
        disk: any Disk = MemoryDisk(), network: any Network = MemoryNetwork(), epoch: UInt64 = 1,
        drainTime: UInt64 = 10_000_000_000
    ) {
        let world = world ?? VirtualWorld(seed: seed)
        self.world = world
        environment = VirtualEnvironment(
            world, loops: loops, disk: disk, network: network, seed: seed, epoch: epoch)
        let logs = LogOutput(sink: log, level: .debug)
        node = Node(NodePlan(name: "test", actors: actors, drainTime: drainTime), in: environment, logs: logs)
        asker = TestAsker(on: environment.home)
    }
    deinit { close() }

    /// Starts all actors; throws why one could not be started.
    public func start(limit: UInt64 = 60_000_000_000) throws {
        let box = UncheckedBox(value: ResultSlot<Result<Void, NodeError>>())
        node.start { box.value.value = $0 }
        guard world.run(limit: limit, until: { box.value.value != nil }) else {
            throw NodeError("not ready in time: \(node.cells.map { "\($0.identity.name) \($0.state)" })")
        }
        try box.value.value?.get()
    }

    /// Stops all actors; answers whether everything was drained.
    @discardableResult
    public func stop() -> Bool {
        let box = UncheckedBox(value: ResultSlot<Bool>())
        node.stop { box.value.value = $0 }
        _ = world.run(limit: 120_000_000_000) { box.value.value != nil }
        return box.value.value ?? false
    }

    /// Frees everything, as if the process had ended at this moment.
    public func close() {
        guard !isClosed else { return }
        isClosed = true
        node.close()
    }

    /// Asks an actor and runs the world until the answer has come.
    public func ask<C: Contract>(
        _ actor: String, _ contract: C.Type, _ request: C.Request, _ delivery: Delivery = Delivery(),
        limit: UInt64 = 60_000_000_000
    ) throws -> C.Response {
        let pending = send(actor, contract, request, delivery)
        guard world.run(limit: limit, until: { pending.result != nil }), let result = pending.result else {
            throw AskFailure.timedOut
        }
        return try result.get()
    }

    /// Asks an actor without running the world.
    public func send<C: Contract>(
        _ actor: String, _ contract: C.Type, _ request: C.Request, _ delivery: Delivery = Delivery()
    ) -> PendingAnswer<C.Response> {
        let pending = PendingAnswer<C.Response>()
        guard let address = node.cell(actor)?.address(contract) else {
            pending.result = .failure(.unavailable)
            return pending
        }
        environment.home.withCurrent { asker.ask(address, request, delivery, pending) }
        return pending
    }

    /// Tells an actor something that is not answered.
    public func tell<C: Contract>(
        _ actor: String, _ contract: C.Type, _ request: C.Request, _ delivery: Delivery = Delivery()
    ) {
        guard let address = node.cell(actor)?.address(contract) else { return }
        environment.home.withCurrent {
            _ = address.mailbox.send(Envelope(request, delivery, Reply()), delivery.criticality)
            // Ends the turn, so that the other loop hears of it.
            _ = environment.home.runReady(turns: 1)
        }
    }

    /// Asks an actor for one of its operations.
    public func operate(_ actor: String, _ request: OperationRequest) throws -> OperationResponse {
        let pending = PendingAnswer<OperationResponse>()
        guard let cell = node.cell(actor) else { throw AskFailure.unavailable }
        environment.home.withCurrent { cell.operate(request, reply: ReplyBox(asker.token(for: pending))) }
        _ = world.run { pending.result != nil }
        guard let result = pending.result else { throw AskFailure.timedOut }
        return try result.get()
    }

    /// Delivers a control message to an actor.
    public func control(_ actor: String, _ message: ControlMessage) {
        node.cell(actor)?.control(message)
        world.runReady()
    }
}

/// A value that comes later; touched on one thread only.
final class ResultSlot<Value>: @unchecked Sendable {
    var value: Value?
}

/// An answer that is under way.
public final class PendingAnswer<Value: Sendable>: @unchecked Sendable {
    /// Nil until it has come.
    public internal(set) var result: Result<Value, AskFailure>?
}

/// The asking end of a test: a mailbox of its own for each question.
private final class TestAsker {
    private let loop: Loop
    private let actor: TestEar

    init(on loop: Loop) {
        self.loop = loop
        actor = TestEar(loop)
    }

    func ask<C: Contract>(
        _ address: Address<C>, _ request: C.Request, _ delivery: Delivery,
        _ pending: PendingAnswer<C.Response>
    ) {
        let envelope = Envelope<C.Request, C.Response>(request, delivery, token(for: pending))
        _ = address.mailbox.send(envelope, delivery.criticality)
    }

    func token<Value>(for pending: PendingAnswer<Value>) -> Reply<Value> {
        let port = Mailbox<Answer<Value>>(on: loop, options: MailboxOptions(capacity: 2))
        port.bind(
            to: actor,
            receive: { _, answer in
                pending.result = answer.value
                return true
            }, settle: { _ in })
        loop.adopt(port)
        return Reply(to: port, tag: 0)
    }
}

private actor TestEar {
    nonisolated let loop: Loop
    nonisolated var unownedExecutor: UnownedSerialExecutor { loop.asUnownedSerialExecutor() }
    init(_ loop: Loop) { self.loop = loop }
}

/// Keeps log lines for tests to look at.
public final class RecordingLogSink: LogSink {
    /// One line.
    public struct Line: Sendable {
        /// How much it matters.
        public let level: LogLevel
        /// The actor's name.
        public let label: String
        /// What happened.
        public let message: String
        /// Names and values.
        public let fields: [LogField]
    }
    private let storage = Mutex<[Line]>([])

    public init() {}
    public func write(_ level: LogLevel, _ label: String, _ message: String, _ fields: [LogField]) {
        storage.withLock { $0.append(Line(level: level, label: label, message: message, fields: fields)) }
    }
    /// All lines so far, in order.
    public var lines: [Line] { storage.withLock { $0 } }
}
