/// A link for the slow path: each question brings what is to be done with its answer, and has a time
/// limit. Costs an allocation a question; hot paths use `Link` and tags.
///
/// Belongs to the asking actor: use it on its loop.
public final class Asker<C: Contract, A: Module>: @unchecked Sendable {
    /// What to do with the answer. Runs on the actor, exactly once for each question.
    public typealias Then = @Sendable (isolated A, consuming Result<C.Response, AskFailure>) -> Void

    /// A question keeps its slot until its answer has come, even when nobody waits for that any more:
    /// so the slot's number alone tells answers apart.
    private struct Question {
        var then: Then?
        var deadline: UInt64 = 0
    }
    private let link: Link<C>
    private let context: Context
    @exclusivity(unchecked) private unowned(unsafe) var actor: A
    @exclusivity(unchecked) private var questions: [Question] = []
    @exclusivity(unchecked) private var free: [UInt32] = []
    /// Questions that were not even asked; answered in the next round.
    @exclusivity(unchecked) private var turnedAway: [(reason: AskFailure, then: Then)] = []
    @exclusivity(unchecked) private var sweep = TimerToken.none
    /// The actor has been taken out.
    @exclusivity(unchecked) private var isOver = false

    /// Call it in `start`: it binds the link's answers.
    public init(_ link: Link<C>, of actor: A) {
        self.link = link
        self.actor = actor
        context = actor.context
        // Strong: the binding ends when the actor is taken out.
        link.onAnswer(of: actor) { [self] actor, tag, result in
            let then = take(tag)
            release(tag)
            then.map { $0(actor, result) }
        }
        // Tasks that wait for an answer must not wait for ever.
        context.atEnd { [weak self] in self?.failAll() }
    }

    private func failAll() {
        isOver = true
        for slot in questions.indices {
            if let then = take(UInt32(truncatingIfNeeded: slot)) { fail(then, .unavailable) }
        }
        answerTurnedAway()
    }

    /// At the end there are no turns any more in which the actor's isolation was checked; it is on its
    /// loop all the same.
    private func fail(_ then: @escaping Then, _ reason: AskFailure) {
        typealias Bare = @Sendable (A, consuming Result<C.Response, AskFailure>) -> Void
        unsafeBitCast(then, to: Bare.self)(actor, .failure(reason))
    }

    /// The link's targets, in the order of the topology.
    public var addresses: [Address<C>] { link.addresses }

    /// Asks one of the targets; `then` is called in any case, with `AskFailure.timedOut` if nothing
    /// came within `timeout` nanoseconds (or by the delivery's deadline, if that is earlier), and with
    /// `AskFailure.unavailable` when the actor is taken out before.
    public func ask(
        _ request: consuming C.Request, of index: Int = 0, _ delivery: Delivery = Delivery(),
        timeout: UInt64, then: @escaping Then
    ) {
        let (end, overflow) = context.loop.now.addingReportingOverflow(timeout)
        let limited = delivery.limited(to: overflow ? .max : end)
        guard !isOver else { return failLater(.unavailable, then) }
        guard let slot = free.popLast() ?? newSlot() else { return failLater(.tooManyUnderWay, then) }
        questions[Int(slot)] = Question(then: then, deadline: limited.deadline)
        guard link.ask(request, tag: slot, of: index, limited) else {
            _ = take(slot)
            release(slot)
            let exists = addresses.indices.contains(index)
            return failLater(exists ? .tooManyUnderWay : .unavailable, then)
        }
        if sweep == .none { sweepLater() }
    }

    /// Asks and waits without holding the loop. On the actor, in a task made by `Context.spawn`.
    public func ask(
        _ request: C.Request, of index: Int = 0, _ delivery: Delivery = Delivery(), timeout: UInt64,
        isolation: isolated A
    ) async throws(AskFailure) -> C.Response {
        // A task may live longer than its actor; nobody would answer it.
        if isOver { throw .unavailable }
        let result: Result<C.Response, AskFailure> = await withUnsafeContinuation(isolation: isolation) {
            continuation in
            ask(request, of: index, delivery, timeout: timeout) { _, result in
                continuation.resume(returning: result)
            }
        }
        return try result.get()
    }

    private func newSlot() -> UInt32? {
        guard questions.count < link.limit else { return nil }
        questions.append(Question())
        return UInt32(truncatingIfNeeded: questions.count - 1)
    }

    private func take(_ slot: UInt32) -> Then? {
        guard Int(slot) < questions.count else { return nil }
        defer { questions[Int(slot)].then = nil }
        return questions[Int(slot)].then
    }

    private func release(_ slot: UInt32) {
        if Int(slot) < questions.count { free.append(slot) }
    }

    /// Later, so that `then` never runs inside `ask`.
    private func failLater(_ reason: AskFailure, _ then: @escaping Then) {
        turnedAway.append((reason, then))
        guard turnedAway.count == 1 else { return }
        let owner = actor
        context.loop.execute { [self] in withExtendedLifetime(owner) { answerTurnedAway() } }
    }

    private func answerTurnedAway() {
        let waiting = turnedAway
        turnedAway = []
        for (reason, then) in waiting { fail(then, reason) }
    }

    /// Questions time out in steps of 10 ms: one timer for all of them.
    private func sweepLater() {
        sweep = context.after(10_000_000, on: actor) { [weak self] actor in
            guard let self else { return }
            let now = self.context.loop.now
            for slot in self.questions.indices where self.questions[slot].deadline <= now {
                if let then = self.take(UInt32(truncatingIfNeeded: slot)) { then(actor, .failure(.timedOut)) }
            }
            self.sweep = .none
            if self.questions.contains(where: { $0.then != nil }) { self.sweepLater() }
        }
    }
}
