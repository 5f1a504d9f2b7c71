import CLibUV
import Glibc
import ModuleKit
import Synchronization

/// What a `Loop` in production stands on: a libuv loop and the handles that wake it. Held by the loop
/// and by the thread that runs it; holds neither.
final class LibUVDriver: LoopDriver, @unchecked Sendable {
    let uv: UnsafeMutablePointer<uv_loop_t>
    let timer: UnsafeMutablePointer<uv_timer_t>
    private let wakeHandle: UnsafeMutablePointer<uv_async_t>
    /// libuv ends the process when a closed handle is sent to, and other loops may still have news for
    /// one that has stopped.
    private let isOpen = Mutex(true)
    private var armedFor: UInt64 = 0

    init() throws(NetworkError) {
        uv = .allocate(capacity: 1)
        timer = .allocate(capacity: 1)
        wakeHandle = .allocate(capacity: 1)
        var status = uv_loop_init(uv)
        if status == 0 { status = uv_async_init(uv, wakeHandle) { _ in } }
        if status == 0 { status = uv_timer_init(uv, timer) }
        guard status == 0 else { throw NetworkError(uv: status, "cannot make an event loop") }
    }

    deinit {
        uv.deallocate()
        timer.deallocate()
        wakeHandle.deallocate()
    }

    func wake(_ loop: Loop) { wake() }
    func wake() {
        isOpen.withLock { isOpen in
            if isOpen { uv_async_send(wakeHandle) }
        }
    }
    func monotonicNow() -> UInt64 { Clock.monotonic() }
    func wallNow() -> UInt64 { Clock.wall() }

    /// Makes the next poll end when the loop's earliest timer is due. libuv's timers have
    /// milliseconds: rounded up, so that none fires early. On the loop.
    func arm(for earliest: UInt64?, at now: UInt64) {
        guard let earliest else {
            if armedFor != 0 { uv_timer_stop(timer) }
            armedFor = 0
            return
        }
        if earliest == armedFor && uv_is_active(timer.handle) != 0 { return }
        armedFor = earliest
        uv_update_time(uv)
        let left = earliest > now ? earliest - now : 0
        let delay = left / 1_000_000 + (left % 1_000_000 == 0 ? 0 : 1)
        // libuv runs due timers once before it polls: a timer that fires there must keep the poll from
        // blocking, which only a stopped loop does.
        uv_timer_start(timer, { handle in uv_stop(handle?.pointee.loop) }, delay, 0)
    }

    /// Closes every handle, sockets among them, and tells their handlers. On the loop, once.
    func close() {
        isOpen.withLock { $0 = false }
        uv_walk(
            uv,
            { handle, _ in
                guard let handle, uv_is_closing(handle) == 0 else { return }
                if handle.pointee.type == UV_TCP || handle.pointee.type == UV_NAMED_PIPE,
                    let data = handle.pointee.data
                {
                    Unmanaged<LibUVHandleOwner>.fromOpaque(data).takeUnretainedValue().closeHandle()
                } else if handle.pointee.type == UV_SIGNAL {
                    uv_close(handle, { SignalBody.closed($0) })
                } else {
                    uv_close(handle, { LibUVHandleOwner.closed($0) })
                }
            }, nil)
        // Waits for work of the pool, too.
        while uv_run(uv, UV_RUN_DEFAULT) != 0 {}
    }

    /// After `close` and everything that it made happen.
    func free() { uv_loop_close(uv) }
}
