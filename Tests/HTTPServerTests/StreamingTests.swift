import ModuleKit
import RuntimeTesting
import Testing

@testable import HTTPServer

private func get(_ target: String, _ version: String = "1.1") -> String {
    "GET \(target) HTTP/\(version)\r\nHost: x\r\n\r\n"
}
private let second: UInt64 = 1_000_000_000

extension HTTPResponse {
    fileprivate static func streamed(_ body: HTTPBodyStream, type: String = "text/html") -> HTTPResponse {
        HTTPResponse(
            HTTPContent(status: 200, fields: [("Content-Type", type)], hasLength: false), stream: body)
    }
}

/// What chunks hold, and whether the last one came.
private func unchunked(_ text: String) -> (body: String, isWhole: Bool) {
    var decoder = ChunkDecoder()
    var body: [UInt8] = []
    let start = text.firstRange(of: "\r\n\r\n").map { text[$0.upperBound...] } ?? ""
    let result = Array(start.utf8).withUnsafeBytes { raw in
        decoder.decode(raw, limit: 1 << 30) { body.append(contentsOf: $0) }
    }
    return (String(decoding: body, as: UTF8.self), result.outcome == .complete)
}

@Suite struct StreamingTests {
    @Test func writesPiecesAsTheyCome() throws {
        let test = try TestServer()
        let body = HTTPBodyStream()
        test.handler.respond = {
            $0.target == "/s" ? .streamed(body) : HTTPResponse(type: "a/b", body: HTTPBody("next"))
        }
        let client = test.connect()
        client.send(get("/s") + get("/n"))
        #expect(
            client.text.contains("\r\nTransfer-Encoding: chunked\r\n") && client.text.hasSuffix("\r\n\r\n"))
        body.write(HTTPBody("hello"))
        test.world.runReady()
        #expect(client.text.hasSuffix("\r\n\r\n5\r\nhello\r\n"))
        body.write(HTTPBody(" world"))
        body.write(HTTPBody(String(repeating: "x", count: 10_000)))
        body.finish()
        test.world.runReady()
        #expect(client.text.contains("\r\n6\r\n world\r\n2710\r\nxxx"))
        #expect(client.text.contains("x\r\n0\r\n\r\nHTTP/1.1 200 OK\r\n") && client.text.hasSuffix("next"))
        #expect(!client.isEnded)
    }

    @Test func endsTheConnectionForTheOldVersion() throws {
        let test = try TestServer()
        let body = HTTPBodyStream()
        test.handler.respond = { _ in .streamed(body) }
        let client = test.connect()
        client.send("GET /s HTTP/1.0\r\nConnection: keep-alive\r\n\r\n")
        body.write(HTTPBody("all of it"))
        body.finish()
        test.world.runReady()
        #expect(!client.text.contains("chunked") && client.text.contains("\r\nConnection: close\r\n"))
        #expect(client.text.hasSuffix("\r\n\r\nall of it") && client.sawEnd)
    }

    @Test func headOfAStreamCancelsIt() throws {
        let test = try TestServer()
        let body = HTTPBodyStream()
        test.handler.respond = { _ in .streamed(body) }
        let text = test.exchange("HEAD /s HTTP/1.1\r\nHost: x\r\n\r\n")
        #expect(text.hasSuffix("\r\n\r\n") && text.contains("chunked") && !body.isOpen)
    }

    @Test(arguments: ["1.1", "1.0"]) func aBodyThatFailsIsSeenToBeCut(_ version: String) throws {
        let test = try TestServer()
        let body = HTTPBodyStream()
        test.handler.respond = { _ in .streamed(body) }
        let client = test.connect()
        client.send(get("/s", version))
        body.write(HTTPBody("half"))
        test.world.runReady()
        body.fail()
        test.world.runReady()
        #expect(client.text.contains("half") && client.isEnded)
        #expect(version == "1.0" ? client.sawReset : !unchunked(client.text).isWhole)
    }

    @Test func cancelsWhenTheClientIsGone() throws {
        let test = try TestServer()
        let (body, other) = (HTTPBodyStream(), HTTPBodyStream())
        var cancelled = 0
        nonisolated(unsafe) let count: () -> Void = { cancelled += 1 }
        body.onCancel { count() }
        test.handler.respond = { $0.target == "/s" ? .streamed(body) : .streamed(other) }
        let client = test.connect()
        client.send(get("/s") + get("/waits"))
        body.write(HTTPBody("a"))
        test.world.runReady()
        client.reset()
        #expect(cancelled == 1 && !body.isOpen && !other.isOpen)
        #expect(!body.write(HTTPBody("b")))
        #expect(test.server.exchangeCount == 0 && test.server.connectionCount == 0)
    }

    @Test func eventStreamsEndWithTheClientsAndWithTheServer() throws {
        let test = try TestServer()
        var streams: [HTTPBodyStream] = []
        test.handler.respond = { _ in
            streams.append(HTTPBodyStream())
            return .streamed(streams[streams.count - 1], type: "text/event-stream")
        }
        let (gone, stays) = (test.connect(), test.connect())
        gone.send(get("/s"))
        stays.send(get("/s"))
        gone.endSending()
        #expect(!streams[0].isOpen && streams[1].isOpen)
        var isDone = false
        test.loop.withCurrent { test.server.drain { isDone = true } }
        test.world.runReady()
        #expect(!streams[1].isOpen && unchunked(stays.text).isWhole && stays.sawEnd && isDone)
    }

    @Test func producersFeelSlowReaders() throws {
        let test = try TestServer()
        let body = HTTPBodyStream(limit: 100_000)
        test.handler.respond = { _ in .streamed(body) }
        let client = test.connect(window: 10_000)
        client.pause()
        client.send(get("/s"))
        var written = 0
        while body.isWritable && written < 10_000_000 {
            body.write(HTTPBody(String(repeating: "a", count: 20_000)))
            written += 20_000
            test.world.runReady()
        }
        // What the client's window, the queue and the stream may hold.
        #expect(written < 500_000)
        var writable = false
        nonisolated(unsafe) let note: () -> Void = { writable = true }
        body.onWritable { note() }
        client.resume()
        #expect(writable && body.isWritable)
        body.finish()
        test.world.runReady()
        #expect(unchunked(client.text) == (String(repeating: "a", count: written), true))
    }

    @Test func slowReadersAreCut() throws {
        let test = try TestServer {
            $0.writeTime = 5 * second
            $0.writeProgress = 50_000
        }
        test.handler.respond = { _ in
            HTTPResponse(type: "a/b", body: HTTPBody(String(repeating: "a", count: 3_000_000)))
        }
        let (slow, quick) = (test.connect(window: 10_000), test.connect(window: 10_000))
        slow.pause()
        slow.send(get("/a"))
        quick.send(get("/a"))
        for _ in 0..<8 {
            test.world.run(for: second)
        }
        #expect(slow.sawReset || slow.isClosed || test.server.connectionCount == 1)
        #expect(test.server.counters.refused(.slowReader).value == 1)
        #expect(quick.received.count > 3_000_000 && !quick.isEnded)
    }

    @Test func largeBodiesAreQueuedInSlices() throws {
        let test = try TestServer { $0.queuedBytes = 64 << 10 }
        let bytes = (0..<600_000).map { UInt8(truncatingIfNeeded: $0 &* 31 >> 3) }
        let body = HTTPBody(bytes)
        test.handler.respond = { _ in HTTPResponse(type: "a/b", body: body) }
        let client = test.connect(window: 100_000)
        client.pause()
        client.send(String(repeating: get("/a"), count: 5))
        // The client reads nothing: one slice is queued, not five bodies.
        #expect(test.server.counters.bytesOut.value < 400_000)
        client.resume()
        #expect(ResponseReader.bodies(client.received) == Array(repeating: bytes, count: 5))
        #expect(test.server.exchangeCount == 0 && test.server.slow.allSatisfy { !$0.isSlow })
    }

    /// Answers of all sizes, given in any order, to clients who read at any pace: each comes whole, in
    /// its turn.
    @Test(arguments: [UInt64.random(in: 0..<1_000_000), 5])
    func answersComeWholeAndInOrder(_ seed: UInt64) throws {
        var random = Random(seed: seed)
        let test = try TestServer()
        test.handler.respond = { _ in nil }
        for round in 0..<20 {
            test.handler.waiting = []
            let client = test.connect(window: 1 + random.below(200_000))
            let count = 1 + random.below(30)
            client.send((0..<count).map { get("/\($0)") }.joined())
            var open = Array(0..<count)
            var expected: [Int: [UInt8]] = [:]
            while !open.isEmpty {
                let index = open.remove(at: random.below(open.count))
                let size = [0, 1, 4_096, 4_097, 100_000, 262_145, 600_000][random.below(7)]
                expected[index] = [UInt8](repeating: UInt8(97 + index % 26), count: size)
                if random.chance(0.3) {
                    let stream = HTTPBodyStream(limit: 1 << 20)
                    test.respond(index, .streamed(stream))
                    for piece in stride(from: 0, to: size, by: 50_000) {
                        stream.write(HTTPBody(expected[index]?[piece..<min(size, piece + 50_000)] ?? []))
                        test.world.runReady()
                    }
                    stream.finish()
                    test.world.runReady()
                } else {
                    test.respond(index, HTTPResponse(type: "a/b", body: HTTPBody(expected[index] ?? [])))
                }
                if random.chance(0.2) { client.pause() }
                if random.chance(0.4) { client.resume() }
            }
            client.resume()
            let got = ResponseReader.bodies(client.received)
            #expect(got.count == count, "seed \(seed), round \(round)")
            for (index, body) in got.enumerated() {
                #expect(body == expected[index], "seed \(seed), round \(round), answer \(index)")
            }
            client.close()
        }
        #expect(test.server.exchangeCount == 0)
    }
}

/// Takes what a client received apart.
enum ResponseReader {
    static func bodies(_ bytes: [UInt8]) -> [[UInt8]] {
        var result: [[UInt8]] = []
        var rest = bytes[...]
        while let end = rest.firstRange(of: Array("\r\n\r\n".utf8)) {
            let head = String(decoding: rest[..<end.lowerBound], as: UTF8.self).lowercased()
            rest = rest[end.upperBound...]
            if let length = head.firstRange(of: "content-length: ") {
                let count = Int(head[length.upperBound...].prefix { $0.isNumber }) ?? 0
                guard rest.count >= count else { return result }
                result.append(Array(rest.prefix(count)))
                rest = rest.dropFirst(count)
            } else {
                var decoder = ChunkDecoder()
                var body: [UInt8] = []
                let decoded = rest.withUnsafeBytes { raw in
                    decoder.decode(raw, limit: 1 << 30) { body.append(contentsOf: $0) }
                }
                guard decoded.outcome == .complete else { return result }
                result.append(body)
                rest = rest.dropFirst(decoded.used)
            }
        }
        return result
    }
}
