import ModuleKit

extension Node {
    /// Starts the graph as the difference between nothing and the plan: each actor as soon as those it
    /// depends on are ready. `then` is called on the home loop, once.
    /// - Throws: `NodeError` if the system gives no threads; then nothing runs, and only `close` is left
    ///   to be called.
    public func start(_ then: @escaping @Sendable (Result<Void, NodeError>) -> Void) throws(NodeError) {
        do {
            try environment.start()
        } catch {
            throw NodeError("\(error)")
        }
        environment.home.execute { [self] in
            life = .starting
            started = then
            startNext()
        }
    }

    /// Starts whoever is to be started and waits for nobody. On the home loop.
    func startNext() {
        guard life == .running || (life == .starting && started != nil) else { return }
        for index in cells.indices where supervisors[index].isToStart {
            let waits = plan.actors[index].dependencies.contains { name in
                // A cycle is broken at the actor that comes later in the order.
                cell(name).flatMap(self.index(of:)).map { $0 < index && isAwaited($0) } ?? false
            }
            if waits { continue }
            supervisors[index].isToStart = false
            cells[index].state = .starting
            startActor(index)
        }
        if life == .starting && cells.allSatisfy({ $0.state == .ready }) { finishStart(.success(())) }
    }

    /// Whether those that need the actor wait for it; nobody waits for one that is given up.
    private func isAwaited(_ index: Int) -> Bool {
        let state = cells[index].state
        return supervisors[index].isToStart || supervisors[index].isWaiting
            || (state != .ready && state != .failed)
    }

    /// Puts a fresh actor in. On the home loop.
    private func startActor(_ index: Int) {
        let cell = cells[index]
        let links = linkTable(of: index)
        let settings = plan.actors[index].settings
        cell.loop.execute { [self] in
            do {
                cell.takeOut()
                try cell.start(settings: settings, links: links)
            } catch {
                environment.home.execute { [self] in couldNotGoOn(index, error, while: "start") }
            }
        }
    }

    /// An actor that has never been ready ends the start; any other is supervised. On the home loop.
    private func couldNotGoOn(_ index: Int, _ error: any Error, while work: String) {
        if life == .starting && !wasReady[index] {
            finishStart(.failure(NodeError(actor: cells[index].identity, error)))
        } else {
            supervise(index, error, while: work)
        }
    }

    func finishStart(_ result: Result<Void, NodeError>) {
        guard let started else { return }
        self.started = nil
        if case .success = result {
            life = .running
            readiness.store(true, ordering: .releasing)
            log.info("ready", [LogField("actors", cells.count), LogField("loops", environment.loops.count)])
        }
        started(result)
    }

    /// Called by the actor's cell, on its loop.
    public func actorBecameReady(_ cell: ActorCell) {
        environment.home.execute { [self] in
            guard let index = index(of: cell), life == .starting || life == .running else { return }
            if wasReady[index] { cameBack(index) }
            wasReady[index] = true
            startNext()
        }
    }

    /// Called by the actor's cell, on its loop.
    public func actorFailed(_ cell: ActorCell, _ error: any Error, while work: String) {
        environment.home.execute { [self] in
            if let index = index(of: cell) { couldNotGoOn(index, error, while: work) }
        }
    }
}
