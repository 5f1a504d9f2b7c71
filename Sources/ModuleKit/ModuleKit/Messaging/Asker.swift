/// A link for the slow path: each question brings what is to be done with its answer, and has a time
/// limit. Costs an allocation a question; hot paths use `Link` and tags.
///
/// Belongs to the asking actor: use it on its loop.
public final class Asker<C: Contract, A: Module>: @unchecked Sendable {
    /// What to do with the answer. Runs on the actor, exactly once for each question.
    public typealias Then = @Sendable (isolated A, consuming Result<C.Response, AskFailure>) -> Void

    private struct Question {
        var then: Then?
        var generation: UInt16 = 0
        var deadline: UInt64 = 0
    }
    private let link: Link<C>
    private let context: Context
    @exclusivity(unchecked) private unowned(unsafe) var actor: A
    @exclusivity(unchecked) private var questions: [Question] = []
    @exclusivity(unchecked) private var free: [UInt16] = []
    @exclusivity(unchecked) private var sweep = TimerToken.none

    /// Call it in `start`: it binds the link's answers.
    public init(_ link: Link<C>, of actor: A) {
        self.link = link
        self.actor = actor
        context = actor.context
        link.onAnswer(of: actor) { [unowned self] actor, tag, result in
            self.take(tag).map { $0(actor, result) }
        }
        // Tasks that wait for an answer must not wait for ever.
        context.atEnd { [weak self] in self?.failAll() }
    }

    private func failAll() {
        for slot in questions.indices {
            let tag = UInt32(questions[slot].generation) << 16 | UInt32(slot)
            guard let then = take(tag) else { continue }
            typealias Bare = @Sendable (A, consuming Result<C.Response, AskFailure>) -> Void
            let bare = unsafeBitCast(then, to: Bare.self)
            bare(actor, .failure(.unavailable))
        }
    }

    /// The link's targets, in the order of the topology.
    public var addresses: [Address<C>] { link.addresses }

    /// Asks one of the targets; `then` is called in any case, with `AskFailure.timedOut` if nothing
    /// came within `timeout` nanoseconds (or by the delivery's deadline, if that is earlier).
    public func ask(
        _ request: consuming C.Request, of index: Int = 0, _ delivery: Delivery = Delivery(),
        timeout: UInt64, then: @escaping Then
    ) {
        let now = context.loop.now
        let limited = delivery.limited(to: now &+ timeout)
        guard let slot = free.popLast() ?? newSlot() else { return failLater(.tooManyUnderWay, then) }
        questions[Int(slot)].then = then
        questions[Int(slot)].deadline = limited.deadline
        let tag = UInt32(questions[Int(slot)].generation) << 16 | UInt32(slot)
        guard link.ask(request, tag: tag, of: index, limited) else {
            _ = take(tag)
            return failLater(link.addresses.isEmpty ? .unavailable : .tooManyUnderWay, then)
        }
        if sweep == .none { sweepLater() }
    }

    /// Asks and waits without holding the loop. On the actor, in a task made by `Context.spawn`.
    public func ask(
        _ request: C.Request, of index: Int = 0, _ delivery: Delivery = Delivery(), timeout: UInt64,
        isolation: isolated A
    ) async throws(AskFailure) -> C.Response {
        let result: Result<C.Response, AskFailure> = await withUnsafeContinuation(isolation: isolation) {
            continuation in
            ask(request, of: index, delivery, timeout: timeout) { _, result in
                continuation.resume(returning: result)
            }
        }
        return try result.get()
    }

    private func newSlot() -> UInt16? {
        guard questions.count < min(link.limit, Int(UInt16.max)) else { return nil }
        questions.append(Question())
        return UInt16(truncatingIfNeeded: questions.count - 1)
    }

    private func take(_ tag: UInt32) -> Then? {
        let slot = Int(tag & 0xFFFF)
        guard slot < questions.count, UInt32(questions[slot].generation) == tag >> 16,
            let then = questions[slot].then
        else { return nil }
        questions[slot].then = nil
        questions[slot].generation &+= 1
        free.append(UInt16(truncatingIfNeeded: slot))
        return then
    }

    /// Later, so that `then` never runs inside `ask`.
    private func failLater(_ reason: AskFailure, _ then: @escaping Then) {
        context.after(0, on: actor) { then($0, .failure(reason)) }
    }

    /// Questions time out in steps of 10 ms: one timer for all of them.
    private func sweepLater() {
        sweep = context.after(10_000_000, on: actor) { [weak self] actor in
            guard let self else { return }
            let now = self.context.loop.now
            var waiting = false
            for slot in self.questions.indices where self.questions[slot].then != nil {
                if self.questions[slot].deadline > now {
                    waiting = true
                    continue
                }
                let tag = UInt32(self.questions[slot].generation) << 16 | UInt32(slot)
                self.take(tag).map { $0(actor, .failure(.timedOut)) }
            }
            self.sweep = .none
            if waiting || self.free.count < self.questions.count { self.sweepLater() }
        }
    }
}
