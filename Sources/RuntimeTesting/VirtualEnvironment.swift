import ModuleKit
import Runtime

/// A node's world in virtual time: loops driven by hand, sockets and files in memory.
public final class VirtualEnvironment: NodeEnvironment, @unchecked Sendable {
    /// The time that its loops share.
    public let world: VirtualWorld
    public let loops: [Loop]
    public let home: Loop
    public let network: any Network
    public let disk: any Disk
    public let seed: UInt64
    public let epoch: UInt64
    private var workers: [(name: String, worker: VirtualWorker)] = []
    private var secure: Random
    private var isStopped = false

    /// An environment in a world that others may share.
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

    public func start() {}

    public func stop() {
        isStopped = true
        for (_, worker) in workers { worker.stop() }
        for loop in loops + [home] { world.remove(loop) }
    }

    public func worker(named name: String) -> any Worker {
        if let known = workers.first(where: { $0.name == name }) { return known.worker }
        let fresh = VirtualWorker(world)
        workers.append((name, fresh))
        return fresh
    }

    public func blocking(
        on loop: Loop, _ work: @escaping @Sendable () -> Void, done: @escaping @Sendable () -> Void
    ) {
        _ = world.submit(after: world.time, work) { [weak self] in
            if self?.isStopped == false { loop.execute(done) }
        }
    }

    public func secureRandomBytes(_ count: Int) -> [UInt8] {
        (0..<count).map { _ in UInt8(truncatingIfNeeded: secure.next()) }
    }
}
