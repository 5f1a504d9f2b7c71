import EventLoop
import Glibc
import ModuleKit
import Testing

@testable import HTTPServer

/// Answers on the server's loop: at once, later, or in pieces, as the target says.
private final class SocketHandler: HTTPRequestHandler, @unchecked Sendable {
    unowned(unsafe) let server: HTTPServer
    var streams: [HTTPBodyStream] = []

    init(_ server: HTTPServer) { self.server = server }

    func handle(_ request: consuming HTTPRequest, _ exchange: HTTPExchange) {
        let target = request.targetText
        if target.hasPrefix("/later/") {
            let text = target
            server.loop.after(UInt64(text.utf8.count % 5) * 1_000_000) { [server] in
                server.respond(to: exchange, HTTPResponse(type: "a/b", body: HTTPBody(text)))
            }
        } else if target.hasPrefix("/large/") {
            let count = Int(target.dropFirst(7)) ?? 0
            server.respond(
                to: exchange, HTTPResponse(type: "a/b", body: HTTPBody(Array(repeating: 97, count: count))))
        } else if target == "/stream" {
            let stream = HTTPBodyStream()
            streams.append(stream)
            server.respond(
                to: exchange, HTTPResponse(HTTPContent(status: 200, hasLength: false), stream: stream))
            for number in 0..<10 {
                server.loop.after(UInt64(number) * 1_000_000) {
                    stream.write(HTTPBody("piece \(number);"))
                    if number == 9 { stream.finish() }
                }
            }
        } else if let body = request.body {
            server.respond(to: exchange, HTTPResponse(type: "a/b", body: body))
        } else {
            server.respond(to: exchange, HTTPResponse(type: "a/b", body: HTTPBody(target)))
        }
    }
}

/// A server on a thread of its own, behind a real socket.
private final class SocketServer {
    let thread: LoopThread
    let server: HTTPServer
    private let handler: SocketHandler
    private let network = LibUVNetwork()
    let port: UInt16

    init(_ change: (inout HTTPServerLimits) -> Void = { _ in }) throws {
        var limits = HTTPServerLimits()
        change(&limits)
        thread = try LoopThread(index: 0)
        server = HTTPServer(on: thread.loop, limits: limits)
        handler = SocketHandler(server)
        server.handler = handler
        let address = try thread.loop.withCurrent { [server, network] in
            try server.listen(.host("127.0.0.1", port: 0), via: network)
        }
        guard case .host(_, let port) = address else { throw NetworkError("no port", code: EINVAL) }
        self.port = port
        try thread.start()
    }
    deinit {
        let server = server
        thread.loop.execute { server.close() }
        thread.stop()
    }
    /// Waits, for a bounded time, until something that the server's thread counts is so.
    func waits(_ condition: () -> Bool) -> Bool {
        for _ in 0..<2_000 {
            if condition() { return true }
            usleep(1_000)
        }
        return condition()
    }
}

/// A client with a blocking socket.
private final class Socket {
    private let descriptor: Int32

    init(_ port: UInt16, receiveBuffer: Int32 = 0) throws {
        descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_port = port.bigEndian
        address.sin_addr.s_addr = inet_addr("127.0.0.1")
        var timeout = timeval(tv_sec: 10, tv_usec: 0)
        setsockopt(descriptor, SOL_SOCKET, SO_RCVTIMEO, &timeout, socklen_t(MemoryLayout<timeval>.size))
        if receiveBuffer > 0 {
            var size = receiveBuffer
            setsockopt(descriptor, SOL_SOCKET, SO_RCVBUF, &size, socklen_t(MemoryLayout<Int32>.size))
        }
        var on: Int32 = 1
        setsockopt(descriptor, Int32(IPPROTO_TCP), TCP_NODELAY, &on, socklen_t(MemoryLayout<Int32>.size))
        let status = withUnsafePointer(to: &address) {
            $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                Glibc.connect(descriptor, $0, socklen_t(MemoryLayout<sockaddr_in>.size))
            }
        }
        guard status == 0 else { throw NetworkError("cannot connect", code: errno) }
    }
    deinit { close(descriptor) }

    func send(_ text: String) { send(Array(text.utf8)) }
    func send(_ bytes: [UInt8]) {
        var start = 0
        while start < bytes.count {
            let count = bytes[start...].withUnsafeBytes {
                Glibc.send(descriptor, $0.baseAddress, $0.count, Int32(truncatingIfNeeded: MSG_NOSIGNAL))
            }
            guard count > 0 else { return }
            start += count
        }
    }
    func endSending() { shutdown(descriptor, Int32(SHUT_WR)) }
    /// Closes with a reset.
    func reset() {
        var option = linger(l_onoff: 1, l_linger: 0)
        setsockopt(descriptor, SOL_SOCKET, SO_LINGER, &option, socklen_t(MemoryLayout<linger>.size))
    }
    /// What comes until the end, or until there are so many answers.
    func read(answers: Int = .max) -> [UInt8] {
        var all: [UInt8] = []
        var buffer = [UInt8](repeating: 0, count: 65_536)
        while answers == .max || ResponseReader.bodies(all).count < answers {
            let count = recv(descriptor, &buffer, buffer.count, 0)
            guard count > 0 else { break }
            all += buffer[..<count]
        }
        return all
    }
    func texts(_ answers: Int) -> [String] {
        ResponseReader.bodies(read(answers: answers)).map { String(decoding: $0, as: UTF8.self) }
    }
}

private func get(_ target: String, _ fields: String = "") -> String {
    "GET \(target) HTTP/1.1\r\nHost: x\r\n\(fields)\r\n"
}

@Suite(.serialized, .timeLimit(.minutes(2))) struct SocketTests {
    @Test func answersThreeThousandPipelinedRequestsInOrder() throws {
        let server = try SocketServer()
        let socket = try Socket(server.port)
        let targets = (0..<3_000).map { $0 % 7 == 0 ? "/later/\($0)" : "/\($0)" }
        let bytes =
            Array(targets.map { get($0) }.joined().utf8) + Array(get("/last", "Connection: close\r\n").utf8)
        let sender = Thread { socket.send(bytes) }
        let got = ResponseReader.bodies(socket.read()).map { String(decoding: $0, as: UTF8.self) }
        sender.join()
        #expect(got == targets + ["/last"])
    }

    @Test func readsHeadsAndBodiesByteByByte() throws {
        let server = try SocketServer()
        let socket = try Socket(server.port)
        let requests =
            get("/a") + "POST /b HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\n\r\nhello"
            + "POST /c HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n2;x\r\nde\r\n0\r\n\r\n"
        for byte in requests.utf8 { socket.send([byte]) }
        #expect(socket.texts(3) == ["/a", "hello", "abcde"])
    }

    @Test(arguments: [
        "GET / HTTP/1.1\n\n", "GET / HTTP/1.1\r\n\r\n", "GET /\r\n\r\n", "\0",
        "GET / HTTP/1.1\r\nHost : x\r\n\r\n",
        "GET / HTTP/1.1\r\nHost: x\r\n a\r\n\r\n", "GET / HTTP/1.1\r\nHost: x\r\nHost: y\r\n\r\n",
        "POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
        "POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nab",
        "POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n",
        "POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n1\nA\r\n",
        "G T / HTTP/1.1\r\nHost: x\r\n\r\n", "GET /\u{1} HTTP/1.1\r\nHost: x\r\n\r\n",
        "GET / HTTP/x.1\r\nHost: x\r\n\r\n",
    ])
    func answersBadRequestsAndCloses(_ text: String) throws {
        let server = try SocketServer()
        let socket = try Socket(server.port)
        socket.send(get("/first") + text + get("/evil"))
        let answer = String(decoding: socket.read(), as: UTF8.self)
        #expect(answer.hasPrefix("HTTP/1.1 200 OK\r\n"))
        #expect(answer.contains("HTTP/1.1 400 Bad Request\r\n") && !answer.contains("/evil"))
    }

    @Test(arguments: [
        (501, "BREW\u{0} / HTTP/1.1\r\n", 400), (505, "GET / HTTP/2.0\r\nHost: x\r\n\r\n", 505),
        (414, "GET /" + String(repeating: "a", count: 5_000) + " HTTP/1.1\r\nHost: x\r\n\r\n", 414),
        (431, "GET / HTTP/1.1\r\nHost: x\r\nA: " + String(repeating: "a", count: 9_000) + "\r\n\r\n", 431),
        (
            413,
            "POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 2000000\r\n\r\n"
                + String(repeating: "a", count: 400_000), 413
        ),
        (501, "POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: gzip\r\n\r\n", 501),
    ])
    func clientsSeeWhyTheyAreRefused(_ name: Int, _ text: String, _ status: Int) throws {
        let server = try SocketServer()
        let socket = try Socket(server.port)
        // All of it is sent before the answer is read: a reset would lose it.
        socket.send(text)
        #expect(String(decoding: socket.read(), as: UTF8.self).hasPrefix("HTTP/1.1 \(status) "))
    }

    @Test func survivesAbruptClients() throws {
        let server = try SocketServer()
        for round in 0..<1_000 {
            let socket = try Socket(server.port)
            switch round % 5 {
            case 0: socket.send(get("/later/\(round)"))
            case 1: socket.send("GET /half HTT")
            case 2: socket.send(get("/large/500000"))
            case 3:
                socket.send(get("/stream"))
                socket.reset()
            default:
                socket.send(get("/later/xy") + get("/b"))
                socket.endSending()
                #expect(socket.texts(2) == ["/later/xy", "/b"])
            }
        }
        #expect(server.waits { server.server.counters.active == 0 })
        let socket = try Socket(server.port)
        socket.send(get("/alive"))
        #expect(socket.texts(1) == ["/alive"])
    }

    @Test func streamsToThoseWhoRead() throws {
        let server = try SocketServer()
        let socket = try Socket(server.port)
        socket.send(get("/stream") + get("/next"))
        let pieces = (0..<10).map { "piece \($0);" }.joined()
        #expect(socket.texts(2) == [pieces, "/next"])
        let old = try Socket(server.port)
        old.send("GET /stream HTTP/1.0\r\n\r\n")
        #expect(String(decoding: old.read(), as: UTF8.self).hasSuffix("\r\n\r\n" + pieces))
    }

    @Test func largeAnswersArriveWholeAtSlowReaders() throws {
        let server = try SocketServer()
        let socket = try Socket(server.port, receiveBuffer: 8_192)
        socket.send(get("/large/3000000") + get("/after", "Connection: close\r\n"))
        let bodies = ResponseReader.bodies(socket.read())
        #expect(bodies.map(\.count) == [3_000_000, 6])
    }

    @Test func cutsThoseWhoDoNotRead() throws {
        let server = try SocketServer {
            $0.writeTime = 300_000_000
            $0.writeProgress = 1 << 20
        }
        let socket = try Socket(server.port, receiveBuffer: 8_192)
        socket.send(get("/large/20000000"))
        #expect(server.waits { server.server.counters.refused(.slowReader).value == 1 })
        #expect(server.waits { server.server.counters.active == 0 })
    }

    @Test func timesOutSlowHeads() throws {
        let server = try SocketServer { $0.headTime = 200_000_000 }
        let socket = try Socket(server.port)
        socket.send("GET / HTTP/1.1\r\nHos")
        #expect(String(decoding: socket.read(), as: UTF8.self).hasPrefix("HTTP/1.1 408 "))
    }
}

/// A thread of the test's own.
private final class Thread {
    private var thread = pthread_t()
    private let body: () -> Void

    init(_ body: @escaping () -> Void) {
        self.body = body
        let context = Unmanaged.passRetained(self).toOpaque()
        pthread_create(
            &thread, nil,
            { context in
                guard let context else { return nil }
                Unmanaged<Thread>.fromOpaque(context).takeRetainedValue().body()
                return nil
            }, context)
    }
    func join() { pthread_join(thread, nil) }
}
