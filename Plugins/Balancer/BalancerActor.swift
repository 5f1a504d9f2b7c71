import ModuleKit

/// A balancer for one contract: gives each request to a member and each answer back to whoever asked.
///
/// Generic, and made by code that names the contract: `bind` carries handlers that were compiled for
/// it, which a generic actor's own `start` would not be.
actor BalancerActor<C: Balanced>: Module {
    nonisolated let context: Context
    private let settings: BalancerSettings
    private let members: Link<C>
    private let pending: PendingRequests<C>
    private let bind: @Sendable (isolated BalancerActor) -> Void
    @exclusivity(unchecked) private var metrics: BalancerMetrics
    @exclusivity(unchecked) private var pool: MemberPool
    @exclusivity(unchecked) private var budget: RetryBudget
    @exclusivity(unchecked) private var isTicking = false
    @exclusivity(unchecked) private var drained: (@Sendable () -> Void)?

    /// How often deadlines, ejections and metrics are looked at, while there are any.
    private static var tickInterval: UInt64 { 20_000_000 }

    init(_ context: Context, bind: @escaping @Sendable (isolated BalancerActor) -> Void) throws(ModuleError) {
        self.context = context
        self.bind = bind
        settings = try BalancerSettings(context.settings, ownsKeys: C.ownsKeys)
        members = try context.link(BalancerModule.link, C.self)
        guard !members.addresses.isEmpty else {
            throw ModuleError("link '\(BalancerModule.link)' names no members")
        }
        let names = members.addresses.map(\.actor.name)
        pending = PendingRequests(limit: members.limit)
        pool = MemberPool(names, settings: settings, random: context.makeRandom())
        budget = RetryBudget(ratio: settings.retryRatio, burst: settings.retryBurst)
        metrics = BalancerMetrics(context, members: names, limit: members.limit)
    }

    func start() {
        for (index, cell) in context.links.targets(BalancerModule.link).enumerated() {
            switch cell.state {
            case .failed, .stopped, .restarting: _ = pool.down(index, now: context.now)
            default: break
            }
        }
        bind(self)
        metrics.update(pool, underWay: 0)
    }

    /// Called through `bind`.
    func bindHandlers() {
        context.serve(C.self, by: self) { actor, request, delivery, reply in
            actor.forward(request, delivery, reply)
        }
        members.onAnswer(of: self) { actor, tag, result in
            actor.answered(Int(tag), result)
        }
    }

    // MARK: requests

    private func forward(
        _ request: consuming C.Request, _ delivery: Delivery, _ reply: consuming Reply<C.Response>
    ) {
        // Consumed parameters cannot be copied; a retry needs a copy.
        let request = request
        let now = context.now
        let member: Int
        switch pool.pick(C.route(of: request), now: now) {
        case .member(let chosen): member = chosen
        case .unavailable:
            metrics.unavailable.increment()
            return reply.fail(.unavailable)
        case .full:
            metrics.refused.increment()
            return reply.fail(.refused)
        }
        guard reply.isAwaited else {
            pool.members[member].picks &+= 1
            members.tell(request, to: member, delivery)
            return tickLater()
        }
        guard !pending.isFull, members.questionsUnderWay < members.limit else {
            metrics.refused.increment()
            return reply.fail(.refused)
        }
        budget.earn()
        var tried = Tried()
        tried.add(member)
        let isKept = settings.retries > 0 && !settings.isOwned && C.isIdempotent(request)
        let slot = pending.insert(
            PendingRequest(
                reply: reply, request: isKept ? request : nil, delivery: delivery, startedAt: now,
                member: member, tried: tried))
        if let slot { send(request, delivery, to: member, slot) }
    }

    private func send(_ request: consuming C.Request, _ delivery: Delivery, to member: Int, _ slot: Int) {
        pool.began(member)
        // There is room: both limits were looked at.
        if !members.ask(request, tag: UInt32(truncatingIfNeeded: slot), of: member, delivery) {
            pool.ended(member)
            if var lost = pending.remove(slot), let reply = lost.reply.take() { reply.fail(.refused) }
        }
        if !isTicking { tickLater() }
    }

    private func answered(_ slot: Int, _ result: consuming Result<C.Response, AskFailure>) {
        let result = result
        guard var request = pending.remove(slot) else { return }
        let (now, member, startedAt) = (context.now, request.member, request.startedAt)
        pool.ended(member)
        // Nil when it was given up before: that was judged then, and nobody waits.
        guard let reply = request.reply.take() else {
            discard(result)
            return finishDrain()
        }
        let outcome: Outcome =
            switch result {
            case .success(let response): C.outcome(of: response)
            case .failure(let failure): failure.outcome
            }
        note(pool.judge(member, outcome, latency: now &- startedAt, now: now))
        if outcome != .success, let again = request.request,
            let next = next(again, request.delivery, request.tried, now)
        {
            discard(result)
            return retry(again, reply, request.delivery, request.tried, next, now)
        }
        switch result {
        case .success(let response): reply(response)
        case .failure(let failure): reply.fail(failure)
        }
        finishDrain()
    }

    private func discard(_ result: Result<C.Response, AskFailure>) {
        if case .success(let response) = result { C.discard(response) }
    }

    // MARK: retries

    /// The member for another try; nil if there shall be none.
    private func next(_ request: C.Request, _ delivery: Delivery, _ tried: Tried, _ now: UInt64) -> Int? {
        guard tried.count <= settings.retries, delivery.deadline == 0 || delivery.deadline > now,
            !pending.isFull, members.questionsUnderWay < members.limit,
            case .member(let member) = pool.pick(C.route(of: request), tried, now: now)
        else { return nil }
        guard budget.spend() else {
            metrics.budgetExhausted.increment()
            return nil
        }
        return member
    }

    private func retry(
        _ request: C.Request, _ reply: consuming Reply<C.Response>, _ delivery: Delivery, _ tried: Tried,
        _ member: Int, _ now: UInt64
    ) {
        metrics.retries.increment()
        var tried = tried
        tried.add(member)
        let slot = pending.insert(
            PendingRequest(
                reply: reply, request: tried.count <= settings.retries ? request : nil, delivery: delivery,
                startedAt: now, member: member, tried: tried))
        if let slot { send(request, delivery, to: member, slot) }
    }

    // MARK: time

    /// Ticks only while something can become due, so that an idle balancer costs nothing.
    private func tickLater() {
        guard !isTicking else { return }
        isTicking = true
        context.after(Self.tickInterval, on: self) { $0.tick() }
    }

    private func tick() {
        isTicking = false
        let now = context.now
        for event in pool.tick(now: now) { note(event) }
        if pending.count > 0 { giveUpLate(now) }
        metrics.update(pool, underWay: pending.count)
        if pending.count > 0 || pool.ejectedCount > 0 || pool.rampingCount > 0 { tickLater() }
    }

    /// Tries that took too long: whoever asked hears of it, or another member is tried; the slot is
    /// kept for the answer that may still come.
    private func giveUpLate(_ now: UInt64) {
        // Retries made meanwhile are not late.
        for slot in 0..<pending.used {
            let isLate = pending.with(slot) { request in
                guard request.isAwaited else { return false }
                let deadline = request.delivery.deadline
                return deadline != 0 && deadline <= now
                    || settings.timeout != 0 && now &- request.startedAt >= settings.timeout
            }
            if isLate == true { giveUp(slot, now) }
        }
    }

    private func giveUp(_ slot: Int, _ now: UInt64) {
        var reply: Reply<C.Response>?
        let rest = pending.with(slot) { request in
            reply = request.reply.take()
            let kept = request.request
            request.request = nil
            return (kept, request.delivery, request.tried, request.member, request.startedAt)
        }
        guard let reply = reply.take(), let (kept, delivery, tried, member, startedAt) = rest else { return }
        metrics.timeouts.increment()
        note(pool.judge(member, .failure, latency: now &- startedAt, now: now))
        if let kept, let next = next(kept, delivery, tried, now) {
            return retry(kept, reply, delivery, tried, next, now)
        }
        reply.fail(.timedOut)
    }

    // MARK: members

    func receive(control message: ControlMessage) {
        switch message {
        case .down(let actor), .failed(let actor):
            guard let member = number(of: actor) else { return }
            for event in pool.down(member, now: context.now) { note(event) }
        case .up(let actor):
            guard let member = number(of: actor) else { return }
            pool.up(member, now: context.now)
        case .degrade: return
        }
        metrics.update(pool, underWay: pending.count)
        tickLater()
    }

    private func number(of actor: ActorIdentity) -> Int? {
        members.addresses.firstIndex { $0.actor.name == actor.name }
    }

    private func note(_ event: MemberEvent?) {
        switch event {
        case .ejected(let member, let time):
            metrics.ejections.increment()
            context.log.warning(
                "member left out for its failures",
                [
                    LogField("member", members.addresses[member].actor.name),
                    LogField("milliseconds", time / 1_000_000),
                ])
        case .returned(let member):
            context.log.notice(
                "member gets requests again", [LogField("member", members.addresses[member].actor.name)])
        case nil: break
        }
    }

    // MARK: the end

    func drain(_ done: @escaping @Sendable () -> Void) {
        if pending.count == 0 { return done() }
        drained = done
    }

    private func finishDrain() {
        guard let done = drained, pending.count == 0 else { return }
        drained = nil
        done()
    }
}
