import CLibUV
import Glibc
import ModuleKit

/// Sockets on libuv.
public final class LibUVNetwork: Network {
    /// One for all loops of a process; a broken pipe is an error from now on, not a signal.
    public init() {
        // A peer that goes away while something is written must not end the process.
        signal(SIGPIPE, SIG_IGN)
    }

    private static func uv(of loop: Loop) -> UnsafeMutablePointer<uv_loop_t>? {
        (loop.driver as? LoopThread)?.uv
    }

    // MARK: listening

    public func listen(
        _ address: SocketAddress, on loop: Loop, options: ListenOptions,
        accept: @escaping (any ByteStream) -> Void
    ) throws(NetworkError) -> any Listener {
        let action = "cannot listen on \(address)"
        guard let uv = Self.uv(of: loop) else { throw NetworkError("\(action): no libuv loop", code: EINVAL) }
        let listener: LibUVListener
        switch address {
        case .unix(let path):
            listener = LibUVListener(isPipe: true, address: address, uv: uv, accept: accept)
            try listener.bind(path: path, action)
        case .host(let host, let port):
            listener = LibUVListener(isPipe: false, address: address, uv: uv, accept: accept)
            try listener.bind(host: host, port: port, sharesPort: options.sharesPort, action)
        }
        try listener.listen(options.backlog, action)
        return listener
    }

    // MARK: connecting

    public func connect(
        to address: SocketAddress, on loop: Loop,
        then: @escaping (Result<any ByteStream, NetworkError>) -> Void
    ) {
        let action = "cannot connect to \(address)"
        guard let uv = Self.uv(of: loop) else {
            return then(.failure(NetworkError("\(action): no libuv loop", code: EINVAL)))
        }
        let attempt = ConnectAttempt(action, then)
        switch address {
        case .unix(let path): attempt.connect(path: path, on: uv)
        case .host(let host, let port):
            if let storage = LibUVAddress.numeric(host, port: port) {
                attempt.connect(to: storage, on: uv)
            } else {
                attempt.lookUp(host, port: port, on: uv)
            }
        }
    }
}

/// A socket that accepts.
final class LibUVListener: LibUVHandleOwner, Listener {
    private(set) var address: SocketAddress
    private let uv: UnsafeMutablePointer<uv_loop_t>
    private let accept: (any ByteStream) -> Void

    init(
        isPipe: Bool, address: SocketAddress, uv: UnsafeMutablePointer<uv_loop_t>,
        accept: @escaping (any ByteStream) -> Void
    ) {
        self.address = address
        self.uv = uv
        self.accept = accept
        super.init(isPipe: isPipe)
    }

    func bind(path: String, _ action: String) throws(NetworkError) {
        // A socket left behind by a process that died is in the way; a live one is not removed.
        var status = open(on: uv)
        guard status == 0 else { throw NetworkError(uv: status, action) }
        if !Self.isAlive(path) { unlink(path) }
        status = uv_pipe_bind(pipe, path)
        if status != 0 { try fail(status, action) }
    }

    func bind(host: String, port: UInt16, sharesPort: Bool, _ action: String) throws(NetworkError) {
        guard let storage = LibUVAddress.numeric(host, port: port) else {
            throw NetworkError(
                "\(action): '\(host)' is no address; write an address of this machine", code: EINVAL)
        }
        var status = open(on: uv, family: UInt32(storage.ss_family))
        guard status == 0 else { throw NetworkError(uv: status, action) }
        if sharesPort {
            var descriptor: uv_os_fd_t = -1
            var on: Int32 = 1
            if uv_fileno(handle, &descriptor) == 0 {
                setsockopt(descriptor, SOL_SOCKET, SO_REUSEPORT, &on, socklen_t(MemoryLayout<Int32>.size))
            }
        }
        status = LibUVAddress.withPointer(storage) { uv_tcp_bind(tcp, $0, 0) }
        if status != 0 { try fail(status, action) }
    }

    func listen(_ backlog: Int32, _ action: String) throws(NetworkError) {
        let status = uv_listen(stream, backlog) { stream, status in
            guard status == 0 else { return }
            LibUVHandleOwner.of(stream, as: LibUVListener.self)?.takeConnection()
        }
        if status != 0 { try fail(status, action) }
        noteAddress()
    }

    private func fail(_ status: Int32, _ action: String) throws(NetworkError) {
        closeHandle()
        var error = NetworkError(uv: status, action)
        if -status == EADDRINUSE {
            error = NetworkError(
                "\(error); stop the process that has it, or choose another", code: EADDRINUSE)
        }
        throw error
    }

    private func noteAddress() {
        guard case .host(let host, _) = address else { return }
        var storage = sockaddr_storage()
        var length = Int32(MemoryLayout<sockaddr_storage>.size)
        let status = withUnsafeMutablePointer(to: &storage) {
            $0.withMemoryRebound(to: sockaddr.self, capacity: 1) { uv_tcp_getsockname(tcp, $0, &length) }
        }
        if status == 0 { address = .host(host, port: LibUVAddress.port(storage)) }
    }

    private func takeConnection() {
        let connection = LibUVStream(isPipe: isPipe)
        guard connection.open(on: uv) == 0 else { return }
        guard uv_accept(stream, connection.stream) == 0 else { return connection.close() }
        connection.notePeer()
        accept(connection)
    }

    func close() {
        closeHandle()
        if case .unix(let path) = address { unlink(path) }
    }

    /// Whether somebody answers on the Unix socket.
    private static func isAlive(_ path: String) -> Bool {
        let descriptor = socket(AF_UNIX, Int32(SOCK_STREAM.rawValue), 0)
        guard descriptor >= 0 else { return false }
        defer { Glibc.close(descriptor) }
        var address = sockaddr_un()
        address.sun_family = sa_family_t(AF_UNIX)
        withUnsafeMutableBytes(of: &address.sun_path) { $0.copyBytes(from: path.utf8.prefix($0.count - 1)) }
        return withUnsafePointer(to: &address) {
            $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                Glibc.connect(descriptor, $0, socklen_t(MemoryLayout<sockaddr_un>.size)) == 0
            }
        }
    }
}
