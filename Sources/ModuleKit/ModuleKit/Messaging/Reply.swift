/// An answer on its way to the actor that asked.
@frozen public struct Answer<Value: Sendable>: Letter {
    /// What the asker gave along: its incarnation and its own number for the question.
    public let tag: UInt64
    /// What was answered, or why there is no answer.
    public let value: Result<Value, AskFailure>

    @inlinable public init(tag: UInt64, value: consuming Result<Value, AskFailure>) {
        self.tag = tag
        self.value = value
    }
    /// Nobody is left to hear it.
    @inlinable public consuming func refuse(_ reason: AskFailure) {}
}

/// The duty to answer one question. Calling it answers; letting it go answers `AskFailure.dropped`.
///
/// It cannot be copied, so the compiler sees to it that a question is answered at most once, and its
/// end that it is answered at least once.
@frozen public struct Reply<Value: Sendable>: ~Copyable, @unchecked Sendable {
    /// Unowned: mailboxes live as long as their node, and a node empties all of them before it frees
    /// any.
    @usableFromInline let port: Unmanaged<Mailbox<Answer<Value>>>?
    @usableFromInline let tag: UInt64

    @inlinable public init(to port: Mailbox<Answer<Value>>, tag: UInt64) {
        self.port = Unmanaged.passUnretained(port)
        self.tag = tag
    }
    /// For messages that nobody waits for.
    @inlinable public init() {
        port = nil
        tag = 0
    }
    /// Whether somebody waits for the answer.
    @inlinable public var isAwaited: Bool { port != nil }

    /// Answers.
    @inlinable @inline(__always) public consuming func callAsFunction(_ value: consuming Value) {
        if let port {
            let answer = Answer(tag: tag, value: .success(value))
            _ = port._withUnsafeGuaranteedRef { $0.send(answer) }
        }
        discard self
    }
    /// Answers that there will be none.
    @inlinable public consuming func fail(_ reason: AskFailure) {
        if let port { Self.fail(port, tag, reason) }
        discard self
    }
    @inlinable deinit {
        if let port { Self.fail(port, tag, .dropped) }
    }
    @inlinable @inline(never)
    static func fail(_ port: Unmanaged<Mailbox<Answer<Value>>>, _ tag: UInt64, _ reason: AskFailure) {
        _ = port._withUnsafeGuaranteedRef { $0.send(Answer(tag: tag, value: .failure(reason))) }
    }
}

/// Carries a reply token into a closure or a task, which cannot consume what they capture.
public final class ReplyBox<Value: Sendable>: @unchecked Sendable {
    @exclusivity(unchecked) private var reply: Reply<Value>?

    public init(_ reply: consuming Reply<Value>) {
        self.reply = consume reply
    }
    /// Answers; does nothing if it was answered before. On the actor that holds the box.
    public func callAsFunction(_ value: consuming Value) {
        guard let reply = reply.take() else { return }
        reply(value)
    }
    /// Answers that there will be none; does nothing if it was answered before.
    public func fail(_ reason: AskFailure) {
        guard let reply = reply.take() else { return }
        reply.fail(reason)
    }
    /// The token itself; one that nobody waits for if it was taken before.
    public func take() -> Reply<Value> {
        reply.take() ?? Reply()
    }
    /// Whether the token was used or taken.
    public var isAnswered: Bool { if reply == nil { true } else { false } }
}
