/// A receiver and what it does with messages, as constants of a class: called without counting
/// references. The functions have lost their isolation; only turns on the receiver's loop call them.
@usableFromInline
final class MailboxHandlers<Receiver: Actor, Element: ~Copyable & Letter>: Sendable {
    @usableFromInline typealias Receive = @Sendable (Receiver, consuming Element) -> Bool
    @usableFromInline typealias Settle = @Sendable (Receiver) -> Void

    @usableFromInline let receiver: Receiver
    @usableFromInline let receive: Receive
    @usableFromInline let settle: Settle

    @usableFromInline
    init(_ receiver: Receiver, _ receive: @escaping Receive, _ settle: @escaping Settle) {
        self.receiver = receiver
        self.receive = receive
        self.settle = settle
    }
}
