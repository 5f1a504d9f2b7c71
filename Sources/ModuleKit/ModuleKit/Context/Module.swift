/// One actor of the shop. Its executor is the loop that it was placed on.
///
/// Life: made by `ModuleDeclaration.make` → `start` → messages → `drain` → `stop`. An actor that throws
/// is replaced by a fresh one, made and started in the same way.
public protocol Module: Actor {
    /// What the actor was made with.
    nonisolated var context: Context { get }

    /// Binds handlers to contracts and links, begins timers and listening. Ready when it returns, or,
    /// for one that says so with `Context.becomeReadyLater`, when it calls `Context.becomeReady`.
    func start() throws
    /// Something happened that the runtime tells everyone it concerns. Comes before all messages.
    func receive(control message: ControlMessage)
    /// An operator's request for one of the module's declared operations.
    func operate(_ request: OperationRequest, reply: consuming Reply<OperationResponse>)
    /// No new work comes from outside from now on: finish what is under way, then call `done`.
    func drain(_ done: @escaping @Sendable () -> Void)
    /// The last call: let go of sockets and files.
    func stop()
}

extension Module {
    public nonisolated var unownedExecutor: UnownedSerialExecutor { context.loop.asUnownedSerialExecutor() }
    /// Ignores it.
    public func receive(control message: ControlMessage) {}
    /// Answers 404: no operation is declared.
    public func operate(_ request: OperationRequest, reply: consuming Reply<OperationResponse>) {
        reply(OperationResponse(status: 404, problem: "no such operation"))
    }
    /// Nothing is under way.
    public func drain(_ done: @escaping @Sendable () -> Void) { done() }
    /// Nothing to let go of.
    public func stop() {}
}

/// Who an actor is.
public struct ActorIdentity: Sendable, Hashable, CustomStringConvertible {
    /// Unique in the topology: `gate`, or `shard-2` for a replica.
    public let name: String
    /// The key under `actors:`; the same for all replicas.
    public let group: String
    /// Number of the replica, from 0.
    public let index: Int
    /// Replicas of the group.
    public let replicas: Int
    /// The module's name.
    public let module: String

    public init(name: String, group: String, index: Int, replicas: Int, module: String) {
        self.name = name
        self.group = group
        self.index = index
        self.replicas = replicas
        self.module = module
    }
    public var description: String { name }
}

/// What travels on the control lane: never dropped, before all messages, bounded by its nature (each
/// actor can go down once for each time it came up; of levels only the latest counts).
public enum ControlMessage: Sendable {
    /// An actor that this one is linked to is gone for now; it is being restarted.
    case down(ActorIdentity)
    /// It is there again.
    case up(ActorIdentity)
    /// It has failed for good.
    case failed(ActorIdentity)
    /// What the shop gives up now.
    case degrade(DegradeState)
}

/// What the shop gives up now, as the degrade controller decided.
public struct DegradeState: Sendable, Equatable {
    /// One feature that is off or reduced.
    public struct Feature: Sendable, Equatable {
        /// As in the settings of the degrade controller.
        public let name: String
        /// What is shown instead; nil for nothing.
        public let fallback: String?
        public init(_ name: String, fallback: String?) {
            self.name = name
            self.fallback = fallback
        }
    }
    /// 0 is normal.
    public let level: Int
    /// Sorted by name.
    public let featuresOff: [Feature]
    /// How much older than usual cached content may be, as a factor of its life; 1 is normal.
    public let staleFactor: Double

    public init(level: Int, featuresOff: [Feature], staleFactor: Double = 1) {
        self.level = level
        self.featuresOff = featuresOff
        self.staleFactor = staleFactor
    }
    /// Nothing is given up.
    public static let normal = DegradeState(level: 0, featuresOff: [])

    /// The feature if it is off.
    public func off(_ name: String) -> Feature? { featuresOff.first { $0.name == name } }
}

/// A request of an operator to a module, from the control port.
public struct OperationRequest: Sendable {
    /// As declared.
    public let method: String
    /// As declared, without the query.
    public let path: String
    /// Decoded pairs of the query, in order.
    public let query: [(name: String, value: String)]
    /// At most 1 MiB.
    public let body: [UInt8]

    public init(method: String, path: String, query: [(name: String, value: String)] = [], body: [UInt8] = [])
    {
        self.method = method
        self.path = path
        self.query = query
        self.body = body
    }
    /// The first value of a parameter of the query; nil if it was not sent.
    public func parameter(_ name: String) -> String? { query.first { $0.name == name }?.value }
}

/// The answer to an operator: a status of HTTP and a JSON text.
public struct OperationResponse: Sendable {
    /// As in HTTP.
    public let status: Int
    /// A JSON text.
    public let body: [UInt8]

    public init(status: Int = 200, json: JSON) {
        self.status = status
        body = json.encoded()
    }
    /// A problem in the shape of RFC 9457.
    public init(status: Int, problem detail: String) {
        self.init(status: status, json: .object([("status", .integer(status)), ("detail", .string(detail))]))
    }
}
