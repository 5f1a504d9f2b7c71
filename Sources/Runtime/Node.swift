import ModuleKit
import Synchronization

/// One process's share of a topology: its actors, from start to stop.
///
/// Everything that manages actors runs on the environment's home loop; actors are touched only on their
/// own loops.
public final class Node: ActorHost, @unchecked Sendable {
    /// What it runs.
    public let plan: NodePlan
    /// What it stands on.
    public let environment: any NodeEnvironment
    /// All its metrics.
    public let metrics = MetricRegistry()
    /// Examples of messages that were not delivered.
    public let deadLetters = DeadLetters()
    /// Where its log goes.
    public let logs: LogOutput
    let log: Logger
    /// The places of its actors, in the order of their start.
    public private(set) var cells: [ActorCell] = []
    private var indexes: [String: Int] = [:]
    /// On the home loop.
    var supervisors: [Supervisor] = []
    /// On the home loop.
    var life = Life.idle
    /// Who waits for the start, and for the stop. On the home loop.
    var started: ((Result<Void, NodeError>) -> Void)?
    var stopped: [(Bool) -> Void] = []
    /// Actors that have been ready once: from then on they are supervised. On the home loop.
    var wasReady: [Bool] = []
    let readiness = Atomic<Bool>(false)

    enum Life { case idle, starting, running, stopping, stopped }

    /// Makes the places of the actors; nothing runs before `start`.
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
            wasReady.append(false)
        }
    }

    /// Actors of one group stay on one loop if there is a choice, so that neighbours in the topology
    /// talk without a hop: the groups are cut into as many runs as there are loops.
    private static func automaticLoop(_ index: Int, of plan: NodePlan, _ loops: Int) -> Int {
        index * loops / max(1, plan.actors.count)
    }

    // MARK: host

    /// Sockets.
    public var network: any Network { environment.network }
    /// Files.
    public var disk: any Disk { environment.disk }
    /// This node's incarnation.
    public var epoch: UInt64 { environment.epoch }
    /// A log labelled with the actor's name; its level is that of the actor, its group or its module.
    public func logger(for actor: ActorIdentity) -> Logger {
        logs.logger(label: actor.name, module: actor.module, group: actor.group)
    }
    /// The same for the same actor, incarnation and seed of the run.
    public func seed(for actor: ActorIdentity, incarnation: UInt32) -> UInt64 {
        StableHash.mix(environment.seed ^ StableHash.hash(actor.name) ^ UInt64(incarnation) << 40)
    }
    /// Bytes for keys and secrets.
    public func secureRandomBytes(_ count: Int) -> [UInt8] { environment.secureRandomBytes(count) }
    /// A thread for blocking work; the same for the same name.
    public func worker(named name: String) -> any Worker { environment.worker(named: name) }
    /// Runs blocking work on a pool, then `done` on the loop.
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
        stopped = []
    }
}

/// Why a node could not be started: shown to the operator as it is.
public struct NodeError: Error, Sendable, CustomStringConvertible {
    public let description: String

    /// - Parameter description: one line, with what to do about it.
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
