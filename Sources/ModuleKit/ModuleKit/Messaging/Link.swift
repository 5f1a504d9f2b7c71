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

/// How many questions an incarnation of an actor left behind on a link.
protocol QuestionCounting: AnyObject, Sendable {
    var questionsUnderWay: Int { get }
    var askedBy: UInt32 { get }
}

/// A named, typed edge from an actor to one or more others, as the topology says.
///
/// Each `ask` that answers true is followed by exactly one call of the handler given to `onAnswer`:
/// with the response, or with the reason why there is none. Belongs to the asking actor: use it on
/// its loop.
public final class Link<C: Contract>: QuestionCounting, @unchecked Sendable {
    /// The key under `links:`.
    public let name: String
    /// The targets: replicas and members in the order of the topology; empty for an absent optional
    /// link.
    public let addresses: [Address<C>]
    /// The mailboxes of `addresses` again, for sending without counting references.
    @usableFromInline let targets: UnsafeMutablePointer<Unmanaged<ContractMailbox<C>>>
    @usableFromInline let targetCount: Int
    @usableFromInline let answers: Mailbox<Answer<C.Response>>
    /// Distinguishes the actor's incarnations: an answer to an earlier one is not delivered.
    @usableFromInline let incarnation: UInt64
    @exclusivity(unchecked) @usableFromInline var underWay = 0
    /// Questions under way at most: the slots for their answers are reserved.
    public let limit: Int
    /// Answers that came for an earlier incarnation of the actor.
    @exclusivity(unchecked) public private(set) var lateAnswers = 0

    /// - Parameter left: questions of earlier incarnations whose answers have not come. They keep
    ///   their slots, so that there is always room for an answer.
    init(
        _ name: String, to addresses: [Address<C>], answers: Mailbox<Answer<C.Response>>,
        incarnation: UInt32, underWay left: Int = 0
    ) {
        self.name = name
        self.addresses = addresses
        targetCount = addresses.count
        targets = .allocate(capacity: max(1, targetCount))
        for (index, address) in addresses.enumerated() {
            (targets + index).initialize(to: .passUnretained(address.mailbox))
        }
        self.answers = answers
        self.incarnation = UInt64(incarnation) << 32
        limit = answers.options.roundedCapacity
        underWay = left
    }

    deinit { targets.deallocate() }

    @inlinable @inline(__always)
    func send(
        _ letter: consuming Envelope<C.Request, C.Response>, to index: Int, _ criticality: Criticality
    ) -> SendResult {
        // A closure cannot consume what it captures, but it can empty an optional.
        var letter: Envelope<C.Request, C.Response>? = letter
        return targets[index]._withUnsafeGuaranteedRef { mailbox in
            guard let letter = letter.take() else { return .dropped }
            return mailbox.send(letter, criticality)
        }
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

    @usableFromInline func countLate() {
        lateAnswers += 1
        underWay -= 1
    }
    var askedBy: UInt32 { UInt32(truncatingIfNeeded: incarnation >> 32) }

    /// Whether a question can be asked of the target now without being refused.
    @inlinable public func hasRoom(_ index: Int = 0, _ criticality: Criticality = .normal) -> Bool {
        underWay < limit && index >= 0 && index < targetCount
            && targets[index]._withUnsafeGuaranteedRef { $0.hasRoom(criticality) }
    }
    /// Questions whose answers have not come, those of earlier incarnations of the actor among them.
    @inlinable public var questionsUnderWay: Int { underWay }

    /// Asks one of the targets; false (and no answer will come) if too many questions are under way.
    /// - Parameter tag: comes back with the answer.
    @inlinable @inline(__always)
    public func ask(
        _ request: consuming C.Request, tag: UInt32, of index: Int = 0, _ delivery: Delivery = Delivery()
    ) -> Bool {
        guard underWay < limit, index >= 0, index < targetCount else { return false }
        underWay &+= 1
        let reply = Reply(to: answers, tag: incarnation | UInt64(tag))
        _ = send(Envelope(request, delivery, reply), to: index, delivery.criticality)
        return true
    }

    /// Sends without waiting for an answer.
    @inlinable @inline(__always) @discardableResult
    public func tell(
        _ request: consuming C.Request, to index: Int = 0, _ delivery: Delivery = Delivery()
    ) -> SendResult {
        guard index >= 0, index < targetCount else { return .dropped }
        return send(Envelope(request, delivery, Reply()), to: index, delivery.criticality)
    }

    /// Runs the body on this actor's loop once the target's mailbox has room again.
    public func whenRoom(_ index: Int = 0, on loop: Loop, _ body: @escaping @Sendable () -> Void) {
        guard addresses.indices.contains(index) else { return }
        addresses[index].mailbox.whenRoom { loop.execute(body) }
    }
}
