import ModuleKit
import Synchronization

/// One process's share of a topology: its actors, from start to stop.
///
/// Everything that manages actors runs on the environment's home loop; actors are touched only on their
/// own loops.
public final class Node: ActorHost, @unchecked Sendable {
    /// What it runs.
    public let plan: NodePlan
    /// The world below it.
    public let environment: any NodeEnvironment
    public let metrics = MetricRegistry()
    public let deadLetters = DeadLetters()
    /// Where its actors' lines go, and which are written.
    public let logs: LogOutput
    let log: Logger
    public private(set) var cells: [ActorCell] = []
    private var indexes: [String: Int] = [:]
    /// On the home loop.
    var supervisors: [Supervisor] = []
    /// On the home loop.
    var life = Life.idle
    private var started: ((Result<Void, NodeError>) -> Void)?
    private let readiness = Atomic<Bool>(false)

    enum Life { case idle, starting, running, stopping, stopped }

    /// A node that has not started.
    public init(_ plan: NodePlan, in environment: any NodeEnvironment, logs: LogOutput) {
        self.plan = plan
        self.environment = environment
        self.logs = logs
        log = logs.logger(label: "runtime")
        let loops = environment.loops
        for (index, actor) in plan.actors.enumerated() {
            let loop = loops[(actor.loop ?? Self.automaticLoop(index, of: plan, loops.count)) % loops.count]
            cells.append(
                ActorCell(actor.identity, of: actor.declaration, on: loop, mailbox: actor.mailbox, host: self)
            )
            indexes[actor.identity.name] = index
            supervisors.append(Supervisor(actor.supervision))
        }
    }

    /// Actors of one group stay on one loop if there is a choice, so that neighbours in the topology
    /// talk without a hop: the groups are cut into as many runs as there are loops.
    private static func automaticLoop(_ index: Int, of plan: NodePlan, _ loops: Int) -> Int {
        index * loops / max(1, plan.actors.count)
    }

    // MARK: host

    public var network: any Network { environment.network }
    public var disk: any Disk { environment.disk }
    public var epoch: UInt64 { environment.epoch }
    public func logger(for actor: ActorIdentity) -> Logger {
        logs.logger(label: actor.name, module: actor.module, group: actor.group)
    }
    public func seed(for actor: ActorIdentity, incarnation: UInt32) -> UInt64 {
        StableHash.mix(environment.seed ^ StableHash.hash(actor.name) ^ UInt64(incarnation) << 40)
    }
    public func secureRandomBytes(_ count: Int) -> [UInt8] { environment.secureRandomBytes(count) }
    public func worker(named name: String) -> any Worker { environment.worker(named: name) }
    public func blocking(
        on loop: Loop, _ work: @escaping @Sendable () -> Void, done: @escaping @Sendable () -> Void
    ) {
        environment.blocking(on: loop, work, done: done)
    }

    /// Whether every actor is ready. From any thread.
    public var isReady: Bool {
        readiness.load(ordering: .acquiring) && cells.allSatisfy { $0.state == .ready }
    }
    /// The actor of that name; nil if there is none.
    public func cell(_ name: String) -> ActorCell? { indexes[name].map { cells[$0] } }
    func index(of cell: ActorCell) -> Int? { indexes[cell.identity.name] }

    func linkTable(of index: Int) -> LinkTable {
        LinkTable(
            plan.actors[index].links.map { link in
                (link.name, link.targets.compactMap { indexes[$0].map { cells[$0] } })
            })
    }

    /// Lets go of the cells, which hold on to this node without owning it.
    func release() {
        cells = []
        started = nil
    }

    // MARK: starting

    /// Starts the graph as the difference between nothing and the plan: each actor as soon as those it
    /// depends on are ready. `then` is called on the home loop, once.
    public func start(_ then: @escaping @Sendable (Result<Void, NodeError>) -> Void) {
        environment.start()
        environment.home.execute { [self] in
            life = .starting
            started = then
            startNext()
        }
    }

    /// On the home loop.
    private func startNext() {
        guard life == .starting else { return }
        for (index, cell) in cells.enumerated() where cell.state == .created {
            let waits = plan.actors[index].dependencies.contains { name in
                // A cycle is broken at the actor that comes later in the order.
                indexes[name].map { $0 < index && cells[$0].state != .ready } ?? false
            }
            if waits { continue }
            cell.state = .starting
            startActor(index)
        }
        if cells.allSatisfy({ $0.state == .ready }) { finishStart(.success(())) }
    }

    /// Puts a fresh actor in. On the home loop.
    func startActor(_ index: Int) {
        let cell = cells[index]
        let links = linkTable(of: index)
        let settings = plan.actors[index].settings
        cell.loop.execute { [self] in
            do {
                cell.takeOut()
                try cell.start(settings: settings, links: links)
            } catch {
                let work = "start"
                environment.home.execute { [self] in couldNotStart(index, error, work) }
            }
        }
    }

    private func couldNotStart(_ index: Int, _ error: any Error, _ work: String) {
        let cell = cells[index]
        if life == .starting {
            finishStart(.failure(NodeError(actor: cell.identity, error)))
        } else {
            supervise(index, error, while: work)
        }
    }

    private func finishStart(_ result: Result<Void, NodeError>) {
        guard let started else { return }
        self.started = nil
        if case .success = result {
            life = .running
            readiness.store(true, ordering: .releasing)
            log.info("ready", [LogField("actors", cells.count), LogField("loops", environment.loops.count)])
        }
        started(result)
    }

    public func actorBecameReady(_ cell: ActorCell) {
        environment.home.execute { [self] in
            guard let index = index(of: cell) else { return }
            switch life {
            case .starting: startNext()
            case .running:
                cameBack(index)
            case .idle, .stopping, .stopped: break
            }
        }
    }

    public func actorFailed(_ cell: ActorCell, _ error: any Error, while work: String) {
        environment.home.execute { [self] in
            guard let index = index(of: cell) else { return }
            if life == .starting {
                finishStart(.failure(NodeError(actor: cell.identity, error)))
            } else {
                supervise(index, error, while: work)
            }
        }
    }
}

/// Why a node could not be started: shown to the operator as it is.
public struct NodeError: Error, Sendable, CustomStringConvertible {
    public let description: String

    public init(_ description: String) {
        self.description = description
    }
    init(actor: ActorIdentity, _ error: any Error) {
        if let error = error as? ModuleError, let setting = error.setting {
            description = "\(actor.name): setting '\(setting)': \(error.description)"
        } else {
            description = "\(actor.name): \(error)"
        }
    }
}
