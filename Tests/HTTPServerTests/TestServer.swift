import ModuleKit
import RuntimeTesting

@testable import HTTPServer

/// Answers requests as the test says, at once or later.
final class TestHandler: HTTPRequestHandler {
    struct Seen {
        let method: HTTPMethod
        let target: String
        let host: String
        let fields: [(name: String, value: String)]
        let body: [UInt8]?
    }
    weak var server: HTTPServer?
    var seen: [Seen] = []
    var waiting: [(exchange: HTTPExchange, request: HTTPRequest?)] = []
    var refused: [Int] = []
    var keepsRequests = false
    /// Nil leaves the request waiting.
    var respond: (Seen) -> HTTPResponse? = { seen in
        HTTPResponse(type: "text/plain", body: HTTPBody("you asked for \(seen.target)"))
    }

    func handle(_ request: consuming HTTPRequest, _ exchange: HTTPExchange) {
        let fields = (0..<Int(request.fieldCount)).map { index in
            let field = request.field(at: index)
            return (name: request.text(field.name), value: request.text(field.value))
        }
        let one = Seen(
            method: request.method, target: request.targetText, host: request.hostText, fields: fields,
            body: request.body.map { Array($0.bytes) })
        seen.append(one)
        if let response = respond(one) {
            server?.respond(to: exchange, response)
        } else {
            waiting.append((exchange, keepsRequests ? request : nil))
        }
    }
    func refused(_ status: Int, peerAddress: String) { refused.append(status) }
}

/// A server in virtual time, with clients in memory.
final class TestServer {
    let world = VirtualWorld()
    let network = MemoryNetwork()
    let loop: Loop
    let handler = TestHandler()
    let server: HTTPServer
    private(set) var address = SocketAddress.host("127.0.0.1", port: 0)
    /// Bytes that the next clients hold unread before more is queued.
    var window = 1 << 20

    init(_ change: (inout HTTPServerLimits) -> Void = { _ in }) throws {
        var limits = HTTPServerLimits()
        change(&limits)
        loop = world.makeLoop(index: 0)
        server = HTTPServer(on: loop, limits: limits)
        server.handler = handler
        handler.server = server
        try loop.withCurrent {
            let listener = try network.listen(address, on: loop, options: ListenOptions()) {
                [weak self] stream in
                guard let self else { return stream.close() }
                (stream as? MemoryStream)?.window = self.window
                self.server.accept(stream)
            }
            address = listener.address
        }
    }
    deinit {
        loop.withCurrent { server.close() }
        world.runReady()
    }

    func connect(window: Int = 1 << 20) -> TestClient {
        self.window = window
        let client = TestClient(self)
        loop.withCurrent {
            network.connect(to: address, on: loop) { result in
                guard case .success(let stream) = result else { return }
                client.begin(stream)
            }
        }
        world.runReady()
        return client
    }
    /// Sends all of it on one connection and answers what came back.
    func exchange(_ text: String) -> String {
        let client = connect()
        client.send(text)
        return client.text
    }
    func respond(_ index: Int, _ response: HTTPResponse) {
        loop.withCurrent { server.respond(to: handler.waiting[index].exchange, response) }
        world.runReady()
    }
}

/// A client that sends bytes as they are.
final class TestClient: StreamHandler {
    private let server: TestServer
    private(set) var stream: (any ByteStream)?
    private let room = UnsafeMutableRawBufferPointer.allocate(byteCount: 4096, alignment: 16)
    private(set) var received: [UInt8] = []
    private(set) var sawEnd = false
    private(set) var sawReset = false
    private(set) var isClosed = false

    init(_ server: TestServer) { self.server = server }
    deinit { room.deallocate() }

    func begin(_ stream: any ByteStream) {
        self.stream = stream
        stream.start(self)
    }
    var text: String { String(decoding: received, as: UTF8.self) }
    /// The connection was closed by the server, in whatever way.
    var isEnded: Bool { sawEnd || sawReset || isClosed }

    func send(_ text: String) { send(Array(text.utf8)) }
    func send(_ bytes: [UInt8]) {
        queue(bytes)
        server.world.runReady()
    }
    /// Sends without giving the server a turn.
    func queue(_ bytes: [UInt8]) {
        server.loop.withCurrent {
            var copy = bytes
            copy.withUnsafeMutableBytes { raw in
                var buffer = IOBuffer(base: raw.baseAddress, count: raw.count)
                stream?.write(&buffer, 1)
            }
        }
    }
    func close() {
        server.loop.withCurrent { stream?.close() }
        server.world.runReady()
    }
    func reset() {
        server.loop.withCurrent { stream?.reset() }
        server.world.runReady()
    }
    func endSending() {
        server.loop.withCurrent { stream?.shutdownWriting() }
        server.world.runReady()
    }
    func pause() { server.loop.withCurrent { stream?.pauseReading() } }
    func resume() {
        server.loop.withCurrent { stream?.resumeReading() }
        server.world.runReady()
    }
    func clear() { received = [] }

    func streamBuffer(_ stream: any ByteStream) -> UnsafeMutableRawBufferPointer { room }
    func stream(_ stream: any ByteStream, didRead count: Int) {
        received.append(contentsOf: room.prefix(count))
    }
    func stream(_ stream: any ByteStream, didEnd error: NetworkError?) {
        if error == nil { sawEnd = true } else { sawReset = true }
    }
    func streamDidDrain(_ stream: any ByteStream) {}
    func streamDidClose(_ stream: any ByteStream) { isClosed = true }
}
