import ModuleKit
import RuntimeTesting
import Testing

@testable import HTTPServer

private func post(_ fields: String, _ body: String = "") -> String {
    "POST /p HTTP/1.1\r\nHost: x\r\n\(fields)\r\n\(body)"
}

@Suite struct BodyTests {
    @Test func readsSizedBodies() throws {
        let test = try TestServer()
        let text = test.exchange(
            post("Content-Length: 5\r\n", "hello") + post("Content-Length: 0\r\n") + post(""))
        #expect(test.handler.seen.map { $0.body } == [Array("hello".utf8), nil, nil])
        #expect(text.components(separatedBy: "HTTP/1.1 200 OK").count == 4)
    }

    @Test func readsChunkedBodies() throws {
        let test = try TestServer()
        let body = "5\r\nhello\r\n6; x=y\r\n world\r\n0\r\nTrailer: z\r\n\r\n"
        let fields = "Transfer-Encoding: Chunked\r\n"
        _ = test.exchange(post(fields, body) + post(fields, "0\r\n\r\n") + post("Content-Length: 1\r\n", "!"))
        #expect(
            test.handler.seen.map { $0.body } == [Array("hello world".utf8), [], Array("!".utf8)])
    }

    /// Bodies of both kinds, larger than a block, cut at random: each comes back whole.
    @Test(arguments: [UInt64.random(in: 0..<1_000_000), 3])
    func bodiesDoNotDependOnCuts(_ seed: UInt64) throws {
        var random = Random(seed: seed)
        let test = try TestServer()
        for round in 0..<30 {
            test.handler.seen = []
            var bytes: [UInt8] = []
            var bodies: [[UInt8]] = []
            for _ in 0...random.below(4) {
                let size = [0, 1, 100, 16_000, 16_384, 40_000, 100_000][random.below(7)]
                let body = (0..<size).map { _ in UInt8(truncatingIfNeeded: random.next()) }
                bodies.append(body)
                if random.chance(0.5) {
                    bytes += Array(post("Content-Length: \(size)\r\n").utf8) + body
                } else {
                    bytes += Array(post("Transfer-Encoding: chunked\r\n").utf8)
                    var start = 0
                    while start < size {
                        let count = min(size - start, 1 + random.below(20_000))
                        bytes += Array("\(String(count, radix: 16))\r\n".utf8)
                        bytes += body[start..<(start + count)] + [13, 10]
                        start += count
                    }
                    bytes += Array("0\r\n\r\n".utf8)
                }
            }
            let client = test.connect()
            var start = 0
            while start < bytes.count {
                let count = min(bytes.count - start, 1 + random.below(random.chance(0.5) ? 50 : 30_000))
                client.send(Array(bytes[start..<(start + count)]))
                start += count
            }
            let got = test.handler.seen.map { $0.body ?? [] }
            #expect(got == bodies, "seed \(seed), round \(round)")
            client.close()
        }
        #expect(test.server.bodyBytes == 0 && test.server.connectionCount == 0)
    }

    @Test func saysContinueInItsTurn() throws {
        let test = try TestServer()
        test.handler.respond = { _ in nil }
        let client = test.connect()
        client.send(
            "GET /a HTTP/1.1\r\nHost: x\r\n\r\n" + post("Expect: 100-continue\r\nContent-Length: 2\r\n"))
        #expect(client.text.isEmpty)
        test.respond(0, HTTPResponse(type: "text/plain", body: HTTPBody("a")))
        #expect(client.text.hasSuffix("\r\n\r\naHTTP/1.1 100 Continue\r\n\r\n"))
        client.clear()
        client.send("ok")
        #expect(test.handler.seen.last?.body == Array("ok".utf8))
        test.respond(1, HTTPResponse(type: "text/plain", body: HTTPBody("b")))
        #expect(client.text.hasPrefix("HTTP/1.1 200 OK"))
    }

    @Test func saysNoContinueToThoseWhoDoNotWait() throws {
        let test = try TestServer()
        let expecting = "Expect: 100-continue\r\nContent-Length: 2\r\n"
        #expect(test.exchange(post(expecting, "ok")).hasPrefix("HTTP/1.1 200 OK"))
        let old = test.exchange("POST / HTTP/1.0\r\n\(expecting)\r\nok")
        #expect(old.hasPrefix("HTTP/1.1 200 OK"))
        let large = test.exchange(post("Expect: 100-continue\r\nContent-Length: 2000000\r\n"))
        #expect(large.hasPrefix("HTTP/1.1 413 "))
    }

    @Test func limitsBodies() throws {
        let test = try TestServer { $0.bodySize = 10 }
        #expect(test.exchange(post("Content-Length: 10\r\n", "0123456789")).hasPrefix("HTTP/1.1 200 "))
        let sized = test.connect()
        sized.send(post("Content-Length: 11\r\n", "01234567890"))
        #expect(sized.text.hasPrefix("HTTP/1.1 413 Content Too Large\r\n"))
        #expect(sized.text.contains("\r\nConnection: close\r\n") && sized.sawEnd)
        #expect(
            test.exchange(post("Transfer-Encoding: chunked\r\n", "b\r\n0123456789a\r\n0\r\n\r\n"))
                .hasPrefix("HTTP/1.1 413 "))
        #expect(test.server.counters.refused(.bodySize).value == 2)
    }

    @Test func limitsAllBodiesTogether() throws {
        let test = try TestServer { $0.bodyBytes = 64 << 10 }
        let clients = (0..<5).map { _ in test.connect() }
        for client in clients {
            client.send(post("Content-Length: 20000\r\n", String(repeating: "a", count: 17_000)))
        }
        #expect(clients.filter { $0.text.hasPrefix("HTTP/1.1 503 ") }.count == 3)
        #expect(test.server.counters.refused(.capacity).value == 3)
        clients[0].send(String(repeating: "a", count: 3_000))
        #expect(clients[0].text.hasPrefix("HTTP/1.1 200 "))
        for client in clients { client.reset() }
        #expect(test.server.bodyBytes == 0)
    }

    @Test func refusesBadChunksAndCloses() throws {
        let test = try TestServer()
        let client = test.connect()
        client.send(
            post("Transfer-Encoding: chunked\r\n", "5\r\nhelloX\r\nGET /evil HTTP/1.1\r\nHost: x\r\n\r\n"))
        #expect(client.text.hasPrefix("HTTP/1.1 400 Bad Request\r\n") && client.sawEnd)
        #expect(test.handler.seen.isEmpty && test.handler.refused == [400])
    }

    @Test func aBodyThatDoesNotComeInTimeIsRefused() throws {
        let test = try TestServer { $0.bodyTime = 1_000_000_000 }
        let client = test.connect()
        client.send(post("Content-Length: 5\r\n", "he"))
        test.world.run(for: 900_000_000)
        #expect(client.text.isEmpty)
        client.send("l")
        test.world.run(for: 300_000_000)
        #expect(client.text.hasPrefix("HTTP/1.1 408 Request Timeout\r\n") && client.sawEnd)
        #expect(test.server.bodyBytes == 0)
    }
}
