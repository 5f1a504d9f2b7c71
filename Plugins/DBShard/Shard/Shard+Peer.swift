import ModuleKit

/// What a shard does for orders whose home is another: holding pieces and settling.
extension Shard {
    func peerAnswered(_ tag: HoldsTag, _ result: consuming Result<HoldsResponse, AskFailure>) {
        guard tag.generation == HoldsTag(tag.kind, generation: generation, slot: 0).generation, isLoaded
        else { return }
        switch tag.kind {
        case .hold: holdAnswered(tag.slot, result)
        case .settle: if tag.slot < outgoing.count { settleAnswered(tag.slot, result) }
        case .join: if tag.slot < owed.count { joinAnswered(tag.slot, result) }
        case .ask: askAnswered(tag.slot, result)
        }
    }

    // MARK: holding

    func hold(_ hold: Hold, _ reply: consuming Reply<HoldsResponse>) {
        guard phase == .live, hold.home >= 0, hold.home < ownership.shards, holds.count < options.holds else {
            return reply(.unavailable)
        }
        for line in hold.lines where line.quantity < 1 || line.quantity > 10_000 {
            return reply(.unavailable)
        }
        if let earlier = holds[hold.key] {
            guard hold.attempt >= earlier.attempt, hold.home == earlier.home else {
                return reply(.unavailable)
            }
            // Renewed: what is asked or said about the earlier attempt does not end this one.
            giveBack(earlier.lines[...])
            holds[hold.key] = nil
        }
        if let refusal = takeAll(hold.lines) {
            switch refusal {
            case .soldOut(let variant, let available):
                return reply(.soldOut(variant: variant, available: available))
            case .unknownVariant(let variant): return reply(.unknownVariant(variant))
            default: return reply(.unavailable)
            }
        }
        // A little longer than the home's own limit.
        let until = context.now &+ options.holdTime &+ options.holdTime / 4
        holds[hold.key] = Held(home: hold.home, attempt: hold.attempt, lines: hold.lines, until: until)
        expiring.append((hold.key, until))
        armTick()
        reply(.held(shard: index, epoch: epoch))
    }

    func release(_ key: OrderKey, attempt: UInt64) {
        guard let held = holds[key], held.attempt == attempt else { return }
        holds[key] = nil
        giveBack(held.lines[...])
    }

    /// Holds that have lasted too long: their homes are asked. The time alone ends none.
    func expireHolds() {
        while firstExpiring < expiring.count, expiring[firstExpiring].until < context.now {
            let (key, until) = expiring[firstExpiring]
            firstExpiring += 1
            guard let held = holds[key], held.until == until else { continue }
            let slot = freeAsking.popLast() ?? asking.count
            if slot == asking.count { asking.append((key, until)) } else { asking[slot] = (key, until) }
            let tag = HoldsTag(.ask, generation: generation, slot: slot)
            let isAsked = peers?.ask(
                .ask(shard: index, key: key, attempt: held.attempt), tag: tag.raw, of: held.home,
                Delivery(criticality: .critical))
            if isAsked != true { askAnswered(slot, .failure(.tooManyUnderWay)) }
        }
        if firstExpiring == expiring.count || firstExpiring > 4096 {
            expiring.removeFirst(firstExpiring)
            firstExpiring = 0
        }
    }

    func askAnswered(_ slot: Int, _ result: consuming Result<HoldsResponse, AskFailure>) {
        guard slot < asking.count, let (key, until) = asking[slot] else { return }
        asking[slot] = nil
        freeAsking.append(slot)
        guard var held = holds[key], held.until == until else { return }
        var isOver = false
        switch result {
        case .success(.undecided): isOver = true
        // Settled already, by another attempt: this hold was overtaken.
        case .success(.decided(let through)): isOver = incoming[held.home] >= through
        default: break
        }
        if isOver {
            metrics.expiredHolds.increment()
            return release(key, attempt: held.attempt)
        }
        // Its settlement is on the way, or the home cannot be asked: it is kept.
        held.until = context.now &+ options.holdTime
        holds[key] = held
        expiring.append((key, held.until))
        armTick()
    }

    // MARK: settling

    /// What a home has decided, in order and without gaps; answered when it is on our disk.
    func take(_ settlements: [Settlement], of home: Int, _ reply: consuming Reply<HoldsResponse>) {
        guard isLoaded, home >= 0, home < incoming.count, home != index else { return reply(.unavailable) }
        for settlement in settlements where settlement.sequence == incoming[home] &+ 1 {
            // A batch that is full or a disk that is slow: the home sends the rest again.
            guard ready.count < options.queue else { break }
            take(settlement, of: home)
        }
        if hasUncommitted {
            collecting.promise(.settled(through: incoming[home]), ReplyBox(reply))
        } else {
            reply(.settled(through: incoming[home]))
        }
        checkLive()
    }

    private func take(_ settlement: Settlement, of home: Int) {
        incoming[home] = settlement.sequence
        metrics.settlements.increment()
        if settlement.isReturn {
            for line in settlement.lines {
                guard let slot = stock.find(line.variant) else { continue }
                slot.pointee.available &+= line.quantity
                charge(slot, -line.quantity)
            }
        } else {
            if let held = holds.removeValue(forKey: settlement.key) {
                giveBack(held.lines[...])
            } else if phase == .live {
                metrics.unheld.increment()
            }
            for line in settlement.lines {
                guard let slot = stock.find(line.variant) else { continue }
                slot.pointee.available &-= line.quantity
                charge(slot, line.quantity)
            }
        }
        append(.settlement(home: home, settlement))
        closeIfFull()
    }

    // MARK: joining

    /// Until each home has said what it owes us, and all of that is here, nothing is sold.
    func joinOthers() {
        guard let peers else { return }
        for peer in owed.indices where owed[peer] == nil && !isJoining[peer] {
            let tag = HoldsTag(.join, generation: generation, slot: peer)
            isJoining[peer] = peers.ask(
                .join(shard: index, epoch: epoch, through: incoming[peer]), tag: tag.raw, of: peer,
                Delivery(criticality: .critical))
        }
    }

    func joinAnswered(_ peer: Int, _ result: consuming Result<HoldsResponse, AskFailure>) {
        isJoining[peer] = false
        // Refused or lost, it is asked again with the next tick.
        guard case .success(.joined(let last)) = result else { return }
        owed[peer] = last
        checkLive()
    }

    private func checkLive() {
        guard phase == .joining else { return }
        for home in owed.indices {
            guard let last = owed[home], incoming[home] >= last else { return }
        }
        phase = .live
        becomeReadyOnce()
    }
}
