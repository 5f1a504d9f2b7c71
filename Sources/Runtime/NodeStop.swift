import ModuleKit

extension Node {
    /// Stops in the reverse order of the start: those that face the world first, so that what is under
    /// way is still answered. Each drains until its mailbox is empty; all together within the plan's
    /// drain time. `then` is called on the home loop, once, with whether everything was drained.
    public func stop(_ then: @escaping @Sendable (Bool) -> Void) {
        environment.home.execute { [self] in
            guard life == .starting || life == .running else { return then(true) }
            life = .stopping
            log.info("stopping", [LogField("drain_ms", plan.drainTime / 1_000_000)])
            drain(cells.count - 1, until: environment.home.now &+ plan.drainTime, true, then)
        }
    }

    /// Drains the actor of that number, then those before it.
    private func drain(
        _ index: Int, until deadline: UInt64, _ isClean: Bool, _ then: @escaping @Sendable (Bool) -> Void
    ) {
        guard index >= 0 else {
            life = .stopped
            return then(isClean)
        }
        let cell = cells[index]
        let drain = DrainWait()
        @Sendable func finish(_ isDrained: Bool) {
            guard !drain.isOver else { return }
            drain.isOver = true
            cell.loop.execute { [self] in
                cell.takeOut()
                cell.shut(.unavailable)
                cell.state = .stopped
                environment.home.execute { [self] in
                    self.drain(index - 1, until: deadline, isClean && isDrained, then)
                }
            }
        }
        let left = deadline > environment.home.now ? deadline - environment.home.now : 0
        // The actors behind still need some of the time.
        environment.home.after(max(left / 2, 50_000_000)) { finish(false) }
        cell.drain { [self] in
            environment.home.execute { [self] in waitUntilEmpty(cell, drain) { finish(true) } }
        }
    }

    private func waitUntilEmpty(_ cell: ActorCell, _ drain: DrainWait, _ then: @escaping @Sendable () -> Void)
    {
        guard !drain.isOver else { return }
        if cell.counters().depth == 0 { return then() }
        environment.home.after(2_000_000) { [self] in waitUntilEmpty(cell, drain, then) }
    }

    /// Ends the loops and frees everything that the actors held. After `stop` has called back; not on a
    /// loop. Afterwards the node can be let go.
    public func close() {
        environment.stop()
        for cell in cells { cell.discardContents() }
        for loop in environment.loops + [environment.home] { loop.discardContents() }
        for loop in environment.loops + [environment.home] { loop.releaseAdopted() }
        release()
    }
}

/// Whether a drain is over; on the home loop.
private final class DrainWait: @unchecked Sendable {
    var isOver = false
}
