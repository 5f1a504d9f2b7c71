import Synchronization

/// A body that comes piece by piece, from the module that makes it to the one that writes it out. The
/// two may be on different loops. Costs a lock a piece: for pages with slow parts and for events, not
/// for bodies that are wholly there.
///
/// Bounded: a producer asks `isWritable` and waits for `onWritable`; one that does not, and writes on
/// beyond twice the bound, ends the stream with an error.
public final class HTTPBodyStream: Sendable {
    /// What the consumer gets, in order.
    public enum Event: Sendable {
        case piece(HTTPBody)
        /// The end; nothing follows.
        case end
        /// The body will not be completed; nothing follows.
        case failed
    }
    private struct State {
        var waiting: [Event] = []
        var bytesWaiting = 0
        var isEnded = false
        var isCancelled = false
        var notify: (@Sendable () -> Void)?
        var writable: (@Sendable () -> Void)?
        var cancelled: (@Sendable () -> Void)?
    }
    private let state = Mutex(State())
    /// Bytes that may wait for the consumer.
    public let limit: Int

    public init(limit: Int = 256 << 10) {
        self.limit = limit
    }

    // MARK: producer

    /// Adds a piece; false if the consumer is gone or the stream has ended.
    @discardableResult
    public func write(_ piece: HTTPBody) -> Bool {
        guard piece.count > 0 else { return isOpen }
        return add(.piece(piece), bytes: piece.count)
    }
    /// Ends the body.
    public func finish() { _ = add(.end, bytes: 0) }
    /// Ends it without completing it: the client is to notice.
    public func fail() { _ = add(.failed, bytes: 0) }

    /// Whether the consumer is there and has room.
    public var isWritable: Bool {
        state.withLock { !$0.isCancelled && !$0.isEnded && $0.bytesWaiting < limit }
    }
    /// Whether pieces are still of use.
    public var isOpen: Bool { state.withLock { !$0.isCancelled && !$0.isEnded } }
    /// Bytes that wait for the consumer.
    public var bytesWaiting: Int { state.withLock { $0.bytesWaiting } }

    /// Runs the body, from the consumer's loop, each time the stream becomes writable again. Send
    /// yourself to your own loop.
    public func onWritable(_ body: @escaping @Sendable () -> Void) { state.withLock { $0.writable = body } }
    /// Runs the body, from the consumer's loop, when the consumer goes away early.
    public func onCancel(_ body: @escaping @Sendable () -> Void) {
        let isGone = state.withLock { state in
            state.cancelled = body
            return state.isCancelled
        }
        if isGone { body() }
    }

    private func add(_ event: Event, bytes: Int) -> Bool {
        let (isTaken, notify) = state.withLock { state -> (Bool, (@Sendable () -> Void)?) in
            guard !state.isCancelled, !state.isEnded else { return (false, nil) }
            var event = event
            if state.bytesWaiting > 2 * limit { event = .failed }
            if case .piece = event { state.bytesWaiting += bytes } else { state.isEnded = true }
            state.waiting.append(event)
            return (true, state.waiting.count == 1 ? state.notify : nil)
        }
        notify?()
        return isTaken
    }

    // MARK: consumer

    /// Runs the body, from the producer's loop, whenever something waits that did not before; at once
    /// if something waits now. Send yourself to your own loop, and call `take` there.
    public func attach(_ notify: @escaping @Sendable () -> Void) {
        let hasSome = state.withLock { state in
            state.notify = notify
            return !state.waiting.isEmpty
        }
        if hasSome { notify() }
    }
    /// Everything that waits, in order.
    public func take() -> [Event] {
        let (events, writable) = state.withLock { state -> ([Event], (@Sendable () -> Void)?) in
            let wasFull = state.bytesWaiting >= limit
            defer {
                state.waiting.removeAll()
                state.bytesWaiting = 0
            }
            return (state.waiting, wasFull ? state.writable : nil)
        }
        writable?()
        return events
    }
    /// The consumer goes away; what waits is let go.
    public func cancel() {
        let body = state.withLock { state -> (@Sendable () -> Void)? in
            guard !state.isCancelled else { return nil }
            state.isCancelled = true
            state.waiting.removeAll()
            state.bytesWaiting = 0
            state.notify = nil
            return state.isEnded ? nil : state.cancelled
        }
        body?()
    }
}
