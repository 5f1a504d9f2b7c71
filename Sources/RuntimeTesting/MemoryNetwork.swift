import Glibc
import ModuleKit

/// Sockets in memory, between the loops of one virtual world.
public final class MemoryNetwork: Network, @unchecked Sendable {
    private var listeners: [MemoryListener] = []
    private var nextPort: UInt16 = 40_000

    public init() {}

    /// Listens in memory; an address that is taken is an error.
    public func listen(
        _ address: SocketAddress, on loop: Loop, options: ListenOptions,
        accept: @escaping (any ByteStream) -> Void
    ) throws(NetworkError) -> any Listener {
        var taken = address
        if case .host(let host, 0) = address {
            nextPort += 1
            taken = .host(host, port: nextPort)
        }
        guard !listeners.contains(where: { $0.address == taken }) else {
            throw NetworkError("cannot listen on \(taken): address already in use", code: EADDRINUSE)
        }
        let listener = MemoryListener(taken, loop, accept) { [unowned self] closed in
            listeners.removeAll { $0 === closed }
        }
        listeners.append(listener)
        return listener
    }

    /// Connects to a listener in memory; `then` is called later, once.
    public func connect(
        to address: SocketAddress, on loop: Loop,
        then: @escaping (Result<any ByteStream, NetworkError>) -> Void
    ) {
        guard let listener = listeners.first(where: { $0.address == address }) else {
            loop.after(0) {
                then(.failure(NetworkError("cannot connect to \(address): refused", code: ECONNREFUSED)))
            }
            return
        }
        let near = MemoryStream(on: loop)
        let far = MemoryStream(on: listener.loop)
        near.connect(far)
        let accept = UncheckedBox(value: { listener.accept(far) })
        listener.loop.execute { accept.value() }
        loop.after(0) { then(.success(near)) }
    }
}

/// Carries something between loops of one thread.
struct UncheckedBox<Value>: @unchecked Sendable {
    let value: Value
}

final class MemoryListener: Listener {
    let address: SocketAddress
    let loop: Loop
    let accept: (any ByteStream) -> Void
    private let closed: (MemoryListener) -> Void

    init(
        _ address: SocketAddress, _ loop: Loop, _ accept: @escaping (any ByteStream) -> Void,
        _ closed: @escaping (MemoryListener) -> Void
    ) {
        self.address = address
        self.loop = loop
        self.accept = accept
        self.closed = closed
    }
    func close() { closed(self) }
}

/// One end of a connection in memory: what one writes arrives at the other in a later turn.
public final class MemoryStream: ByteStream, @unchecked Sendable {
    private let loop: Loop
    private weak var peer: MemoryStream?
    private var handler: (any StreamHandler)?
    private var isReading = false
    private var arrived: [UInt8] = []
    private var ending: NetworkError??
    private var isScheduled = false
    /// Whether it was closed.
    public private(set) var isClosing = false
    /// Bytes that the other end has not taken yet.
    public private(set) var queuedBytes = 0
    /// As the test said.
    public let peerAddress = "127.0.0.1"
    /// Bytes that the peer holds unread before writes are queued.
    public var window = 1 << 20

    public init(on loop: Loop) {
        self.loop = loop
    }
    /// Joins two ends.
    public func connect(_ other: MemoryStream) {
        peer = other
        other.peer = self
        keepAlive = other
        other.keepAlive = self
    }
    private var keepAlive: MemoryStream?
    private var waiting: [UInt8] = []

    /// Begins to read.
    public func start(_ handler: any StreamHandler) {
        self.handler = handler
        resumeReading()
    }
    /// Reads nothing until `resumeReading`.
    public func pauseReading() { isReading = false }
    /// Goes on reading.
    public func resumeReading() {
        guard !isClosing, handler != nil else { return }
        isReading = true
        deliverLater()
    }

    private func deliverLater() {
        guard !isScheduled else { return }
        isScheduled = true
        let box = UncheckedBox(value: self)
        loop.execute { box.value.deliver() }
    }

    private func deliver() {
        isScheduled = false
        while isReading, !isClosing, !arrived.isEmpty, let handler {
            let room = handler.streamBuffer(self)
            guard room.count > 0 else { return pauseReading() }
            let count = min(room.count, arrived.count)
            room.copyBytes(from: arrived.prefix(count))
            arrived.removeFirst(count)
            handler.stream(self, didRead: count)
        }
        if arrived.isEmpty, isReading, !isClosing, let ending {
            self.ending = nil
            isReading = false
            handler?.stream(self, didEnd: ending)
        }
        peer?.pumpLater()
    }

    private func pumpLater() {
        guard !waiting.isEmpty else { return }
        let box = UncheckedBox(value: self)
        loop.execute { box.value.pump() }
    }
    private func pump() {
        guard let peer, !isClosing, !waiting.isEmpty else { return }
        let count = min(waiting.count, max(0, window - peer.arrived.count))
        guard count > 0 else { return }
        peer.arrived.append(contentsOf: waiting.prefix(count))
        waiting.removeFirst(count)
        queuedBytes = waiting.count
        peer.deliverLater()
        if waiting.isEmpty { handler?.streamDidDrain(self) }
    }

    /// Writes what there is room for; answers how much.
    public func tryWrite(_ buffers: UnsafeMutablePointer<IOBuffer>, _ count: Int) -> Int {
        guard !isClosing, let peer, !peer.isClosing, queuedBytes == 0 else { return 0 }
        var room = max(0, window - peer.arrived.count)
        var written = 0
        for index in 0..<count where room > 0 {
            let part = min(room, buffers[index].count)
            peer.arrived.append(contentsOf: UnsafeRawBufferPointer(start: buffers[index].base, count: part))
            room -= part
            written += part
            if part < buffers[index].count { break }
        }
        if written > 0 { peer.deliverLater() }
        return written
    }

    /// Writes, and keeps what there is no room for.
    public func write(_ buffers: UnsafeMutablePointer<IOBuffer>, _ count: Int) {
        guard !isClosing else { return }
        var skip = tryWrite(buffers, count)
        for index in 0..<count {
            let length = buffers[index].count
            if skip >= length {
                skip -= length
                continue
            }
            waiting.append(
                contentsOf: UnsafeRawBufferPointer(start: buffers[index].base, count: length).dropFirst(skip))
            skip = 0
        }
        queuedBytes = waiting.count
    }

    /// The other end reads to the end.
    public func shutdownWriting() { end(with: nil) }
    /// Closes; what is on its way still arrives.
    public func close() { close(telling: nil) }
    /// Closes at once.
    public func reset() { close(telling: NetworkError("connection reset by peer", code: ECONNRESET)) }

    private func end(with error: NetworkError?) {
        guard let peer, peer.ending == nil else { return }
        if error == nil {
            peer.arrived.append(contentsOf: waiting)
            waiting = []
        }
        peer.ending = .some(error)
        peer.deliverLater()
    }
    private func close(telling error: NetworkError?) {
        guard !isClosing else { return }
        end(with: error)
        isClosing = true
        isReading = false
        keepAlive = nil
        let box = UncheckedBox(value: self)
        loop.execute {
            let last = box.value.handler
            box.value.handler = nil
            last?.streamDidClose(box.value)
        }
    }
}
