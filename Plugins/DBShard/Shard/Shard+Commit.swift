import ModuleKit

/// Group commit without a timer: idle, a batch is written at once; busy, the next one fills.
extension Shard {
    /// After each batch of messages.
    @inline(__always) func settle() {
        if collecting.isUrgent && !isWriting && !isFlushing { startFlush() }
    }

    private func startFlush() {
        isFlushing = true
        perform { $0.flush(seen: -1) }
    }

    /// Goes round the loop for as long as orders keep coming, so that one commit takes them all.
    private func flush(seen: Int) {
        if collecting.asked != seen && ready.isEmpty && collecting.asked < options.batch {
            let now = collecting.asked
            perform { $0.flush(seen: now) }
            return
        }
        isFlushing = false
        if !isWriting && isLoaded { submit() }
    }

    @inline(__always) func closeIfFull() {
        if collecting.entries >= options.batch || collecting.bytes.count >= 1 << 20 { closeBatch() }
    }

    /// No more goes into the batch: it gets its place in the log, and a slice of the stock rows.
    func closeBatch() {
        let batch = collecting
        collecting = spare.popLast() ?? Batch()
        if batch.entries > 0 {
            closedRow = LogPosition.next(after: closedRow, orders: batch.orders)
            // A serial that has run over takes an order's number along.
            nextNumber = LogPosition.number(of: closedRow) + 1
        }
        batch.row = closedRow
        if isFoldDue { batch.fold = takeFold(through: closedRow) }
        ready.append(batch)
    }

    var dirtyCount: Int { dirty.count - firstDirty }
    private var isFoldDue: Bool {
        dirtyCount >= Self.foldRows
            || (dirtyCount > 0 && (drained != nil || context.now &- dirtyAt >= Self.foldTime))
    }

    private func takeFold(through row: Int64) -> Fold {
        var fold = Fold()
        let end = min(dirty.count, firstDirty + Self.foldRows)
        fold.rows.reserveCapacity(end - firstDirty)
        for (variant, _) in dirty[firstDirty..<end] {
            guard let slot = stock.find(variant) else { continue }
            slot.pointee.isDirty = false
            fold.rows.append(
                StockRow(
                    variant: variant, available: slot.pointee.logged,
                    sellsBeyondStock: slot.pointee.sellsBeyondStock))
        }
        firstDirty = end
        if firstDirty == dirty.count {
            dirty.removeAll(keepingCapacity: true)
            firstDirty = 0
        } else if firstDirty > 8192 && firstDirty * 2 > dirty.count {
            dirty.removeFirst(firstDirty)
            firstDirty = 0
        }
        fold.folded = firstDirty < dirty.count ? dirty[firstDirty].since : row
        for peer in 0..<ownership.shards where peer != index {
            fold.incoming.append((peer, incoming[peer]))
            fold.outgoing.append((peer, outgoing[peer].mark))
        }
        return fold
    }

    func submit() {
        if ready.isEmpty {
            guard !collecting.isEmpty || isFoldDue else { return }
            closeBatch()
        }
        isWriting = true
        let batch = ready.removeFirst()
        addBackgroundWork(to: batch)
        let (store, before, started) = (store, generation, context.loop.preciseNow)
        let failure = Failure()
        worker.submit(
            {
                do throws(StoreError) { try store.commit(batch) } catch { failure.error = error }
            },
            done: { [self] in
                perform { $0.committed(batch, failure.error, generation: before, started: started) }
            })
    }

    private func committed(_ batch: Batch, _ error: StoreError?, generation before: Int, started: UInt64) {
        guard generation == before else { return batch.breakPromises(brokenBecause) }
        isWriting = false
        if let error {
            metrics.failedCommits.increment()
            breakDown(error)
            batch.breakPromises(brokenBecause)
            return
        }
        note(batch, started)
        committedRow = batch.row
        committedKeys += batch.keys
        retryDelay = Self.firstRetry
        for (peer, settlement) in batch.settlements { outgoing[peer].append(settlement, row: batch.row) }
        for peer in outgoing.indices { outgoing[peer].commit(through: batch.row) }
        for id in batch.cancelled { cancelled[id] = nil }
        finishBackgroundWork(of: batch)
        // The disk works on while the answers go out.
        if !ready.isEmpty { submit() }
        sendSettlements()
        batch.keepPromises { outcome, reply in keep(outcome, reply) }
        batch.reset()
        if spare.count <= options.queue { spare.append(batch) }
        if !isWriting { settle() }
        sealIfDue()
        checkDrained()
    }

    private func note(_ batch: Batch, _ started: UInt64) {
        metrics.commits.increment()
        metrics.orders.increment(by: batch.orders)
        metrics.batchOrders.value = Double(batch.orders)
        metrics.commitTime.record(context.loop.preciseNow &- started)
    }

    /// What was promised, now that it is on the disk.
    func keep(_ outcome: consuming Outcome, _ reply: consuming Reply<OrdersResponse>) {
        switch outcome {
        case .response(let response): reply(response)
        case .repeated(let id): answerRepeat(id, reply)
        case .level(let variant): level(variant, reply)
        }
    }

    // MARK: from time to time

    /// Sees to it that everything that waits for time gets it. Without such work there is no timer.
    func armTick() {
        if tickIsSet { return }
        tickIsSet = true
        context.after(Self.tickTime, on: self) { $0.tick() }
    }

    private func tick() {
        tickIsSet = false
        guard isLoaded else { return }
        expireWaiters()
        expireHolds()
        if phase == .joining { joinOthers() }
        sendSettlements()
        if !isWriting && !isFlushing { submit() }
        workInBackground()
        showState()
        checkDrained()
        let isBehind = options.isProjecting && projected < committedRow
        let isOwing = outgoing.contains { $0.count > 0 }
        if isBehind || isOwing || phase == .joining || plan != nil || dirtyCount > 0 || !collecting.isEmpty
            || !holds.isEmpty || !waiters.isEmpty || drained != nil
        {
            armTick()
        }
    }

    private func showState() {
        let lag = LogPosition.number(of: committedRow) - LogPosition.number(of: projected)
        metrics.projectionLag.value = options.isProjecting ? Double(lag) : 0
        metrics.holds.value = Double(holds.count)
        metrics.waiting.value = Double(waiters.count)
        metrics.owed.value = Double(outgoing.reduce(0) { $0 + $1.count })
        metrics.dirty.value = Double(dirtyCount)
        metrics.segments.value = Double(segments.count)
    }
}

/// Carries an error from the worker to the loop; written before `done` is called, read after it.
final class Failure: @unchecked Sendable {
    var error: StoreError?
}
