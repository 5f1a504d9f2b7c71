import ModuleKit

/// Opening the store, and what happens when the disk fails: memory is ahead of it then, so it is thrown
/// away and read again, with growing pauses, until the disk works.
extension Shard {
    func openStore() {
        let (store, before) = (store, generation)
        let expectations = LoadExpectations(
            shard: index, shards: ownership.shards, window: options.window, seed: random.next(),
            filters: options.filters)
        let opening = Opening()
        worker.submit(
            {
                do throws(StoreError) {
                    opening.loaded = try store.open(expectations)
                } catch {
                    opening.error = error
                }
            },
            done: { [self] in
                perform { $0.opened(opening, generation: before) }
            })
    }

    private func opened(_ opening: Opening, generation before: Int) {
        guard generation == before else { return }
        if let loaded = opening.loaded {
            take(loaded)
        } else if let error = opening.error {
            let isFirst = !isReady && !wasBroken
            if error.kind == .taken || error.kind == .damaged || (isFirst && error.kind == .unusable) {
                let setting = error.kind == .unusable ? "path" : nil
                return context.fail(
                    ModuleError(error.description, setting: setting), while: "opening the store")
            }
            breakDown(error)
        }
        if !isReady {
            // Bound once: what came before has waited in the mailboxes.
            serve()
            if phase != .joining { becomeReadyOnce() }
        }
    }

    func becomeReadyOnce() {
        guard !isReady else { return }
        isReady = true
        context.becomeReady()
    }

    private func take(_ loaded: LoadedShard) {
        stock = loaded.stock
        window = loaded.window
        segments = loaded.segments
        epoch = loaded.epoch
        closedRow = loaded.row
        committedRow = loaded.row
        nextNumber = LogPosition.number(of: loaded.row) + 1
        sealedRow = loaded.sealedRow
        projected = loaded.projected
        committedKeys = window.inserted
        dirty = loaded.dirty.map { ($0, loaded.folded) }
        dirtyAt = context.now
        incoming = loaded.incoming
        outgoing = loaded.outgoing
        owed = Array(repeating: nil, count: ownership.shards)
        owed[index] = 0
        isJoining = Array(repeating: false, count: ownership.shards)
        metrics.disk.value = 1
        if wasBroken {
            context.log.notice(
                "orders are taken again: the disk works", [LogField("path", options.path)])
        } else {
            context.log.info(
                "loaded",
                [
                    LogField("path", options.path), LogField("variants", stock.count),
                    LogField("orders", nextNumber - 1), LogField("segments", segments.count),
                ])
        }
        wasBroken = false
        if peers == nil {
            phase = .live
        } else {
            phase = .joining
            brokenBecause = "the shard waits for the others of its group"
            joinOthers()
            if !isReady {
                context.after(Self.joinPatience, on: self) { $0.becomeReadyOnce() }
            }
        }
        armTick()
    }

    /// The disk failed: nothing that is only in memory counts any more.
    func breakDown(_ error: StoreError) {
        guard phase != .broken else { return retryLater() }
        if error.kind == .taken || error.kind == .damaged {
            context.fail(ModuleError(error.description), while: "writing")
            return
        }
        if !wasBroken {
            context.log.error(
                "orders are refused until the disk works again: \(error)",
                [LogField("path", options.path)])
        }
        metrics.disk.value = 0
        wasBroken = true
        phase = .broken
        brokenBecause = "the disk does not take orders now"
        forgetEverything()
        let store = store
        worker.submit({ store.close() }, done: {})
        retryLater()
    }

    private func forgetEverything() {
        generation += 1
        isWriting = false
        isFlushing = false
        isInBackground = false
        wantsProjection = false
        isPlanning = false
        plan = nil
        let waiting = waiters.values.sorted { $0.serial < $1.serial }
        waiters = [:]
        slots = []
        freeSlots = []
        (deadlines, firstDeadline) = ([], 0)
        holds = [:]
        (expiring, firstExpiring) = ([], 0)
        asking = []
        freeAsking = []
        for waiter in waiting {
            for reply in waiter.replies { reply(.unavailable(brokenBecause)) }
        }
        let cancellations = cancelling.sorted { $0.key < $1.key }
        cancelling = [:]
        cancelled = [:]
        for (_, replies) in cancellations {
            for reply in replies { reply(.unavailable(brokenBecause)) }
        }
        for batch in ready + [collecting] { batch.breakPromises(brokenBecause) }
        ready = []
        collecting = Batch()
        (dirty, firstDirty) = ([], 0)
        segments = []
        (outgoing, incoming, owed, isJoining) = ([], [], [], [])
    }

    /// Without using up restarts: the actor stays, refuses, and tries again.
    private func retryLater() {
        let pause = retryDelay + random.next() % (retryDelay / 4 + 1)
        retryDelay = min(retryDelay * 2, Self.longestRetry)
        context.after(pause, on: self) { shard in
            guard shard.phase == .broken else { return }
            shard.openStore()
        }
    }
}

/// Carries what opening gave from the worker to the loop.
private final class Opening: @unchecked Sendable {
    var loaded: LoadedShard?
    var error: StoreError?
}
