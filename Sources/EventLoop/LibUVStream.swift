import CLibUV
import Glibc
import ModuleKit

/// A connection on libuv.
final class LibUVStream: LibUVHandleOwner, ByteStream {
    private var handler: (any StreamHandler)?
    private(set) var queuedBytes = 0
    private var isReading = false
    private(set) var peerAddress = ""

    func start(_ handler: any StreamHandler) {
        self.handler = handler
        resumeReading()
    }

    func notePeer() {
        guard !isPipe else { return }
        uv_tcp_nodelay(tcp, 1)
        var address = sockaddr_storage()
        var length = Int32(MemoryLayout<sockaddr_storage>.size)
        peerAddress = withUnsafeMutablePointer(to: &address) { storage in
            storage.withMemoryRebound(to: sockaddr.self, capacity: 1) { address in
                uv_tcp_getpeername(tcp, address, &length) == 0 ? LibUVAddress.text(address) : ""
            }
        }
    }

    func pauseReading() {
        guard isReading, !isClosing else { return }
        isReading = false
        uv_read_stop(stream)
    }

    func resumeReading() {
        guard !isReading, !isClosing, handler != nil else { return }
        isReading = true
        let status = uv_read_start(
            stream,
            { handle, _, buffer in
                guard let buffer else { return }
                buffer.pointee = uv_buf_t(base: nil, len: 0)
                handle?.stream.withOwner { owner in
                    guard let room = owner.handler?.streamBuffer(owner) else { return }
                    buffer.pointee = uv_buf_t(
                        base: room.baseAddress?.assumingMemoryBound(to: CChar.self), len: room.count)
                }
            },
            { stream, count, _ in stream?.withOwner { $0.didRead(count) } })
        if status != 0 {
            isReading = false
            handler?.stream(self, didEnd: NetworkError(uv: status, "cannot read"))
        }
    }

    private func didRead(_ count: Int) {
        if count > 0 {
            handler?.stream(self, didRead: count)
        } else if count == Int(UV_ENOBUFS.rawValue) {
            // An empty buffer: the handler wants a pause.
            pauseReading()
        } else if count < 0 {
            pauseReading()
            let isEnd = count == Int(UV_EOF.rawValue)
            handler?.stream(
                self,
                didEnd: isEnd ? nil : NetworkError(uv: Int32(truncatingIfNeeded: count), "connection broken"))
        }
    }

    // MARK: writing

    func tryWrite(_ buffers: UnsafeMutablePointer<IOBuffer>, _ count: Int) -> Int {
        guard queuedBytes == 0, !isClosing else { return 0 }
        return UnsafeMutableRawPointer(buffers).withMemoryRebound(to: uv_buf_t.self, capacity: count) {
            max(0, Int(uv_try_write(stream, $0, UInt32(truncatingIfNeeded: count))))
        }
    }

    func write(_ buffers: UnsafeMutablePointer<IOBuffer>, _ count: Int) {
        guard !isClosing else { return }
        var total = 0
        for index in 0..<count { total += buffers[index].count }
        let written = tryWrite(buffers, count)
        if written < total { queue(buffers, count, skipping: written, total - written) }
    }

    /// A write that libuv does when the socket has room; the bytes follow the request in one block.
    private func queue(_ buffers: UnsafeMutablePointer<IOBuffer>, _ count: Int, skipping: Int, _ rest: Int) {
        let size = MemoryLayout<uv_write_t>.size
        let block = UnsafeMutableRawPointer.allocate(byteCount: size + rest, alignment: 16)
        var skip = skipping
        var end = size
        for index in 0..<count {
            let length = buffers[index].count
            guard skip < length, let base = buffers[index].base else {
                skip -= length
                continue
            }
            memcpy(block + end, base + skip, length - skip)
            end += length - skip
            skip = 0
        }
        let request = block.assumingMemoryBound(to: uv_write_t.self)
        request.pointee.data = UnsafeMutableRawPointer(bitPattern: rest)
        queuedBytes += rest
        var buffer = uv_buf_t(base: (block + size).assumingMemoryBound(to: CChar.self), len: rest)
        let status = uv_write(request, stream, &buffer, 1) { request, status in
            guard let request else { return }
            let count = Int(bitPattern: request.pointee.data)
            request.pointee.handle.withOwner { $0.didWrite(count, status) }
            UnsafeMutableRawPointer(request).deallocate()
        }
        if status != 0 {
            block.deallocate()
            queuedBytes -= rest
            handler?.stream(self, didEnd: NetworkError(uv: status, "cannot write"))
        }
    }

    private func didWrite(_ count: Int, _ status: Int32) {
        queuedBytes -= count
        guard !isClosing else { return }
        if status < 0 {
            handler?.stream(self, didEnd: NetworkError(uv: status, "cannot write"))
        } else if queuedBytes == 0 {
            handler?.streamDidDrain(self)
        }
    }

    // MARK: ending

    func shutdownWriting() {
        guard !isClosing else { return }
        let request = UnsafeMutablePointer<uv_shutdown_t>.allocate(capacity: 1)
        let status = uv_shutdown(request, stream) { request, _ in request?.deallocate() }
        if status != 0 { request.deallocate() }
    }

    func close() { closeHandle() }

    func reset() {
        guard !isClosing else { return }
        guard !isPipe, uv_tcp_close_reset(tcp, { LibUVHandleOwner.closed($0) }) == 0 else {
            return closeHandle()
        }
        markClosing()
    }

    override func didClose() {
        let last = handler
        handler = nil
        last?.streamDidClose(self)
    }
}

extension UnsafeMutablePointer<uv_stream_t> {
    /// Runs the body with the connection behind the handle.
    fileprivate func withOwner(_ body: (LibUVStream) -> Void) {
        LibUVHandleOwner.of(self, as: LibUVStream.self).map(body)
    }
}
