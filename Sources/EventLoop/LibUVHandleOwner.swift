import CLibUV
import ModuleKit

/// Owns a libuv socket: the handle's `data` points to it, retained until the handle is closed.
class LibUVHandleOwner {
    /// Room for a `uv_tcp_t` or a `uv_pipe_t`.
    let memory: UnsafeMutableRawPointer
    let isPipe: Bool
    private(set) var isClosing = false

    init(isPipe: Bool) {
        self.isPipe = isPipe
        memory = .allocate(
            byteCount: max(MemoryLayout<uv_tcp_t>.size, MemoryLayout<uv_pipe_t>.size), alignment: 16)
    }
    deinit { memory.deallocate() }

    var handle: UnsafeMutablePointer<uv_handle_t> { memory.assumingMemoryBound(to: uv_handle_t.self) }
    var stream: UnsafeMutablePointer<uv_stream_t> { memory.assumingMemoryBound(to: uv_stream_t.self) }
    var tcp: UnsafeMutablePointer<uv_tcp_t> { memory.assumingMemoryBound(to: uv_tcp_t.self) }
    var pipe: UnsafeMutablePointer<uv_pipe_t> { memory.assumingMemoryBound(to: uv_pipe_t.self) }

    /// Makes the handle on the loop; from then on it keeps its owner alive until it is closed.
    func open(on uv: UnsafeMutablePointer<uv_loop_t>, family: UInt32 = 0) -> Int32 {
        let status = isPipe ? uv_pipe_init(uv, pipe, 0) : uv_tcp_init_ex(uv, tcp, family)
        if status == 0 { handle.pointee.data = Unmanaged.passRetained(self).toOpaque() }
        return status
    }

    func closeHandle() {
        guard !isClosing else { return }
        isClosing = true
        uv_close(handle, { LibUVHandleOwner.closed($0) })
    }

    /// Once the close callback will not be called by anyone else's close.
    func markClosing() { isClosing = true }

    static func closed(_ handle: UnsafeMutablePointer<uv_handle_t>?) {
        guard let handle, handle.pointee.type == UV_TCP || handle.pointee.type == UV_NAMED_PIPE,
            let data = handle.pointee.data
        else { return }
        Unmanaged<LibUVHandleOwner>.fromOpaque(data).takeRetainedValue().didClose()
    }

    /// The handle is closed; called once.
    func didClose() {}

    /// The owner of a handle inside a callback.
    static func of<Owner: LibUVHandleOwner>(
        _ stream: UnsafeMutablePointer<uv_stream_t>?, as type: Owner.Type
    ) -> Owner? {
        guard let data = stream?.pointee.data else { return nil }
        return unsafeDowncast(Unmanaged<LibUVHandleOwner>.fromOpaque(data).takeUnretainedValue(), to: type)
    }
}
