import ModuleKit

/// Orders over several shards, as their home sees them: the others hold pieces in memory, the home
/// decides once, durably, and what it decided is settled afterwards.
extension Shard {
    /// Decides an order of any number of lines, or begins to ask the other shards.
    func decide(_ waiter: Waiter) {
        guard phase == .live else { return finish(waiter, .unavailable(brokenBecause)) }
        guard hasRoom else { return finish(waiter, .busy) }
        (waiter.own, waiter.others) = ownership.partition(waiter.draft.stockLines)
        guard waiter.others.isEmpty || waiters.count < options.holds else { return finish(waiter, .busy) }
        if let refusal = takeAll(waiter.own) { return finish(waiter, refusal) }
        if waiter.others.isEmpty {
            chargeAll(waiter.own)
            return record(waiter)
        }
        askForHolds(waiter)
    }

    private func record(_ waiter: Waiter) {
        let id = append(waiter.draft, waiter.fingerprint)
        for (index, reply) in waiter.replies.enumerated() {
            if index == 0 {
                let record = OrderRecord(id: id, draft: waiter.draft)
                collecting.promise(.response(.placed(record, isRepeat: false)), reply.take())
            } else {
                collecting.promise(.repeated(id), reply.take())
            }
        }
        waiter.replies = []
        closeIfFull()
    }

    private func askForHolds(_ waiter: Waiter) {
        guard let peers else { return finish(waiter, .unavailable("the shard has no peers")) }
        let slot = freeSlots.popLast() ?? slots.count
        if slot == slots.count { slots.append(waiter) } else { slots[slot] = waiter }
        serial += 1
        waiter.attempt = epoch << 32 | UInt64(truncatingIfNeeded: serial) & 0xFFFF_FFFF
        waiter.until = context.now &+ options.holdTime
        if waiter.delivery.deadline != 0 { waiter.until = min(waiter.until, waiter.delivery.deadline) }
        waiters[waiter.draft.key] = waiter
        waiter.waiting = waiter.others.count
        deadlines.append((slot, waiter.attempt, waiter.until))
        armTick()
        let tag = HoldsTag(.hold, generation: generation, slot: slot)
        for (peer, lines) in waiter.others {
            let hold = Hold(home: index, key: waiter.draft.key, attempt: waiter.attempt, lines: lines)
            let delivery = Delivery(
                deadline: waiter.until, trace: waiter.delivery.trace, criticality: .critical)
            if !peers.ask(.hold(hold), tag: tag.raw, of: peer, delivery) {
                waiter.refusal = .busy
                waiter.waiting -= 1
            }
        }
        if waiter.waiting == 0 { conclude(waiter, slot) }
    }

    func holdAnswered(_ slot: Int, _ result: consuming Result<HoldsResponse, AskFailure>) {
        guard slot < slots.count, let waiter = slots[slot] else { return }
        switch result {
        case .success(.held(let shard, let epoch)): waiter.held.append((shard, epoch))
        case .success(.soldOut(let variant, let available)):
            waiter.refusal = .soldOut(variant: variant, available: available)
        case .success(.unknownVariant(let variant)): waiter.refusal = .unknownVariant(variant)
        default:
            // Not known whether it holds: sold out is the better answer if another shard says that.
            waiter.refusal = waiter.refusal ?? .unavailable("another shard cannot be asked now")
        }
        waiter.waiting -= 1
        if waiter.waiting == 0 { conclude(waiter, slot) }
    }

    /// All have answered: decides, unless it was given up meanwhile.
    private func conclude(_ waiter: Waiter, _ slot: Int) {
        slots[slot] = nil
        freeSlots.append(slot)
        if waiter.isFinished { return }
        // A hold of a shard that has started anew since is gone.
        let isStale = waiter.held.contains { outgoing[$0.peer].epoch > $0.epoch }
        if waiter.refusal == nil, isStale || context.now > waiter.until {
            waiter.refusal = .unavailable("another shard did not answer in time")
        }
        if waiter.refusal == nil, !hasRoom { waiter.refusal = .busy }
        if let refusal = waiter.refusal { return giveUp(waiter, refusal) }
        waiters[waiter.draft.key] = nil
        chargeAll(waiter.own)
        let id = LogPosition.order(nextNumber, of: index)
        owe(waiter.others, waiter.draft.key, id, isReturn: false)
        record(waiter)
    }

    private func giveUp(_ waiter: Waiter, _ refusal: OrdersResponse) {
        waiter.isFinished = true
        waiters[waiter.draft.key] = nil
        giveBack(waiter.own[...])
        for (peer, _) in waiter.others {
            // Lost, the hold ends by being asked about.
            peers?.tell(
                .release(key: waiter.draft.key, attempt: waiter.attempt), to: peer,
                Delivery(trace: waiter.delivery.trace, criticality: .critical))
        }
        finish(waiter, refusal)
    }

    /// Orders whose time is over are given up, whoever has not answered.
    func expireWaiters() {
        while firstDeadline < deadlines.count, deadlines[firstDeadline].until < context.now {
            let (slot, attempt, _) = deadlines[firstDeadline]
            firstDeadline += 1
            guard slot < slots.count, let waiter = slots[slot], waiter.attempt == attempt,
                !waiter.isFinished
            else { continue }
            giveUp(waiter, waiter.refusal ?? .unavailable("another shard did not answer in time"))
        }
        if firstDeadline == deadlines.count || firstDeadline > 4096 {
            deadlines.removeFirst(firstDeadline)
            firstDeadline = 0
        }
    }

    /// A shard asks what became of a hold of that attempt.
    func asked(
        _ key: OrderKey, _ attempt: UInt64, by shard: Int, _ reply: consuming Reply<HoldsResponse>
    ) {
        guard isLoaded, outgoing.indices.contains(shard) else { return reply(.unavailable) }
        if let known = window.find(key) {
            return answerAsked(known.id, by: shard, reply)
        }
        if let waiter = waiters[key] {
            // From now on that attempt can only fail.
            if waiter.attempt == attempt {
                waiter.refusal = waiter.refusal ?? .unavailable("another shard did not wait")
            }
            return reply(.undecided)
        }
        let suspects = suspects(key)
        guard !suspects.isEmpty else { return reply(.undecided) }
        let (box, before) = (ReplyBox(reply), generation)
        let isAsked = read(.key(key, suspects)) { home, answer in
            guard case .key(let known) = answer, home.generation == before else { return box(.unavailable) }
            if let id = known?.id ?? home.window.find(key)?.id {
                home.answerAsked(id, by: shard, box.take())
            } else if let waiter = home.waiters[key], waiter.attempt == attempt {
                box(.unavailable)
            } else {
                box(.undecided)
            }
        }
        if !isAsked { box(.unavailable) }
    }

    private func answerAsked(_ id: Int64, by shard: Int, _ reply: consuming Reply<HoldsResponse>) {
        guard id != KeyWindow.restock else { return reply(.undecided) }
        if LogPosition.number(ofOrder: id) <= LogPosition.number(of: committedRow) {
            return reply(.decided(through: outgoing[shard].assigned))
        }
        collecting.promise(.decided(through: outgoing[shard].assigned), ReplyBox(reply))
        collecting.isUrgent = true
    }

    // MARK: settling

    /// Notes what other shards are owed; it is theirs once the batch is on the disk.
    func owe(_ others: [(peer: Int, lines: [StockLine])], _ key: OrderKey, _ order: Int64, isReturn: Bool) {
        for (peer, lines) in others {
            outgoing[peer].assigned &+= 1
            collecting.settlements.append(
                (
                    peer,
                    Settlement(
                        sequence: outgoing[peer].assigned, key: key, order: order, isReturn: isReturn,
                        lines: lines)
                ))
        }
    }

    /// One message at a time to each peer, from the first that is not on its disk.
    func sendSettlements() {
        guard let peers else { return }
        for peer in outgoing.indices where peer != index && outgoing[peer].count > 0 {
            guard !outgoing[peer].isUnderWay, outgoing[peer].retryAt <= context.now else { continue }
            let tag = HoldsTag(.settle, generation: generation, slot: peer)
            let some = outgoing[peer].next(atMost: 4096)
            outgoing[peer].isUnderWay = peers.ask(
                .settle(home: index, some), tag: tag.raw, of: peer, Delivery(criticality: .critical))
            armTick()
        }
    }

    func settleAnswered(_ peer: Int, _ result: consuming Result<HoldsResponse, AskFailure>) {
        outgoing[peer].isUnderWay = false
        if case .success(.settled(let through)) = result {
            let before = outgoing[peer].delivered
            outgoing[peer].deliver(through: through)
            // Nothing new: it waits for something; do not press it.
            if outgoing[peer].delivered == before { outgoing[peer].retryAt = context.now &+ Self.tickTime }
        } else {
            outgoing[peer].retryAt = context.now &+ 2 * Self.tickTime
        }
        sendSettlements()
    }

    /// A shard has started anew.
    func joined(_ shard: Int, _ epoch: UInt64, _ through: Int64, _ reply: consuming Reply<HoldsResponse>) {
        guard isLoaded, shard >= 0, shard < outgoing.count, shard != index, epoch >= outgoing[shard].epoch
        else { return reply(.unavailable) }
        outgoing[shard].epoch = epoch
        outgoing[shard].deliver(through: through)
        outgoing[shard].retryAt = 0
        // Behind everything that was decided with its earlier holds.
        if hasUncommitted {
            collecting.promise(.joined(owed: outgoing[shard].assigned), ReplyBox(reply))
            collecting.isUrgent = true
        } else {
            reply(.joined(owed: outgoing[shard].assigned))
        }
        sendSettlements()
    }
}
