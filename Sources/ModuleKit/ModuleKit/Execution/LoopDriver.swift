/// Who drives a loop: libuv on a thread in production, the test or the simulator otherwise.
///
/// The seam lies below the loop: mailboxes, ready list, timers and turns are the same code whoever
/// drives them. A driver is asked only where a loop would sleep or be woken and where its earliest
/// timer changes; never for a message.
public protocol LoopDriver: AnyObject, Sendable {
    /// Something came for a loop that sleeps. From any thread.
    func wake(_ loop: Loop)
    /// The loop's earliest timer is now due at `time` (nanoseconds on the loop's clock). On the loop.
    func timer(_ loop: Loop, at time: UInt64)
    /// Nanoseconds of the monotonic clock, read anew.
    func monotonicNow() -> UInt64
    /// Nanoseconds since 1970, read anew.
    func wallNow() -> UInt64
}
