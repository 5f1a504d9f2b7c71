import CLibUV
import Glibc
import ModuleKit

/// One connection being made: name look-up, then connect. Keeps itself alive until it has answered.
final class ConnectAttempt {
    private let action: String
    private var then: ((Result<any ByteStream, NetworkError>) -> Void)?
    private var connection: LibUVStream?
    private let request = UnsafeMutablePointer<uv_connect_t>.allocate(capacity: 1)
    private let lookUpRequest = UnsafeMutablePointer<uv_getaddrinfo_t>.allocate(capacity: 1)

    init(_ action: String, _ then: @escaping (Result<any ByteStream, NetworkError>) -> Void) {
        self.action = action
        self.then = then
    }
    deinit {
        request.deallocate()
        lookUpRequest.deallocate()
    }

    func lookUp(_ host: String, port: UInt16, on uv: UnsafeMutablePointer<uv_loop_t>) {
        lookUpRequest.pointee.data = Unmanaged.passRetained(self).toOpaque()
        var hints = addrinfo()
        hints.ai_socktype = Int32(SOCK_STREAM.rawValue)
        let status = uv_getaddrinfo(
            uv, lookUpRequest,
            { request, status, found in
                guard let request, let data = request.pointee.data else { return }
                let attempt = Unmanaged<ConnectAttempt>.fromOpaque(data).takeRetainedValue()
                defer { uv_freeaddrinfo(found) }
                guard status == 0, let first = found?.pointee.ai_addr else { return attempt.finish(status) }
                var storage = sockaddr_storage()
                memcpy(&storage, first, Int(found?.pointee.ai_addrlen ?? 0))
                attempt.connect(to: storage, on: request.pointee.loop)
            }, host, "\(port)", &hints)
        if status != 0 {
            Unmanaged.passUnretained(self).release()
            finish(status)
        }
    }

    func connect(to storage: sockaddr_storage, on uv: UnsafeMutablePointer<uv_loop_t>) {
        let fresh = LibUVStream(isPipe: false)
        connection = fresh
        var status = fresh.open(on: uv)
        guard status == 0 else { return finish(status) }
        request.pointee.data = Unmanaged.passRetained(self).toOpaque()
        status = LibUVAddress.withPointer(storage) {
            uv_tcp_connect(request, fresh.tcp, $0) { ConnectAttempt.connected($0, $1) }
        }
        if status != 0 {
            Unmanaged.passUnretained(self).release()
            finish(status)
        }
    }

    func connect(path: String, on uv: UnsafeMutablePointer<uv_loop_t>) {
        let fresh = LibUVStream(isPipe: true)
        connection = fresh
        let status = fresh.open(on: uv)
        guard status == 0 else { return finish(status) }
        request.pointee.data = Unmanaged.passRetained(self).toOpaque()
        uv_pipe_connect(request, fresh.pipe, path) { ConnectAttempt.connected($0, $1) }
    }

    private static func connected(_ request: UnsafeMutablePointer<uv_connect_t>?, _ status: Int32) {
        guard let data = request?.pointee.data else { return }
        Unmanaged<ConnectAttempt>.fromOpaque(data).takeRetainedValue().finish(status)
    }

    private func finish(_ status: Int32) {
        guard let then else { return }
        self.then = nil
        guard status == 0, let connection else {
            connection?.close()
            return then(.failure(NetworkError(uv: status, action)))
        }
        connection.notePeer()
        then(.success(connection))
    }
}
