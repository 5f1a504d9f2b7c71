import ModuleKit

extension Node {
    /// Stops in the reverse order of the start: those that face the world first, so that what is under
    /// way is still answered. Each drains until its mailbox is empty; all together within the plan's
    /// drain time. `then` is called on the home loop, once, with whether everything was drained.
    public func stop(_ then: @escaping @Sendable (Bool) -> Void) {
        environment.home.execute { [self] in
            if life == .stopped || life == .idle { return then(true) }
            stopped.append(then)
            if life == .stopping { return }
            finishStart(.failure(NodeError("stopped before every actor was ready")))
            life = .stopping
            log.info("stopping", [LogField("drain_ms", plan.drainTime / 1_000_000)])
            drain(cells.count - 1, until: environment.home.now &+ plan.drainTime, true)
        }
    }

    /// Drains the actor of that number, then those before it. On the home loop.
    private func drain(_ index: Int, until deadline: UInt64, _ isClean: Bool) {
        guard index >= 0 else {
            life = .stopped
            for then in stopped { then(isClean) }
            stopped = []
            return
        }
        let now = environment.home.now
        let left = deadline > now ? deadline - now : 0
        // The actors behind still need some of the time.
        let wait = DrainWait(cells[index], until: now &+ max(left / 2, 50_000_000)) { [self] isDrained in
            drain(index - 1, until: deadline, isClean && isDrained)
        }
        wait.cell.drain { [self] in
            environment.home.execute { [self] in
                wait.isDone = true
                look(wait)
            }
        }
        lookLater(wait)
    }

    private func lookLater(_ wait: DrainWait) {
        environment.home.after(2_000_000) { [self] in
            look(wait)
            if !wait.isOver { lookLater(wait) }
        }
    }

    /// Whether an actor has finished, failed meanwhile, or had its time. On the home loop.
    private func look(_ wait: DrainWait) {
        let isDrained = wait.isDone && wait.cell.counters().depth == 0
        let isGone = wait.cell.state == .restarting && !isDrained
        guard !wait.isOver, isDrained || isGone || environment.home.now >= wait.end else { return }
        wait.isOver = true
        wait.cell.loop.execute { [self] in
            wait.cell.takeOut()
            wait.cell.shut(.unavailable)
            wait.cell.state = .stopped
            environment.home.execute { wait.then(isDrained) }
        }
    }

    /// Ends the loops and frees everything that the actors held. After `stop` has called back; not on a
    /// loop. Afterwards the node can be let go.
    public func close() {
        environment.stop()
        // What is let go of in the first round may still answer to what was emptied before it.
        for _ in 0..<2 {
            for cell in cells { cell.discardContents() }
            for loop in environment.loops + [environment.home] { loop.discardContents() }
        }
        for loop in environment.loops + [environment.home] { loop.releaseAdopted() }
        release()
    }
}

/// One actor that is being drained; on the home loop.
private final class DrainWait: @unchecked Sendable {
    let cell: ActorCell
    /// Nanoseconds on the home loop's clock.
    let end: UInt64
    let then: (Bool) -> Void
    /// Whether the module said so.
    var isDone = false
    var isOver = false

    init(_ cell: ActorCell, until end: UInt64, _ then: @escaping (Bool) -> Void) {
        self.cell = cell
        self.end = end
        self.then = then
    }
}
