/// What a node is to its actors: the seam that the runtime, the test kit and the simulator fill in.
public protocol ActorHost: AnyObject, Sendable {
    /// All metrics of the node.
    var metrics: MetricRegistry { get }
    /// Examples of messages that were not delivered.
    var deadLetters: DeadLetters { get }
    /// Sockets.
    var network: any Network { get }
    /// Files.
    var disk: any Disk { get }
    /// This node's incarnation: durable and rising.
    var epoch: UInt64 { get }

    /// A log that is labelled with the actor's name.
    func logger(for actor: ActorIdentity) -> Logger
    /// A seed for an actor's `Random`; the same for the same actor, incarnation and run's seed.
    func seed(for actor: ActorIdentity, incarnation: UInt32) -> UInt64
    /// Bytes for keys and secrets.
    func secureRandomBytes(_ count: Int) -> [UInt8]
    /// A thread of its own for blocking work; the same for the same name.
    func worker(named name: String) -> any Worker
    /// Runs blocking work on a pool, then `done` on the loop.
    func blocking(on loop: Loop, _ work: @escaping @Sendable () -> Void, done: @escaping @Sendable () -> Void)
    /// All actors of the node, in the order of the topology.
    var cells: [ActorCell] { get }

    /// The actor is ready for work. On its loop.
    func actorBecameReady(_ cell: ActorCell)
    /// The actor threw: its supervision decides what becomes of it. On its loop.
    func actorFailed(_ cell: ActorCell, _ error: any Error, while work: String)
}

/// The targets of an actor's links, by the link's name, in the order of the topology.
public struct LinkTable: Sendable {
    /// Names and targets, in the order of the topology.
    public let links: [(name: String, targets: [ActorCell])]

    public init(_ links: [(name: String, targets: [ActorCell])] = []) {
        self.links = links
    }
    /// The targets of a link, in the order of the topology; none for a link that is absent.
    public func targets(_ name: String) -> [ActorCell] {
        links.first { $0.name == name }?.targets ?? []
    }
}
