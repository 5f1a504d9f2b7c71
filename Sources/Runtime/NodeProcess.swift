import Control
import EventLoop
import Glibc
import ModuleKit
import Synchronization
import Topology

/// A node as a process: its actors, the control port, and what signals do.
///
/// SIGTERM and SIGINT stop it: no new connections, requests in flight answered, queues drained within the
/// topology's drain time, exit code 0. A second one ends it at once with 128 + the signal's number.
public final class NodeProcess: @unchecked Sendable {
    private let topology: Topology
    private let environment: SystemEnvironment
    private let node: Node
    private let control: ControlServer
    private let log: Logger
    private let startedAt: UInt64
    /// On the home loop.
    private var isStopping = false
    private let end = ProcessEnd()

    /// Throws `NodeError` or `NetworkError`.
    public init(_ topology: Topology, node name: String?) throws {
        self.topology = topology
        let plan = try Self.plan(topology, name)
        environment = try SystemEnvironment(loops: Self.loopCount(topology.loops), seed: topology.seed)
        startedAt = environment.homeLoopThread.monotonicNow()
        let wall = environment.homeLoopThread
        let sink = DescriptorLogSink(format: topology.log.format) { [unowned wall] in wall.wallNow() }
        let logs = LogOutput(
            sink: sink, level: topology.log.level, levels: topology.log.levels.map { ($0.name, $0.level) })
        node = Node(plan, in: environment, logs: logs)
        log = logs.logger(label: "runtime")
        control = ControlServer(
            of: node, on: environment.home, network: environment.network, log: logs.logger(label: "control"))
    }

    private static func plan(_ topology: Topology, _ name: String?) throws(NodeError) -> NodePlan {
        guard let name else { return NodePlan(topology) }
        guard topology.nodes.contains(where: { $0.name == name }) else {
            let names = topology.nodes.map(\.name).joined(separator: ", ")
            let known = names.isEmpty ? "the topology has no nodes" : "its nodes are \(names)"
            throw NodeError("there is no node '\(name)': \(known)")
        }
        let plan = NodePlan(topology, node: name)
        for actor in plan.actors {
            for link in actor.links {
                let here = Set(plan.actors.map(\.identity.name))
                if let missing = link.targets.first(where: { !here.contains($0) }) {
                    throw NodeError(
                        "\(actor.identity.name): link '\(link.name)' leads to \(missing), which runs on another "
                            + "node; this version runs a topology in one process: leave out --node")
                }
            }
        }
        return plan
    }

    private static func loopCount(_ count: LoopCount) -> Int {
        switch count {
        case .automatic: max(1, min(sysconf(Int32(_SC_NPROCESSORS_ONLN)), Loop.maximumCount - 1))
        case .count(let number): number
        }
    }

    /// Runs until the end; answers the exit code.
    public func run() -> Int32 {
        CrashReport.install()
        Self.raiseDescriptorLimit()
        do {
            try node.start { [self] result in started(result) }
        } catch {
            Self.say(error.description)
            return 1
        }
        environment.home.execute { [self] in
            guard !isStopping else { return }
            do {
                try watchSignals()
                let address = try control.start(topology.control)
                log.info("control port", [LogField("address", "http://\(address)")])
            } catch {
                fail("\(error)")
            }
        }
        let code = end.wait()
        node.close()
        return code
    }

    private func started(_ result: Result<Void, NodeError>) {
        switch result {
        case .success:
            let milliseconds = (environment.homeLoopThread.monotonicNow() - startedAt) / 1_000_000
            log.info("started", [LogField("milliseconds", milliseconds)])
        case .failure(let error): fail(error.description)
        }
    }

    /// One clear line, and the end. On the home loop.
    private func fail(_ reason: String) {
        guard !isStopping else { return }
        isStopping = true
        Self.say(reason)
        control.close()
        node.stop { [self] _ in end.signal(1) }
    }

    private static func say(_ reason: String) {
        var line = Array("souk: \(reason)\n".utf8)
        _ = line.withUnsafeMutableBytes { write(2, $0.baseAddress, $0.count) }
    }

    private func watchSignals() throws(NetworkError) {
        for number in [SIGTERM, SIGINT] {
            try environment.homeLoopThread.onSignal(number) { [self] in stop(number) }
        }
        // A terminal that goes away must not take the shop with it; logs are reopened by whoever pipes them.
        try environment.homeLoopThread.onSignal(SIGHUP) {}
    }

    private func stop(_ number: Int32) {
        if isStopping { _exit(128 + number) }
        isStopping = true
        node.stop { [self] isClean in
            control.close()
            log.info("stopped", [LogField("drained", isClean)])
            end.signal(0)
        }
    }

    /// A shop has many connections; the soft limit is often 1024.
    private static func raiseDescriptorLimit() {
        var limit = rlimit()
        let resource = __rlimit_resource_t(RLIMIT_NOFILE.rawValue)
        guard getrlimit(resource, &limit) == 0 else { return }
        limit.rlim_cur = limit.rlim_max
        setrlimit(resource, &limit)
    }
}

/// Lets the main thread wait for the end.
private final class ProcessEnd: @unchecked Sendable {
    private let semaphore = UnsafeMutablePointer<sem_t>.allocate(capacity: 1)
    private let code = Atomic<Int32>(0)

    init() {
        sem_init(semaphore, 0, 0)
    }
    deinit {
        sem_destroy(semaphore)
        semaphore.deallocate()
    }
    func signal(_ code: Int32) {
        self.code.store(code, ordering: .releasing)
        sem_post(semaphore)
    }
    func wait() -> Int32 {
        while sem_wait(semaphore) != 0 {}
        return code.load(ordering: .acquiring)
    }
}

extension Node: ControlledNode {
    /// As in the topology.
    public var nodeName: String { plan.name }
    /// Loops that actors are placed on.
    public var actorLoops: [Loop] { environment.loops }
    /// The topology as it runs.
    public var topologyDescription: JSON { TopologyDescription.json(plan) }
    /// Changes a level while the node runs; false if nobody has that label.
    public func setLogLevel(_ level: LogLevel, of label: String) -> Bool { logs.set(level, for: label) }
}
