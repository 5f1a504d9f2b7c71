import ModuleKit
import Topology

/// Counts the restarts of one actor and says when it is to be given up.
struct Supervisor {
    let policy: Supervision
    /// When the actor was restarted, within the period.
    private var times: [UInt64] = []
    /// It is taken out, and its time has not come yet.
    var isWaiting = false
    /// It is to start as soon as those that it needs are ready.
    var isToStart = true

    init(_ policy: Supervision) {
        self.policy = policy
    }

    /// Nanoseconds to wait before the next restart; nil if there were too many.
    mutating func delay(at now: UInt64) -> UInt64? {
        times.removeAll { now &- $0 > policy.period }
        guard times.count < policy.restarts else { return nil }
        defer { times.append(now) }
        return policy.backoff << UInt64(min(times.count, 6))
    }
}

extension Node {
    /// An actor has failed: decides what becomes of it. On the home loop.
    func supervise(_ index: Int, _ error: any Error, while work: String) {
        guard life == .running || life == .starting, !supervisors[index].isWaiting else { return }
        let cell = cells[index]
        log.error(
            "actor failed",
            [
                LogField("actor", cell.identity), LogField("module", cell.identity.module),
                LogField("message", work), LogField("error", "\(error)"),
            ])
        guard let delay = supervisors[index].delay(at: environment.home.now) else { return giveUp(index) }
        tellLinked(to: index, .down(cell.identity))
        restart(index, after: delay)
        if supervisors[index].policy.strategy == .restForOne {
            for dependent in dependents(of: index)
            where !supervisors[dependent].isWaiting && cells[dependent].state != .failed {
                tellLinked(to: dependent, .down(cells[dependent].identity))
                restart(dependent, after: delay)
            }
        }
    }

    private func restart(_ index: Int, after delay: UInt64) {
        supervisors[index].isWaiting = true
        let cell = cells[index]
        cell.state = .restarting
        cell.loop.execute {
            cell.takeOut()
            // It may have become ready in the meantime.
            cell.state = .restarting
        }
        environment.home.after(delay) { [self] in
            guard life == .running || life == .starting else { return }
            supervisors[index].isWaiting = false
            cell.restarts.add(1, ordering: .relaxed)
            log.notice("actor restarts", [LogField("actor", cell.identity)])
            // As at the start: after those that it depends on, if they are being replaced too.
            supervisors[index].isToStart = true
            startNext()
        }
    }

    private func giveUp(_ index: Int) {
        let cell = cells[index]
        cell.state = .failed
        cell.loop.execute {
            cell.takeOut()
            cell.shut(.unavailable)
        }
        log.error(
            "actor is given up: too many restarts",
            [
                LogField("actor", cell.identity), LogField("restarts", supervisors[index].policy.restarts),
                LogField("period_ms", supervisors[index].policy.period / 1_000_000),
            ])
        tellLinked(to: index, .failed(cell.identity))
        if life == .starting {
            finishStart(.failure(NodeError("\(cell.identity.name): given up after too many restarts")))
        }
        startNext()
    }

    /// A restarted actor is ready. On the home loop.
    func cameBack(_ index: Int) { tellLinked(to: index, .up(cells[index].identity)) }

    private func tellLinked(to index: Int, _ message: ControlMessage) {
        let name = cells[index].identity.name
        for (other, plan) in plan.actors.enumerated()
        where other != index && plan.links.contains(where: { $0.targets.contains(name) }) {
            cells[other].control(message)
        }
    }

    /// Those that depend on the actor, directly or not, in the order of their start.
    private func dependents(of index: Int) -> [Int] {
        var names: Set<String> = [plan.actors[index].identity.name]
        var found: [Int] = []
        for (other, plan) in plan.actors.enumerated() where other != index {
            guard plan.dependencies.contains(where: names.contains) else { continue }
            names.insert(plan.identity.name)
            found.append(other)
        }
        return found
    }
}
