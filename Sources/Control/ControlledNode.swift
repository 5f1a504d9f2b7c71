import ModuleKit

/// What the control port shows and steers: a node, as the runtime implements it.
public protocol ControlledNode: AnyObject, Sendable {
    var nodeName: String { get }
    /// In the order of their start. From any thread.
    var cells: [ActorCell] { get }
    var metrics: MetricRegistry { get }
    var deadLetters: DeadLetters { get }
    var isReady: Bool { get }
    /// The topology as it runs, for `GET /v1/topology`.
    var topologyDescription: JSON { get }
    /// Loops that actors are placed on. From any thread.
    var actorLoops: [Loop] { get }
    /// Changes the level of an actor's log; false if nobody has that name.
    func setLogLevel(_ level: LogLevel, of label: String) -> Bool
}
