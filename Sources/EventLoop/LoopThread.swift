import CLibUV
import Glibc
import ModuleKit
import Synchronization

/// A libuv loop on a thread of its own: what stands below a `Loop` in production.
public final class LoopThread: LoopDriver, @unchecked Sendable {
    /// The loop that actors are placed on.
    public private(set) var loop: Loop!
    let uv: UnsafeMutablePointer<uv_loop_t>
    private let wakeHandle: UnsafeMutablePointer<uv_async_t>
    private let timerHandle: UnsafeMutablePointer<uv_timer_t>
    private var armedFor: UInt64 = 0
    private var thread = pthread_t()
    private let isStopping = Atomic<Bool>(false)
    private let isRunning = Atomic<Bool>(false)
    private let spinNanoseconds: UInt64
    /// Times that the loop went to sleep.
    public let sleeps = Atomic<Int>(0)

    /// - Parameters:
    ///   - index: number of the loop within its node.
    ///   - spinNanoseconds: how long the loop looks for messages of other loops before it sleeps. A
    ///     message to a sleeping loop costs some 10 µs, to a spinning one 1 µs, and spinning burns a core.
    public init(index: Int, spinNanoseconds: UInt64 = 0) throws(NetworkError) {
        self.spinNanoseconds = spinNanoseconds
        uv = .allocate(capacity: 1)
        wakeHandle = .allocate(capacity: 1)
        timerHandle = .allocate(capacity: 1)
        var status = uv_loop_init(uv)
        if status == 0 { status = uv_async_init(uv, wakeHandle) { _ in } }
        if status == 0 { status = uv_timer_init(uv, timerHandle) }
        guard status == 0 else { throw NetworkError(uv: status, "cannot make an event loop") }
        loop = Loop(index: index, driver: self)
    }

    deinit {
        uv.deallocate()
        wakeHandle.deallocate()
        timerHandle.deallocate()
    }

    // MARK: driver

    public func wake(_ loop: Loop) { uv_async_send(wakeHandle) }
    public func monotonicNow() -> UInt64 { Clock.monotonic() }
    public func wallNow() -> UInt64 { Clock.wall() }

    // MARK: thread

    /// Starts the thread. Returns at once.
    public func start() {
        var attributes = pthread_attr_t()
        pthread_attr_init(&attributes)
        // Deep recursion in a module must not be what ends the process.
        pthread_attr_setstacksize(&attributes, 8 << 20)
        isRunning.store(true, ordering: .relaxed)
        let context = Unmanaged.passRetained(self).toOpaque()
        let status = pthread_create(&thread, &attributes, { LoopThread.main($0) }, context)
        pthread_attr_destroy(&attributes)
        if status != 0 {
            isRunning.store(false, ordering: .relaxed)
            Unmanaged<LoopThread>.fromOpaque(context).release()
        }
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
            closeHandles()
        }
    }

    private func iterate() {
        if loop.runReady(turns: 512) || spin() {
            uv_run(uv, UV_RUN_NOWAIT)
            loop.refreshNow()
            return
        }
        armTimer()
        guard loop.mayFallAsleep(), !isStopping.load(ordering: .sequentiallyConsistent) else { return }
        sleeps.add(1, ordering: .relaxed)
        uv_run(uv, UV_RUN_ONCE)
        loop.awoke()
    }

    /// libuv's timers have milliseconds: rounded up, so that none fires early.
    private func armTimer() {
        guard let earliest = loop.earliestTimer else {
            if armedFor != 0 { uv_timer_stop(timerHandle) }
            armedFor = 0
            return
        }
        if earliest == armedFor && uv_is_active(timerHandle.handle) != 0 { return }
        armedFor = earliest
        let now = loop.preciseNow
        uv_update_time(uv)
        let delay = earliest > now ? (earliest - now + 999_999) / 1_000_000 : 0
        // libuv runs due timers once before it polls: a timer that fires there must keep the poll from
        // blocking, which only a stopped loop does.
        uv_timer_start(timerHandle, { handle in uv_stop(handle?.pointee.loop) }, delay, 0)
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

    /// Lets go of the loop; after `stop`, when nobody uses it any more. The two hold each other.
    public func release() { loop = nil }

    /// Ends the loop and waits for its thread: sockets are closed, their handlers told.
    public func stop() {
        isStopping.store(true, ordering: .sequentiallyConsistent)
        uv_async_send(wakeHandle)
        if isRunning.exchange(false, ordering: .acquiringAndReleasing) { pthread_join(thread, nil) }
    }

    private func closeHandles() {
        uv_walk(
            uv,
            { handle, _ in
                guard let handle, uv_is_closing(handle) == 0 else { return }
                if handle.pointee.type == UV_TCP || handle.pointee.type == UV_NAMED_PIPE,
                    let data = handle.pointee.data
                {
                    Unmanaged<LibUVHandleOwner>.fromOpaque(data).takeUnretainedValue().closeHandle()
                } else {
                    uv_close(handle, { LibUVHandleOwner.closed($0) })
                }
            }, nil)
        while uv_run(uv, UV_RUN_DEFAULT) != 0 {}
        _ = loop.runReady(turns: 512)
        uv_loop_close(uv)
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
