import CLibUV
import Glibc
import ModuleKit
import Synchronization

/// A libuv loop on a thread of its own: what stands below a `Loop` in production.
public final class LoopThread: @unchecked Sendable {
    /// The loop that actors are placed on.
    public let loop: Loop
    let driver: LibUVDriver
    private var thread = pthread_t()
    private let isStopping = Atomic<Bool>(false)
    private let isRunning = Atomic<Bool>(false)
    private let hasEnded = Atomic<Bool>(false)
    private let spinNanoseconds: UInt64
    /// Times that the loop went to sleep.
    public let sleeps = Atomic<Int>(0)

    /// - Parameters:
    ///   - index: number of the loop within its node.
    ///   - spinNanoseconds: how long the loop looks for messages of other loops before it sleeps. A
    ///     message to a sleeping loop costs some 10 µs, to a spinning one 1 µs, and spinning burns a core.
    /// - Throws: `NetworkError` if the system has no descriptor left for it.
    public init(index: Int, spinNanoseconds: UInt64 = 0) throws(NetworkError) {
        self.spinNanoseconds = spinNanoseconds
        driver = try LibUVDriver()
        loop = Loop(index: index, driver: driver)
    }

    deinit { end() }

    /// Nanoseconds of the monotonic clock, read anew. From any thread.
    public func monotonicNow() -> UInt64 { driver.monotonicNow() }
    /// Nanoseconds since 1970, read anew. From any thread.
    public func wallNow() -> UInt64 { driver.wallNow() }

    /// Starts the thread. Returns at once.
    /// - Throws: `NetworkError` if the system gives no thread.
    public func start() throws(NetworkError) {
        var attributes = pthread_attr_t()
        pthread_attr_init(&attributes)
        // Deep recursion in a module must not be what ends the process.
        pthread_attr_setstacksize(&attributes, 8 << 20)
        let context = Unmanaged.passRetained(self).toOpaque()
        let status = pthread_create(&thread, &attributes, { LoopThread.main($0) }, context)
        pthread_attr_destroy(&attributes)
        guard status == 0 else {
            Unmanaged<LoopThread>.fromOpaque(context).release()
            throw NetworkError(uv: -status, "cannot start a thread for loop \(loop.index)")
        }
        isRunning.store(true, ordering: .releasing)
    }

    private static func main(_ context: UnsafeMutableRawPointer?) -> UnsafeMutableRawPointer? {
        guard let context else { return nil }
        let thread = Unmanaged<LoopThread>.fromOpaque(context).takeRetainedValue()
        pthread_setname_np(pthread_self(), "souk-loop-\(thread.loop.index)")
        thread.run()
        return nil
    }

    /// Runs the loop on the calling thread until `stop`.
    public func run() {
        loop.withCurrent {
            loop.awoke()
            while !isStopping.load(ordering: .relaxed) { iterate() }
        }
        end()
    }

    private func iterate() {
        if loop.runReady(turns: 512) || spin() {
            uv_run(driver.uv, UV_RUN_NOWAIT)
            loop.refreshNow()
            return
        }
        driver.arm(for: loop.earliestTimer, at: loop.preciseNow)
        guard loop.mayFallAsleep(), !isStopping.load(ordering: .sequentiallyConsistent) else { return }
        sleeps.add(1, ordering: .relaxed)
        uv_run(driver.uv, UV_RUN_ONCE)
        loop.awoke()
    }

    /// Looks for work of other threads for a bounded time before the loop pays for sleeping.
    private func spin() -> Bool {
        guard spinNanoseconds > 0 else { return false }
        let end = Clock.monotonic() + spinNanoseconds
        repeat {
            for _ in 0..<256 where loop.hasRemoteWork { return true }
        } while Clock.monotonic() < end
        return false
    }

    /// Ends the loop and waits for its thread: sockets are closed, their handlers told. Not on the loop.
    public func stop() {
        isStopping.store(true, ordering: .sequentiallyConsistent)
        driver.wake()
        if isRunning.exchange(false, ordering: .acquiringAndReleasing) { pthread_join(thread, nil) }
    }

    private func end() {
        guard !hasEnded.exchange(true, ordering: .acquiringAndReleasing) else { return }
        loop.withCurrent {
            driver.close()
            _ = loop.runReady(turns: 512)
        }
        driver.free()
    }
}

/// The clocks of the system.
enum Clock {
    static func monotonic() -> UInt64 { nanoseconds(CLOCK_MONOTONIC) }
    static func wall() -> UInt64 { nanoseconds(CLOCK_REALTIME) }

    private static func nanoseconds(_ clock: clockid_t) -> UInt64 {
        var time = timespec()
        clock_gettime(clock, &time)
        return UInt64(bitPattern: Int64(time.tv_sec)) &* 1_000_000_000
            &+ UInt64(bitPattern: Int64(time.tv_nsec))
    }
}

extension UnsafeMutablePointer {
    /// The same memory as libuv's base type.
    var handle: UnsafeMutablePointer<uv_handle_t> {
        UnsafeMutableRawPointer(self).assumingMemoryBound(to: uv_handle_t.self)
    }
    /// The same memory as libuv's stream type.
    var stream: UnsafeMutablePointer<uv_stream_t> {
        UnsafeMutableRawPointer(self).assumingMemoryBound(to: uv_stream_t.self)
    }
}

extension NetworkError {
    /// A libuv status with what was tried.
    init(uv status: Int32, _ action: String) {
        let reason = uv_strerror(status).map { String(cString: $0) } ?? "error \(status)"
        self.init("\(action): \(reason)", code: -status)
    }
}
