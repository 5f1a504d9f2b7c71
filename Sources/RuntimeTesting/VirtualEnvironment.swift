import ModuleKit
import Runtime

/// A node's world in virtual time: loops driven by hand, sockets and files in memory.
public final class VirtualEnvironment: NodeEnvironment, @unchecked Sendable {
    /// Time, and who is ready.
    public let world: VirtualWorld
    /// The loops that actors are placed on.
    public let loops: [Loop]
    /// The loop of supervision.
    public let home: Loop
    /// Sockets.
    public let network: any Network
    /// Files.
    public let disk: any Disk
    /// Where all seeds of the run come from.
    public let seed: UInt64
    /// The node's incarnation.
    public let epoch: UInt64
    private var workers: [(name: String, worker: VirtualWorker)] = []
    private var secure: Random
    private var isStopped = false

    /// The world is shared by nodes that live in the same time.
    public init(
        _ world: VirtualWorld, loops count: Int = 1, disk: any Disk = MemoryDisk(),
        network: any Network = MemoryNetwork(), seed: UInt64 = 1, epoch: UInt64 = 1
    ) {
        self.world = world
        self.disk = disk
        self.network = network
        self.seed = seed
        self.epoch = epoch
        secure = Random(seed: seed ^ 0x5EC)
        loops = (0..<count).map { world.makeLoop(index: $0) }
        home = world.makeLoop(index: count)
    }

    /// Nothing to start: the world drives the loops.
    public func start() {}

    /// The world lets go of the loops; blocking work is forgotten.
    public func stop() {
        isStopped = true
        for (_, worker) in workers { worker.stop() }
        for loop in loops + [home] { world.remove(loop) }
    }

    /// A worker in virtual time; the same for the same name.
    public func worker(named name: String) -> any Worker {
        if let known = workers.first(where: { $0.name == name }) { return known.worker }
        let fresh = VirtualWorker(world)
        workers.append((name, fresh))
        return fresh
    }

    /// Does the work at once; `done` comes after virtual time.
    public func blocking(
        on loop: Loop, _ work: @escaping @Sendable () -> Void, done: @escaping @Sendable () -> Void
    ) {
        _ = world.submit(after: world.time, work) { [weak self] in
            if self?.isStopped == false { loop.execute(done) }
        }
    }

    /// Bytes of the seed, the same in each run.
    public func secureRandomBytes(_ count: Int) -> [UInt8] {
        (0..<count).map { _ in UInt8(truncatingIfNeeded: secure.next()) }
    }
}
