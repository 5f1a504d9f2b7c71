import CModuleKit
import Synchronization

/// Something a loop gives turns to: an intrusive node of the loop's ready list.
///
/// The turn is a closure and not a method: a generic class's method called through its vtable is not
/// specialised, a closure made in an inlinable initialiser is compiled in the plugin for its types.
open class Runnable: @unchecked Sendable {
    /// Handles at most the given number of messages; answers whether more are waiting.
    public typealias Turn = (Runnable, Int) -> Bool

    @exclusivity(unchecked) @usableFromInline final var next: Unmanaged<Runnable>?
    @exclusivity(unchecked) @usableFromInline final var isScheduled = false
    @exclusivity(unchecked) final var remoteNext: UnsafeMutableRawPointer?
    /// Set by a sender on another thread, cleared by the loop before it looks at the remote lanes.
    @usableFromInline final let isAnnounced = Atomic<Bool>(false)
    @exclusivity(unchecked) @usableFromInline final var turn: Turn
    /// The loop that gives the turns; it outlives its runnables.
    public unowned(unsafe) final let loop: Loop

    /// Whose work the turns are, as a C string: what the crash handler prints after a trap.
    @exclusivity(unchecked) public private(set) final var label: UnsafePointer<CChar>?

    /// - Parameter turn: runs on the loop only.
    public init(on loop: Loop, turn: @escaping Turn) {
        self.loop = loop
        self.turn = turn
    }

    deinit { label?.deallocate() }

    /// Names the work. Before the first turn.
    public final func setLabel(_ text: String) {
        let bytes = Array(text.utf8CString)
        let copy = UnsafeMutablePointer<CChar>.allocate(capacity: bytes.count)
        copy.initialize(from: bytes, count: bytes.count)
        label?.deallocate()
        label = UnsafePointer(copy)
    }

    /// The counters of a mailbox; nothing for other runnables. A moment old when read off the loop.
    open func counters() -> MailboxCounters { MailboxCounters() }

    /// Refuses everything that waits and that comes from now on, for instance when an actor has
    /// failed for good. On the loop.
    open func shut(_ reason: AskFailure) {}

    /// Destroys everything that waits, so that no token is left when a node is freed. On the loop, or
    /// after the loop has stopped.
    open func discardAll() {}
}
