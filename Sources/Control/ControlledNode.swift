import ModuleKit

/// What the control port shows and steers: a node, as the runtime implements it.
public protocol ControlledNode: AnyObject, Sendable {
    /// The node's name in the topology.
    var nodeName: String { get }
    /// In the order of their start. From any thread.
    var cells: [ActorCell] { get }
    /// All metrics of the node. From any thread.
    var metrics: MetricRegistry { get }
    /// Examples of messages that were not delivered. From any thread.
    var deadLetters: DeadLetters { get }
    /// Whether every actor is ready. From any thread.
    var isReady: Bool { get }
    /// The topology as it runs, for `GET /v1/topology`.
    var topologyDescription: JSON { get }
    /// Loops that actors are placed on. From any thread.
    var actorLoops: [Loop] { get }
    /// Changes the level of an actor's log; false if nobody has that name.
    func setLogLevel(_ level: LogLevel, of label: String) -> Bool
}
