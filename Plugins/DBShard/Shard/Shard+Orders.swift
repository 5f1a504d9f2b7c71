import ModuleKit

/// Orders, from receipt to the batch that makes them durable.
extension Shard {
    func place(
        _ draft: consuming OrderDraft, _ delivery: Delivery, _ reply: consuming Reply<OrdersResponse>
    ) {
        guard isLoaded else { return refuse(.unavailable(brokenBecause), reply) }
        guard Self.isSound(draft) else {
            return refuse(.unavailable("the order's lines are out of range"), reply)
        }
        let fingerprint = fingerprint(of: draft)
        if let known = window.find(draft.key) {
            return answer(KnownKey(id: known.id, fingerprint: known.fingerprint), fingerprint, reply)
        }
        guard phase == .live else { return refuse(.unavailable(brokenBecause), reply) }
        if !waiters.isEmpty, let waiter = waiters[draft.key] {
            return join(waiter, fingerprint, reply)
        }
        guard hasRoom else { return refuse(.busy, reply) }
        if !segments.isEmpty {
            let suspects = suspects(draft.key)
            if !suspects.isEmpty { return lookUp(draft, fingerprint, suspects, delivery, reply) }
        }
        if draft.lines.count == 1, let slot = stock.find(draft.lines[0].variant) {
            let quantity = draft.lines[0].quantity
            guard slot.pointee.available >= quantity || slot.pointee.sellsBeyondStock else {
                return refuse(
                    .soldOut(variant: slot.pointee.variant, available: slot.pointee.available), reply)
            }
            slot.pointee.available &-= quantity
            charge(slot, quantity)
            return record(draft, fingerprint, reply)
        }
        serial += 1
        decide(Waiter(draft, fingerprint, delivery, serial: serial, reply))
    }

    /// The segments that may know the key, the newest first.
    @inline(__always) func suspects(_ key: OrderKey) -> [Int64] {
        var numbers: [Int64] = []
        for segment in segments where segment.mayContain(key) { numbers.append(segment.number) }
        return numbers
    }

    /// Whether one decision more finds room in the batches and in the window.
    @inline(__always) var hasRoom: Bool { ready.count < options.queue && !window.isFull }

    /// What the storefront has checked already; again, because a quantity below zero would make stock.
    static func isSound(_ draft: borrowing OrderDraft) -> Bool {
        guard !draft.lines.isEmpty, draft.lines.count <= 100, draft.email.utf8.count <= 1024 else {
            return false
        }
        for line in draft.lines where line.quantity < 1 || line.quantity > 10_000 { return false }
        return true
    }

    /// The key came before: the same order, or another under a used key.
    func answer(_ known: KnownKey, _ fingerprint: UInt64, _ reply: consuming Reply<OrdersResponse>) {
        guard known.id != KeyWindow.restock, known.fingerprint == fingerprint else {
            return refuse(.conflict, reply)
        }
        if LogPosition.number(ofOrder: known.id) <= LogPosition.number(of: committedRow) {
            return answerRepeat(known.id, reply)
        }
        // Commits are in order: when the batch under collection is on the disk, that order is too.
        collecting.promise(.repeated(known.id), reply)
    }

    func record(
        _ draft: consuming OrderDraft, _ fingerprint: UInt64, _ reply: consuming Reply<OrdersResponse>
    ) {
        let id = append(draft, fingerprint)
        collecting.promise(.response(.placed(OrderRecord(id: id, draft: draft), isRepeat: false)), reply)
        closeIfFull()
    }

    /// Puts the order into the batch under collection and gives it its number.
    @inline(__always) func append(_ draft: borrowing OrderDraft, _ fingerprint: UInt64) -> Int64 {
        let id = LogPosition.order(nextNumber, of: ownership.shard)
        nextNumber &+= 1
        collecting.bytes.append(draft)
        collecting.orders &+= 1
        collecting.entries &+= 1
        collecting.keys &+= 1
        window.insert(draft.key, id: id, fingerprint: fingerprint)
        return id
    }

    func append(_ entry: LogEntry) {
        collecting.bytes.append(entry)
        collecting.entries += 1
        armTick()
    }

    // MARK: stock

    /// The log says so many pieces less; the row follows with a fold.
    @inline(__always) func charge(_ slot: UnsafeMutablePointer<StockTable.Slot>, _ quantity: Int) {
        slot.pointee.logged &-= quantity
        if !slot.pointee.isDirty { soil(slot) }
    }

    func soil(_ slot: UnsafeMutablePointer<StockTable.Slot>) {
        slot.pointee.isDirty = true
        if firstDirty == dirty.count { dirtyAt = context.now }
        dirty.append((slot.pointee.variant, closedRow))
        armTick()
    }

    /// Sets all lines aside, or none: then says why not.
    func takeAll(_ lines: [StockLine]) -> OrdersResponse? {
        for (index, line) in lines.enumerated() {
            let refusal: OrdersResponse
            if let slot = stock.find(line.variant) {
                if slot.pointee.available >= line.quantity || slot.pointee.sellsBeyondStock {
                    slot.pointee.available &-= line.quantity
                    continue
                }
                refusal = .soldOut(variant: line.variant, available: slot.pointee.available)
            } else {
                refusal = .unknownVariant(line.variant)
            }
            giveBack(lines[..<index])
            return refusal
        }
        return nil
    }
    func giveBack(_ lines: ArraySlice<StockLine>) {
        for line in lines { stock.find(line.variant)?.pointee.available &+= line.quantity }
    }
    func chargeAll(_ lines: [StockLine]) {
        for line in lines {
            if let slot = stock.find(line.variant) { charge(slot, line.quantity) }
        }
    }

    // MARK: the rest of the contract

    func level(_ variant: Int64, _ reply: consuming Reply<OrdersResponse>) {
        guard isLoaded else { return reply(.unavailable(brokenBecause)) }
        guard let slot = stock.find(variant) else { return reply(.unknownVariant(variant)) }
        reply(.stock(stock.level(slot.pointee)))
    }

    func declare(_ declaration: StockDeclaration, _ reply: consuming Reply<OrdersResponse>) {
        guard isLoaded else { return reply(.unavailable(brokenBecause)) }
        guard ownership.owner(of: declaration.variant) == index else {
            return reply(.unknownVariant(declaration.variant))
        }
        let known = stock.find(declaration.variant)
        if let known, known.pointee.sellsBeyondStock == declaration.sellsBeyondStock {
            // Perhaps made known by a batch that is not on the disk yet.
            return afterCommit(.level(declaration.variant), reply)
        }
        guard hasRoom else { return reply(.busy) }
        if known == nil {
            guard stock.count < options.variants else {
                return reply(.unavailable("this shard keeps \(options.variants) variants at most"))
            }
            guard abs(declaration.initial) <= Self.mostPieces else {
                return reply(.unavailable("the initial stock is out of range"))
            }
            let slot = stock.insert(declaration.variant)
            slot.pointee.available = declaration.initial
            slot.pointee.logged = declaration.initial
        }
        let slot = stock.insert(declaration.variant)
        slot.pointee.sellsBeyondStock = declaration.sellsBeyondStock
        if !slot.pointee.isDirty { soil(slot) }
        append(.declaration(declaration))
        collecting.promise(.level(declaration.variant), reply)
        closeIfFull()
    }

    /// Pieces of one restocking or declaration at most.
    static let mostPieces = 1_000_000_000_000

    func restock(
        _ variant: Int64, _ quantity: Int, _ key: OrderKey, _ reply: consuming Reply<OrdersResponse>
    ) {
        guard isLoaded else { return reply(.unavailable(brokenBecause)) }
        let fingerprint = fingerprint(of: variant, quantity)
        if let known = window.find(key) {
            return answerRestock(
                KnownKey(id: known.id, fingerprint: known.fingerprint), fingerprint, variant, reply)
        }
        guard phase == .live else { return reply(.unavailable(brokenBecause)) }
        guard hasRoom, waiters[key] == nil else { return reply(.busy) }
        let suspects = suspects(key)
        guard !suspects.isEmpty else { return restockNow(variant, quantity, key, fingerprint, reply) }
        let (box, before) = (ReplyBox(reply), generation)
        metrics.lookUps.increment()
        let isAsked = read(.key(key, suspects)) { shard, answer in
            guard shard.generation == before, shard.phase == .live else {
                return box(.unavailable(shard.brokenBecause))
            }
            guard case .key(let known) = answer else { return box(.unavailable("the disk cannot be read")) }
            if let again = shard.window.find(key) {
                // Asked twice at the same time: the first was quicker.
                let known = KnownKey(id: again.id, fingerprint: again.fingerprint)
                shard.answerRestock(known, fingerprint, variant, box.take())
            } else if let known {
                shard.answerRestock(known, fingerprint, variant, box.take())
            } else if shard.hasRoom, shard.waiters[key] == nil {
                shard.restockNow(variant, quantity, key, fingerprint, box.take())
                shard.settle()
            } else {
                box(.busy)
            }
        }
        if !isAsked { box(.busy) }
    }

    private func answerRestock(
        _ known: KnownKey, _ fingerprint: UInt64, _ variant: Int64, _ reply: consuming Reply<OrdersResponse>
    ) {
        guard known.id == KeyWindow.restock, known.fingerprint == fingerprint else { return reply(.conflict) }
        afterCommit(.level(variant), reply)
    }

    private func restockNow(
        _ variant: Int64, _ quantity: Int, _ key: OrderKey, _ fingerprint: UInt64,
        _ reply: consuming Reply<OrdersResponse>
    ) {
        guard let slot = stock.find(variant) else { return reply(.unknownVariant(variant)) }
        let sum = slot.pointee.available.addingReportingOverflow(quantity)
        guard abs(quantity) <= Self.mostPieces, !sum.overflow, abs(sum.partialValue) <= Self.mostPieces else {
            return reply(.unavailable("the quantity is out of range"))
        }
        guard quantity >= 0 || sum.partialValue >= 0 || slot.pointee.sellsBeyondStock else {
            return reply(.soldOut(variant: variant, available: slot.pointee.available))
        }
        slot.pointee.available = sum.partialValue
        charge(slot, -quantity)
        window.insert(key, id: KeyWindow.restock, fingerprint: fingerprint)
        append(.restock(key: key, variant: variant, quantity: quantity))
        collecting.keys += 1
        collecting.promise(.level(variant), reply)
        closeIfFull()
    }

    /// Answers at once if everything decided so far is on the disk, else when it is.
    func afterCommit(_ outcome: consuming Outcome, _ reply: consuming Reply<OrdersResponse>) {
        if hasUncommitted {
            collecting.promise(outcome, reply)
        } else {
            keep(outcome, reply)
        }
    }
    var hasUncommitted: Bool { isWriting || !ready.isEmpty || collecting.entries > 0 }

    /// Answers, and counts what is no order.
    func refuse(_ response: consuming OrdersResponse, _ reply: consuming Reply<OrdersResponse>) {
        count(response)
        reply(response)
    }
    func count(_ response: borrowing OrdersResponse) {
        switch response {
        case .soldOut: metrics.soldOut.increment()
        case .unknownVariant: metrics.unknownVariant.increment()
        case .conflict: metrics.conflict.increment()
        case .busy:
            metrics.busy.increment()
            context.countError()
        case .unavailable:
            metrics.unavailable.increment()
            context.countError()
        default: break
        }
    }
}
