import ModuleKit

/// Work beside selling, in slices: the tables for operators, and segments of older keys.
extension Shard {
    static let projectionSlice = 1024
    static let segmentSlice = 1024

    /// Idle: a slice with a sync of its own. Busy: the next batch takes one along, so that orders do
    /// not wait for more syncs than their own.
    func workInBackground() {
        guard !isInBackground, isLoaded else { return }
        sealIfDue()
        if isWriting || collecting.isUrgent {
            wantsProjection = options.isProjecting
            return
        }
        if let plan {
            writeSegment(plan)
        } else if options.isProjecting, projected < committedRow {
            project()
        }
    }

    private func project() {
        isInBackground = true
        let (store, before) = (store, generation)
        let outcome = ProjectionOutcome()
        worker.submit(
            {
                do throws(StoreError) {
                    outcome.projected = try store.project(atMost: Self.projectionSlice)
                } catch {
                    outcome.error = error
                }
            },
            done: { [self] in
                perform { shard in
                    guard shard.generation == before else { return }
                    shard.isInBackground = false
                    if let error = outcome.error { return shard.breakDown(error) }
                    shard.projected = outcome.projected
                    shard.goOn()
                }
            })
    }

    /// Idle, the next slice follows at once.
    private func goOn() {
        if !isWriting && !collecting.isUrgent { workInBackground() }
        armTick()
    }

    /// When so many keys are beyond the last segment that a window is full of them, the next segment is
    /// planned; the window keeps them until it is written.
    func sealIfDue() {
        guard plan == nil, !isPlanning, isLoaded, committedKeys - window.sealed >= window.size else { return }
        isPlanning = true
        let before = generation
        let question = ReadQuestion.plan(
            number: (segments.first?.number ?? 0) + 1, after: sealedRow, through: committedRow,
            keys: window.size)
        let isAsked = read(question) { shard, answer in
            guard shard.generation == before else { return }
            shard.isPlanning = false
            // Not readable now: the next tick asks again.
            guard case .plan(let plan) = answer, !plan.keys.isEmpty else { return }
            shard.plan = plan
            shard.workInBackground()
        }
        if !isAsked { isPlanning = false }
        armTick()
    }

    /// Background work that a batch takes along.
    func addBackgroundWork(to batch: Batch) {
        guard !isInBackground else { return }
        if let plan {
            (batch.plan, batch.sealing) = (plan, segmentKeys)
        } else if wantsProjection, projected < committedRow {
            batch.projecting = Self.projectionSlice / 4
        } else {
            return
        }
        wantsProjection = false
        isInBackground = true
    }

    func finishBackgroundWork(of batch: Batch) {
        guard batch.projecting > 0 || batch.plan != nil else { return }
        isInBackground = false
        if batch.projecting > 0 { projected = batch.projected }
        if let plan = batch.plan, plan.isComplete { sealed(plan) }
        armTick()
    }

    /// The fuller the window, the larger the slices: a refused order is worse than a late one.
    private var segmentKeys: Int { Self.segmentSlice * (window.isFilling ? 32 : 1) }

    private func writeSegment(_ plan: SegmentPlan) {
        isInBackground = true
        let (store, before) = (store, generation)
        let keys = segmentKeys
        let outcome = SegmentOutcome()
        worker.submit(
            {
                do throws(StoreError) {
                    outcome.isComplete = try store.write(plan, atMost: keys)
                } catch {
                    outcome.error = error
                }
            },
            done: { [self] in
                perform { shard in
                    guard shard.generation == before else { return }
                    shard.isInBackground = false
                    if let error = outcome.error { return shard.breakDown(error) }
                    if outcome.isComplete { shard.sealed(plan) }
                    shard.goOn()
                }
            })
    }

    private func sealed(_ done: SegmentPlan) {
        plan = nil
        sealedRow = done.through
        segments.insert(
            KeySegment(number: done.number, keys: done.keys.count, filter: done.filter), at: 0)
        window.seal(through: window.sealed + done.keys.count)
        // The oldest segments go without filters where all together would take too much.
        var size = segments.reduce(0) { $0 + ($1.filter?.size ?? 0) }
        for index in segments.indices.reversed() where size > options.filters {
            size -= segments[index].filter?.size ?? 0
            segments[index].filter = nil
        }
    }
}

/// Carry results from the worker to the loop; written before `done` is called, read after it.
private final class ProjectionOutcome: @unchecked Sendable {
    var projected: Int64 = 0
    var error: StoreError?
}
private final class SegmentOutcome: @unchecked Sendable {
    var isComplete = false
    var error: StoreError?
}
