import ModuleKit

/// The world below a node: the system in production, virtual time and memory in tests. The node itself
/// is the same code above either.
public protocol NodeEnvironment: AnyObject, Sendable {
    /// The loops that actors are placed on.
    var loops: [Loop] { get }
    /// The loop of supervision and of the control port: it never waits for an actor.
    var home: Loop { get }
    /// Sockets.
    var network: any Network { get }
    /// Files.
    var disk: any Disk { get }
    /// Starts the loops.
    func start()
    /// Finishes blocking work, ends the loops and waits for them. Not on a loop.
    func stop()
    /// A thread of its own for blocking work; the same for the same name.
    func worker(named name: String) -> any Worker
    /// Runs blocking work on a pool, then `done` on the loop.
    func blocking(
        on loop: Loop, _ work: @escaping @Sendable () -> Void, done: @escaping @Sendable () -> Void)
    /// Bytes for keys and secrets.
    func secureRandomBytes(_ count: Int) -> [UInt8]
    /// Where all seeds of the run come from.
    var seed: UInt64 { get }
    /// This node's incarnation: durable and rising.
    var epoch: UInt64 { get }
}
