import ModuleKit

/// The world below a node: the system in production, virtual time and memory in tests. The node itself
/// is the same code above either.
public protocol NodeEnvironment: AnyObject, Sendable {
    /// The loops that actors are placed on.
    var loops: [Loop] { get }
    /// The loop of supervision and of the control port: it never waits for an actor.
    var home: Loop { get }
    var network: any Network { get }
    var disk: any Disk { get }
    /// Starts the loops.
    func start()
    /// Finishes blocking work, ends the loops and waits for them. Not on a loop.
    func stop()
    func worker(named name: String) -> any Worker
    func blocking(
        on loop: Loop, _ work: @escaping @Sendable () -> Void, done: @escaping @Sendable () -> Void)
    func secureRandomBytes(_ count: Int) -> [UInt8]
    /// Where all seeds of the run come from.
    var seed: UInt64 { get }
    /// This node's incarnation: durable and rising.
    var epoch: UInt64 { get }
}
