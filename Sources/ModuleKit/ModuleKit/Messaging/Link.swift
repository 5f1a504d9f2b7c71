import Synchronization

/// One end that a contract's requests can be sent to: an actor's mailbox for that contract.
@frozen public struct Address<C: Contract>: Sendable {
    /// Where requests go.
    public let mailbox: ContractMailbox<C>
    /// The actor behind it.
    public let actor: ActorIdentity

    public init(_ mailbox: ContractMailbox<C>, of actor: ActorIdentity) {
        self.mailbox = mailbox
        self.actor = actor
    }
}

/// A named, typed edge from an actor to one or more others, as the topology says.
///
/// Each `ask` that answers true is followed by exactly one call of the handler given to `onAnswer`:
/// with the response, or with the reason why there is none. Belongs to the asking actor: use it on
/// its loop.
public final class Link<C: Contract>: @unchecked Sendable {
    /// The key under `links:`.
    public let name: String
    /// The targets: replicas and members in the order of the topology; empty for an absent optional
    /// link.
    public let addresses: [Address<C>]
    @usableFromInline let answers: Mailbox<Answer<C.Response>>
    /// Distinguishes the actor's incarnations: an answer to an earlier one is not delivered.
    @usableFromInline let incarnation: UInt64
    @exclusivity(unchecked) @usableFromInline var underWay = 0
    /// Questions under way at most: the slots for their answers are reserved.
    public let limit: Int
    /// Answers that came for an earlier incarnation of the actor.
    @exclusivity(unchecked) public private(set) var lateAnswers = 0

    init(
        _ name: String, to addresses: [Address<C>], answers: Mailbox<Answer<C.Response>>, incarnation: UInt32
    ) {
        self.name = name
        self.addresses = addresses
        self.answers = answers
        self.incarnation = UInt64(incarnation) << 32
        limit = answers.options.roundedCapacity
    }

    /// Says what to do with answers. `settle` runs after each batch of them. Call it in `start`.
    @inlinable
    public func onAnswer<A: Module>(
        of actor: A,
        _ body:
            @escaping @Sendable (isolated A, UInt32, consuming Result<C.Response, AskFailure>) throws -> Void,
        settle: @escaping @Sendable (isolated A) -> Void = { _ in }
    ) {
        let context = actor.context
        answers.bind(
            to: actor,
            receive: { actor, answer in
                guard answer.tag & ~0xFFFF_FFFF == self.incarnation else {
                    self.countLate()
                    return true
                }
                self.underWay &-= 1
                do {
                    try body(actor, UInt32(truncatingIfNeeded: answer.tag), answer.value)
                    return true
                } catch {
                    context.fail(error, while: C.identity.name)
                    return false
                }
            }, settle: settle)
    }

    @usableFromInline func countLate() { lateAnswers += 1 }

    /// Whether a question can be asked of the target now without being refused.
    @inlinable public func hasRoom(_ index: Int = 0, _ criticality: Criticality = .normal) -> Bool {
        underWay < limit && addresses[index].mailbox.hasRoom(criticality)
    }
    /// Questions whose answers have not come.
    @inlinable public var questionsUnderWay: Int { underWay }

    /// Asks one of the targets; false (and no answer will come) if too many questions are under way.
    /// - Parameter tag: comes back with the answer.
    @inlinable @inline(__always)
    public func ask(
        _ request: consuming C.Request, tag: UInt32, of index: Int = 0, _ delivery: Delivery = Delivery()
    ) -> Bool {
        guard underWay < limit, index < addresses.count else { return false }
        underWay &+= 1
        let reply = Reply(to: answers, tag: incarnation | UInt64(tag))
        _ = addresses[index].mailbox.send(Envelope(request, delivery, reply), delivery.criticality)
        return true
    }

    /// Sends without waiting for an answer.
    @inlinable @inline(__always) @discardableResult
    public func tell(
        _ request: consuming C.Request, to index: Int = 0, _ delivery: Delivery = Delivery()
    ) -> SendResult {
        guard index < addresses.count else { return .dropped }
        return addresses[index].mailbox.send(
            Envelope(request, delivery, Reply()), delivery.criticality)
    }

    /// Runs the body on this actor's loop once the target's mailbox has room again.
    public func whenRoom(_ index: Int = 0, on loop: Loop, _ body: @escaping @Sendable () -> Void) {
        addresses[index].mailbox.whenRoom { loop.execute(body) }
    }
}
