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
    /// Owned. Behind a constant of a class, so that a turn is given without counting references.
    @exclusivity(unchecked) final var body: Unmanaged<TurnBody>
    /// The loop that gives the turns; it outlives its runnables.
    public unowned(unsafe) final let loop: Loop
    /// The same, for where reading `loop` would count references.
    @usableFromInline final let home: Unmanaged<Loop>

    /// Whose work the turns are, as a C string: what the crash handler prints after a trap.
    @exclusivity(unchecked) public private(set) final var label: UnsafePointer<CChar>?

    /// - Parameter turn: runs on the loop only.
    public init(on loop: Loop, turn: @escaping Turn) {
        self.loop = loop
        home = .passUnretained(loop)
        body = .passRetained(TurnBody(turn))
    }

    deinit {
        label?.deallocate()
        body.release()
    }

    /// What is done in a turn. A turn that replaces itself, or its actor, goes on to its end: what it
    /// needs is let go of when the loop's round is over. On the loop.
    @usableFromInline final var turn: Turn {
        get { body.takeUnretainedValue().run }
        set { setTurn(newValue, keeping: nil) }
    }

    /// The same, with something that the turn borrows and that must live as long as it.
    @usableFromInline final func setTurn(_ turn: @escaping Turn, keeping kept: AnyObject?) {
        loop.releaseLater(body)
        body = .passRetained(TurnBody(turn, keeping: kept))
    }

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

    /// Whether somebody receives what comes. On the loop.
    @exclusivity(unchecked) @usableFromInline final var hasReceiver = false

    /// Lets go of the receiver; what waits is kept for the next one. On the loop.
    public final func unbind() {
        hasReceiver = false
        turn = { _, _ in false }
    }

    /// Refuses everything that waits and that comes from now on, for instance when an actor has
    /// failed for good. On the loop.
    open func shut(_ reason: AskFailure) {}

    /// Destroys everything that waits, so that no token is left when a node is freed. On the loop, or
    /// after the loop has stopped.
    open func discardAll() {}
}

/// What a runnable does in its turns.
final class TurnBody {
    let run: Runnable.Turn
    private let kept: AnyObject?

    init(_ run: @escaping Runnable.Turn, keeping kept: AnyObject? = nil) {
        self.run = run
        self.kept = kept
    }
}
