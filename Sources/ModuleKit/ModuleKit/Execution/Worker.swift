/// Work that blocks (SQLite, fsync, name look-up), off the loop.
///
/// In production a thread; in simulation a job that takes virtual time. What the work does becomes
/// visible only in `done`, which runs after it, on no loop, and never if the node died in between.
public protocol Worker: AnyObject, Sendable {
    /// Runs `work` after everything submitted before it, then `done`. From any thread.
    func submit(_ work: @escaping @Sendable () -> Void, done: @escaping @Sendable () -> Void)
    /// Waits for what was submitted, then ends. Not on a loop.
    func stop()
}
