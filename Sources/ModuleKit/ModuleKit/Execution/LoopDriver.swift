/// Who drives a loop: libuv on a thread in production, the test or the simulator otherwise.
///
/// The seam lies below the loop: mailboxes, ready list, timers and turns are the same code whoever
/// drives them. A driver is asked only where a loop would be woken and for the time, never for a
/// message. Before it lets the loop sleep it looks at `Loop.earliestTimer`.
public protocol LoopDriver: AnyObject, Sendable {
    /// Something came for a loop that sleeps. From any thread.
    func wake(_ loop: Loop)
    /// Nanoseconds of the monotonic clock, read anew.
    func monotonicNow() -> UInt64
    /// Nanoseconds since 1970, read anew.
    func wallNow() -> UInt64
}
