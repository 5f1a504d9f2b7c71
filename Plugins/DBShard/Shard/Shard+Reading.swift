import ModuleKit

/// What can be asked of a reader.
enum ReadQuestion: Sendable {
    case order(Int64)
    case key(OrderKey, [Int64])
    case plan(number: Int64, after: Int64, through: Int64, keys: Int)
}

/// What a reader found.
enum ReadAnswer: Sendable {
    case order(OrderRecord?)
    case key(KnownKey?)
    case plan(SegmentPlan)
    case failed(StoreError)
}

/// A question that waits for a reader.
struct PendingRead: Sendable {
    let question: ReadQuestion
    let then: @Sendable (isolated Shard, ReadAnswer) -> Void
}

/// Reading beside the writer, on connections of their own.
extension Shard {
    /// Asks a reader; false (and `then` is never called) if too many questions wait.
    func read(
        _ question: ReadQuestion, then: @escaping @Sendable (isolated Shard, ReadAnswer) -> Void
    ) -> Bool {
        guard reads.count < options.reads else { return false }
        reads.append(PendingRead(question: question, then: then))
        startReading()
        return true
    }

    private func startReading() {
        while !reads.isEmpty, let reader = idleReaders.popLast() {
            let some = Array(reads.prefix(64))
            reads.removeFirst(some.count)
            let questions = some.map(\.question)
            context.blocking(
                for: self, { questions.map { Self.answer($0, reader) } },
                then: { shard, answers in
                    shard.idleReaders.append(reader)
                    for (read, answer) in zip(some, answers) { read.then(shard, answer) }
                    shard.settle()
                    shard.startReading()
                })
        }
    }

    private static func answer(_ question: ReadQuestion, _ reader: any OrderReader) -> ReadAnswer {
        do throws(StoreError) {
            switch question {
            case .order(let id): return .order(try reader.find(id))
            case .key(let key, let segments): return .key(try reader.find(key, in: segments))
            case .plan(let number, let row, let last, let keys):
                return .plan(try reader.planSegment(number, after: row, through: last, keys: keys))
            }
        } catch {
            return .failed(error)
        }
    }

    // MARK: orders

    func find(_ id: Int64, _ reply: consuming Reply<OrdersResponse>) {
        guard id > 0, OrderRecord.shard(of: id) == index else { return reply(.notFound) }
        let box = ReplyBox(reply)
        let isAsked = read(.order(id)) { shard, answer in
            switch answer {
            case .order(let record?): box(.order(record))
            case .order: box(.notFound)
            default: shard.refuseRead(answer, box)
            }
        }
        if !isAsked { box(.busy) }
    }

    /// The order of that id, which is on the disk: its key came again.
    func answerRepeat(_ id: Int64, _ reply: consuming Reply<OrdersResponse>) {
        let box = ReplyBox(reply)
        let isAsked = read(.order(id)) { shard, answer in
            if case .order(let record?) = answer {
                box(.placed(record, isRepeat: true))
            } else {
                shard.refuseRead(answer, box)
            }
        }
        if !isAsked { refuse(.busy, box.take()) }
    }

    private func refuseRead(_ answer: ReadAnswer, _ box: ReplyBox<OrdersResponse>) {
        if case .failed(let error) = answer { context.log.warning("cannot read: \(error)") }
        refuse(.unavailable("the disk cannot be read"), box.take())
    }

    // MARK: cancelling

    func cancel(_ id: Int64, _ reply: consuming Reply<OrdersResponse>) {
        guard isLoaded else { return reply(.unavailable(brokenBecause)) }
        guard id > 0, OrderRecord.shard(of: id) == index,
            LogPosition.number(ofOrder: id) <= LogPosition.number(of: committedRow)
        else { return reply(.notFound) }
        if let record = cancelled[id] {
            // Decided, and in a batch that is not on the disk yet.
            return collecting.promise(.response(.order(record)), reply)
        }
        let box = ReplyBox(reply)
        if cancelling[id] != nil {
            cancelling[id]?.append(box)
            return
        }
        cancelling[id] = [box]
        let before = generation
        let isAsked = read(.order(id)) { shard, answer in
            if shard.generation == before { shard.cancel(id, as: answer) }
        }
        if !isAsked {
            cancelling[id] = nil
            box(.busy)
        }
    }

    private func cancel(_ id: Int64, as answer: ReadAnswer) {
        let replies = cancelling.removeValue(forKey: id) ?? []
        let record: OrderRecord
        switch answer {
        case .order(let found?): record = found
        case .order:
            for reply in replies { reply(.notFound) }
            return
        default:
            for reply in replies { refuseRead(answer, reply) }
            return
        }
        if record.isCancelled {
            for reply in replies { reply(.order(record)) }
            return
        }
        let lines = record.draft.stockLines
        let (own, others) = ownership.partition(lines)
        guard isLoaded, hasRoom, others.allSatisfy({ outgoing[$0.peer].count < options.holds }) else {
            for reply in replies { reply(.busy) }
            return
        }
        for line in own {
            guard let slot = stock.find(line.variant) else { continue }
            slot.pointee.available &+= line.quantity
            charge(slot, -line.quantity)
        }
        owe(others, record.draft.key, id, isReturn: true)
        append(.cancellation(order: id, lines: lines))
        collecting.cancelled.append(id)
        let done = OrderRecord(id: id, draft: record.draft, isCancelled: true)
        cancelled[id] = done
        for reply in replies { collecting.promise(.response(.order(done)), reply.take()) }
        closeIfFull()
    }

    // MARK: older keys

    /// The key may be in a segment: the order waits until that is known.
    func lookUp(
        _ draft: consuming OrderDraft, _ fingerprint: UInt64, _ suspects: [Int64], _ delivery: Delivery,
        _ reply: consuming Reply<OrdersResponse>
    ) {
        guard waiters.count < options.holds else { return refuse(.busy, reply) }
        serial += 1
        let waiter = Waiter(draft, fingerprint, delivery, serial: serial, reply)
        let (key, before) = (waiter.draft.key, generation)
        waiters[key] = waiter
        metrics.lookUps.increment()
        let isAsked = read(.key(key, suspects)) { shard, answer in
            guard shard.generation == before else { return }
            shard.waiters[key] = nil
            shard.lookedUp(waiter, answer)
        }
        guard !isAsked else { return }
        waiters[key] = nil
        finish(waiter, .busy)
    }

    /// The order that the key brought before, if it did; nothing is placed.
    func recall(_ draft: OrderDraft, _ reply: consuming Reply<OrdersResponse>) {
        guard isLoaded else { return refuse(.unavailable(brokenBecause), reply) }
        let (key, print) = (draft.key, fingerprint(of: draft))
        if let known = window.find(key) {
            return answer(KnownKey(id: known.id, fingerprint: known.fingerprint), print, reply)
        }
        if let waiter = waiters[key] { return join(waiter, print, reply) }
        let suspects = segments.filter { $0.mayContain(key) }.map(\.number)
        guard !suspects.isEmpty else { return reply(.notFound) }
        let (box, before) = (ReplyBox(reply), generation)
        metrics.lookUps.increment()
        let isAsked = read(.key(key, suspects)) { shard, answer in
            guard case .key(let old) = answer, shard.generation == before else {
                return shard.refuse(.unavailable("the disk cannot be read"), box.take())
            }
            // It may have come while the disk was read.
            let recent = shard.window.find(key)
            guard let known = recent.map({ KnownKey(id: $0.id, fingerprint: $0.fingerprint) }) ?? old else {
                return box(.notFound)
            }
            shard.answer(known, print, box.take())
        }
        if !isAsked { refuse(.busy, box.take()) }
    }

    private func lookedUp(_ waiter: Waiter, _ answer: ReadAnswer) {
        guard case .key(let old) = answer else {
            return finish(waiter, .unavailable("the disk cannot be read"))
        }
        // A key of restocking may have come meanwhile.
        let recent = window.find(waiter.draft.key)
        if let known = recent.map({ KnownKey(id: $0.id, fingerprint: $0.fingerprint) }) ?? old {
            for reply in waiter.replies { self.answer(known, waiter.fingerprint, reply.take()) }
        } else {
            decide(waiter)
        }
    }

    /// Answers everyone who waits for it that it was not placed.
    func finish(_ waiter: Waiter, _ response: OrdersResponse) {
        for reply in waiter.replies { refuse(response, reply.take()) }
        waiter.replies = []
    }

    /// The same key came again before it was decided.
    func join(_ waiter: Waiter, _ fingerprint: UInt64, _ reply: consuming Reply<OrdersResponse>) {
        // With other content: perhaps the first fails, so it is no conflict yet.
        guard waiter.fingerprint == fingerprint, waiter.replies.count < 16 else {
            return refuse(.busy, reply)
        }
        waiter.replies.append(ReplyBox(reply))
    }
}
