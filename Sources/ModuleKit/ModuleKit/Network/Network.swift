/// Where a socket listens or connects to.
public enum SocketAddress: Sendable, Hashable, CustomStringConvertible {
    /// A host name or address, and a port; port 0 lets the system choose.
    case host(String, port: UInt16)
    /// A Unix socket.
    case unix(path: String)

    /// Reads `host:port`, `[v6]:port`, `:port` (all addresses) or `unix:/path`; nil if it is none.
    public init?(_ text: String) {
        if text.hasPrefix("unix:") {
            let path = String(text.dropFirst(5))
            guard !path.isEmpty, path.utf8.count < 108 else { return nil }
            self = .unix(path: path)
            return
        }
        guard let colon = text.lastIndex(of: ":"), let port = UInt16(text[text.index(after: colon)...]) else {
            return nil
        }
        var host = String(text[..<colon])
        if host.hasPrefix("[") && host.hasSuffix("]") {
            host = String(host.dropFirst().dropLast())
        } else if host.contains(":") {
            return nil
        }
        self = .host(host.isEmpty ? "0.0.0.0" : host, port: port)
    }
    public var description: String {
        switch self {
        case .host(let host, let port): host.contains(":") ? "[\(host)]:\(port)" : "\(host):\(port)"
        case .unix(let path): "unix:\(path)"
        }
    }
    /// Whether only this machine can reach it.
    public var isLoopback: Bool {
        switch self {
        case .host(let host, _): host == "localhost" || host == "::1" || host.hasPrefix("127.")
        case .unix: true
        }
    }
}

/// What went wrong with a socket.
public struct NetworkError: Error, Sendable, CustomStringConvertible {
    /// Names the address, the reason and what to do.
    public let description: String
    /// As in `errno.h`, positive.
    public let code: Int32

    public init(_ description: String, code: Int32) {
        self.description = description
        self.code = code
    }
}

/// A piece of memory to write; laid out as `struct iovec`.
@frozen public struct IOBuffer {
    /// Where it begins.
    public var base: UnsafeMutableRawPointer?
    /// Bytes.
    public var count: Int

    @inlinable public init(base: UnsafeMutableRawPointer?, count: Int) {
        self.base = base
        self.count = count
    }
}

/// What becomes of a stream, told to its owner on the loop.
public protocol StreamHandler: AnyObject {
    /// Where the next bytes are to be put; an empty buffer pauses reading.
    func streamBuffer(_ stream: any ByteStream) -> UnsafeMutableRawBufferPointer
    /// Bytes were put into the buffer that was given last.
    func stream(_ stream: any ByteStream, didRead count: Int)
    /// The peer sends no more (nil), or the connection broke.
    func stream(_ stream: any ByteStream, didEnd error: NetworkError?)
    /// Everything that was queued has been written.
    func streamDidDrain(_ stream: any ByteStream)
    /// The last call.
    func streamDidClose(_ stream: any ByteStream)
}

/// A connection: TCP or a Unix socket. On its loop only.
public protocol ByteStream: AnyObject {
    /// Unowned by the stream between `start` and `streamDidClose`: the stream keeps its handler alive.
    func start(_ handler: any StreamHandler)
    /// Nothing more is read until `resumeReading`.
    func pauseReading()
    /// Goes on reading.
    func resumeReading()
    /// Writes what the socket takes at once, if nothing is queued; answers how many bytes.
    func tryWrite(_ buffers: UnsafeMutablePointer<IOBuffer>, _ count: Int) -> Int
    /// Writes what the socket takes at once; keeps a copy of the rest until the socket has room.
    func write(_ buffers: UnsafeMutablePointer<IOBuffer>, _ count: Int)
    /// Bytes that wait for room in the socket.
    var queuedBytes: Int { get }
    /// Sends the end after what is queued; reading goes on.
    func shutdownWriting()
    /// Closes at once; what is queued is lost.
    func close()
    /// Closes with a reset, so that the peer does not take a cut answer for a whole one.
    func reset()
    /// The other end's address without its port; empty for Unix sockets.
    var peerAddress: String { get }
    /// Whether it was closed; nothing can be written any more.
    var isClosing: Bool { get }
}

/// A socket that accepts connections. On its loop only.
public protocol Listener: AnyObject {
    /// With the port that was really taken.
    var address: SocketAddress { get }
    /// Stops accepting; connections go on.
    func close()
}

/// How to listen.
public struct ListenOptions: Sendable {
    /// Connections that the system keeps until they are accepted.
    public var backlog: Int32 = 1024
    /// Whether other listeners (of other loops) may share the port.
    public var sharesPort = false
    public init() {}
}

/// Sockets, as the world outside gives them. On the loop that is given.
public protocol Network: AnyObject, Sendable {
    /// Accepts connections on the loop; throws if the address cannot be taken.
    func listen(
        _ address: SocketAddress, on loop: Loop, options: ListenOptions,
        accept: @escaping (any ByteStream) -> Void
    ) throws(NetworkError) -> any Listener
    /// Calls `then` once, later.
    func connect(
        to address: SocketAddress, on loop: Loop,
        then: @escaping (Result<any ByteStream, NetworkError>) -> Void)
}
