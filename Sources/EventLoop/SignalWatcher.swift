import CLibUV
import ModuleKit

extension LoopThread {
    /// Runs the body on the loop each time the process gets the signal. On the loop.
    public func onSignal(_ number: Int32, _ body: @escaping () -> Void) throws(NetworkError) {
        let handle = UnsafeMutablePointer<uv_signal_t>.allocate(capacity: 1)
        var status = uv_signal_init(driver.uv, handle)
        guard status == 0 else {
            handle.deallocate()
            throw NetworkError(uv: status, "cannot watch for signal \(number)")
        }
        // Both live until the loop ends.
        handle.pointee.data = Unmanaged.passRetained(SignalBody(body)).toOpaque()
        status = uv_signal_start(
            handle,
            { handle, _ in
                guard let data = handle?.pointee.data else { return }
                Unmanaged<SignalBody>.fromOpaque(data).takeUnretainedValue().body()
            }, number)
        if status != 0 { throw NetworkError(uv: status, "cannot watch for signal \(number)") }
        // A watcher alone does not keep the loop from ending.
        uv_unref(handle.handle)
    }
}

final class SignalBody {
    let body: () -> Void
    init(_ body: @escaping () -> Void) { self.body = body }

    /// The watcher's handle is closed.
    static func closed(_ handle: UnsafeMutablePointer<uv_handle_t>?) {
        guard let handle else { return }
        if let data = handle.pointee.data { Unmanaged<SignalBody>.fromOpaque(data).release() }
        UnsafeMutableRawPointer(handle).deallocate()
    }
}
