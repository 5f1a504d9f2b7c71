import EventLoop
import Glibc
import ModuleKit
import Synchronization

/// The system: threads with libuv loops, sockets, the file system.
public final class SystemEnvironment: NodeEnvironment, @unchecked Sendable {
    private let threads: [LoopThread]
    private let homeThread: LoopThread
    private let workers = Mutex<[(name: String, worker: ThreadWorker)]>([])
    /// Sockets of the system.
    public let network: any Network = LibUVNetwork()
    /// The file system.
    public let disk: any Disk = FileSystemDisk()
    /// Where all seeds of the run come from.
    public let seed: UInt64
    /// Milliseconds since 1970 at the start: rises from start to start.
    public let epoch: UInt64

    /// - Parameters:
    ///   - loops: 1 to 14.
    ///   - seed: of all randomness that actors decide with; nil for one of the system.
    public init(loops: Int, seed: UInt64? = nil, spinNanoseconds: UInt64 = 0) throws(NetworkError) {
        var threads: [LoopThread] = []
        for index in 0..<max(1, min(loops, Loop.maximumCount - 1)) {
            threads.append(try LoopThread(index: index, spinNanoseconds: spinNanoseconds))
        }
        self.threads = threads
        homeThread = try LoopThread(index: threads.count)
        let random = Self.random(8).reduce(0) { $0 << 8 | UInt64($1) }
        self.seed = seed ?? random
        // The wall clock rises from start to start, and a start takes longer than its grain.
        epoch = homeThread.wallNow() / 1_000_000
    }

    /// The loops that actors are placed on, each with a thread of its own.
    public var loops: [Loop] { threads.map(\.loop) }
    /// The loop of supervision and of the control port.
    public var home: Loop { homeThread.loop }
    /// The thread of the home loop: signals are watched there.
    public var homeLoopThread: LoopThread { homeThread }

    /// Starts the loops' threads.
    public func start() throws(NetworkError) {
        for thread in threads + [homeThread] { try thread.start() }
    }

    /// Finishes blocking work, ends the loops and waits for them. Not on a loop.
    public func stop() {
        for (_, worker) in workers.withLock({ $0 }) { worker.stop() }
        for thread in threads + [homeThread] { thread.stop() }
        workers.withLock { $0 = [] }
    }

    /// A thread for blocking work; the same for the same name. From any thread.
    public func worker(named name: String) -> any Worker {
        workers.withLock { workers in
            if let known = workers.first(where: { $0.name == name }) { return known.worker }
            let fresh = ThreadWorker(name: name)
            workers.append((name, fresh))
            return fresh
        }
    }

    /// Runs blocking work on libuv's pool, then `done` on the loop. From any thread.
    public func blocking(
        on loop: Loop, _ work: @escaping @Sendable () -> Void, done: @escaping @Sendable () -> Void
    ) {
        let thread = loop.index < threads.count ? threads[loop.index] : homeThread
        thread.blocking(work, done: done)
    }

    /// Bytes of the system's random source, fit for keys.
    public func secureRandomBytes(_ count: Int) -> [UInt8] { Self.random(count) }

    private static func random(_ count: Int) -> [UInt8] {
        var bytes = [UInt8](repeating: 0, count: count)
        var done = 0
        while done < count {
            // 256 bytes a call at most.
            let part = min(256, count - done)
            let status = bytes.withUnsafeMutableBytes { buffer in
                buffer.baseAddress.map { getentropy($0 + done, part) } ?? -1
            }
            if status == 0 { done += part }
        }
        return bytes
    }
}
