import ModuleKit
import RuntimeTesting
import Testing

@testable import HTTPServer

private func get(_ target: String, _ fields: String = "") -> String {
    "GET \(target) HTTP/1.1\r\nHost: x\r\n\(fields)\r\n"
}
private let second: UInt64 = 1_000_000_000

@Suite struct ConnectionTests {
    @Test func closesWhenAsked() throws {
        let test = try TestServer()
        let client = test.connect()
        client.send(get("/a", "Connection: close\r\n") + get("/b"))
        #expect(
            client.text.contains("\r\nConnection: close\r\n") && client.text.hasSuffix("you asked for /a"))
        #expect(client.sawEnd && test.handler.seen.count == 1)
        client.close()
        #expect(test.server.connectionCount == 0)
    }

    @Test func lingersForClientsThatDoNotNotice() throws {
        let test = try TestServer { $0.lingerTime = second }
        let client = test.connect()
        client.send("rubbish\r\n\r\n")
        #expect(client.text.hasPrefix("HTTP/1.1 400 ") && client.sawEnd && !client.isClosed)
        // Whatever still comes is read and thrown away.
        client.send(get("/evil"))
        #expect(test.handler.seen.isEmpty && test.server.connectionCount == 1)
        test.world.run(for: 2 * second)
        #expect(test.server.connectionCount == 0)
    }

    @Test func speaksTheOldVersion() throws {
        let test = try TestServer()
        let once = test.connect()
        once.send("GET /a HTTP/1.0\r\n\r\n")
        #expect(once.text.contains("\r\nConnection: close\r\n") && once.sawEnd)
        let again = test.connect()
        again.send("GET /a HTTP/1.0\r\nConnection: keep-alive\r\n\r\n")
        #expect(again.text.contains("\r\nConnection: keep-alive\r\n") && !again.isEnded)
        again.send("GET /b HTTP/1.0\r\n\r\n")
        #expect(again.text.hasSuffix("you asked for /b") && again.sawEnd)
    }

    @Test func answersHeadWithoutBody() throws {
        let test = try TestServer()
        let text = test.exchange("HEAD /abc HTTP/1.1\r\nHost: x\r\n\r\n" + get("/b"))
        #expect(text.hasPrefix("HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: 18\r\n"))
        #expect(text.components(separatedBy: "\r\n\r\nHTTP/1.1 200 OK\r\n").count == 2)
    }

    @Test(arguments: [204, 304]) func someAnswersHaveNoBody(_ status: Int) throws {
        let test = try TestServer()
        test.handler.respond = { _ in
            HTTPResponse(HTTPContent(status: status, fields: [("ETag", "\"a\"")], body: HTTPBody("not sent")))
        }
        let text = test.exchange(get("/a"))
        #expect(text.hasPrefix("HTTP/1.1 \(status) ") && text.hasSuffix("\r\n\r\n"))
        #expect(!text.contains("Content-Length") && text.contains("ETag"))
    }

    @Test(arguments: [
        (HTTPCacheStatus(.hit, ttl: 30), "souk; hit; ttl=30"),
        (HTTPCacheStatus(.stale, ttl: -3), "souk; hit; ttl=-3"),
        (HTTPCacheStatus(.miss), "souk; fwd=uri-miss"), (HTTPCacheStatus(.expired), "souk; fwd=stale"),
        (HTTPCacheStatus(.collapsed), "souk; fwd=uri-miss; collapsed"),
        (HTTPCacheStatus(.revalidated), "souk; fwd=stale; fwd-status=304"),
        (HTTPCacheStatus(.bypass), "souk; fwd=bypass"),
    ])
    func tellsAgeAndCacheStatus(_ status: HTTPCacheStatus, _ text: String) throws {
        let test = try TestServer()
        test.handler.respond = { _ in
            var response = HTTPResponse(type: "text/plain", body: HTTPBody("a"))
            (response.age, response.cacheStatus) = (1_234_567, status)
            return response
        }
        let answer = test.exchange(get("/a"))
        #expect(answer.contains("\r\nAge: 1234567\r\nCache-Status: \(text)\r\n"))
    }

    @Test func answersWithoutLengthOfTheirOwnGetOne() throws {
        let test = try TestServer()
        test.handler.respond = { _ in
            HTTPResponse(HTTPContent(status: 200, body: HTTPBody("abc"), hasLength: false))
        }
        #expect(test.exchange(get("/a")).contains("\r\nContent-Length: 3\r\n"))
        test.handler.respond = { _ in HTTPResponse(HTTPContent(status: 103)) }
        #expect(test.exchange(get("/a")).hasPrefix("HTTP/1.1 500 "))
    }

    @Test func answersThoseWhoHaveStoppedSending() throws {
        let test = try TestServer()
        test.handler.respond = { _ in nil }
        let client = test.connect()
        client.send(get("/a"))
        client.endSending()
        test.respond(0, HTTPResponse(type: "text/plain", body: HTTPBody("late")))
        #expect(client.text.hasSuffix("late") && client.isEnded)
        #expect(test.server.connectionCount == 0)
    }

    @Test func noticesThatAClientIsGone() throws {
        let test = try TestServer()
        test.handler.respond = { _ in nil }
        test.handler.keepsRequests = true
        let client = test.connect()
        client.send(get("/a") + get("/b"))
        client.reset()
        #expect(test.handler.waiting[0].request?.input.isAbandoned == true)
        #expect(test.server.counters.abandoned.value == 2)
        #expect(test.server.exchangeCount == 2)
        // A new client does not get the answers.
        let other = test.connect()
        other.send(get("/c"))
        test.respond(0, HTTPResponse(type: "text/plain", body: HTTPBody("for another")))
        test.respond(1, HTTPResponse(type: "text/plain", body: HTTPBody("for another")))
        #expect(other.text.isEmpty)
        test.respond(2, HTTPResponse(type: "text/plain", body: HTTPBody("mine")))
        #expect(other.text.hasSuffix("mine") && test.server.exchangeCount == 0)
        #expect(test.server.counters.late.value == 2)
    }

    @Test func answersGoNowhereTheSecondTime() throws {
        let test = try TestServer()
        test.handler.respond = { _ in nil }
        let client = test.connect()
        client.send(get("/a") + get("/b"))
        test.respond(1, HTTPResponse(type: "text/plain", body: HTTPBody("b")))
        test.respond(1, HTTPResponse(type: "text/plain", body: HTTPBody("again")))
        test.respond(0, HTTPResponse(type: "text/plain", body: HTTPBody("a")))
        test.respond(0, HTTPResponse(type: "text/plain", body: HTTPBody("again")))
        #expect(client.text.hasSuffix("b") && !client.text.contains("again"))
        #expect(test.server.counters.late.value == 2)
    }

    // MARK: limits

    @Test func slowHeadsAreRefused() throws {
        let test = try TestServer { $0.headTime = 2 * second }
        let client = test.connect()
        for byte in get("/a").utf8.prefix(20) {
            client.send([byte])
            test.world.run(for: 100_000_000)
        }
        #expect(client.text.isEmpty == false)
        #expect(client.text.hasPrefix("HTTP/1.1 408 Request Timeout\r\n") && client.sawEnd)
        #expect(test.server.counters.refused(.slowRequest).value == 1)
    }

    @Test func idleConnectionsAreClosed() throws {
        let test = try TestServer { $0.idleTime = 3 * second }
        let (silent, used) = (test.connect(), test.connect())
        test.world.run(for: 2 * second)
        used.send(get("/a"))
        test.world.run(for: 1_500_000_000)
        #expect(silent.isEnded && silent.text.isEmpty)
        #expect(!used.isEnded)
        test.world.run(for: 2 * second)
        #expect(used.isEnded)
    }

    @Test func aRequestUnderWayIsNotIdle() throws {
        let test = try TestServer {
            $0.idleTime = second
            $0.headTime = second
        }
        test.handler.respond = { _ in nil }
        let client = test.connect()
        client.send(get("/a"))
        test.world.run(for: 10 * second)
        #expect(!client.isEnded)
        test.respond(0, HTTPResponse(type: "text/plain", body: HTTPBody("a")))
        #expect(client.text.hasSuffix("\r\n\r\na"))
    }

    @Test func limitsConnections() throws {
        let test = try TestServer {
            $0.connections = 3
            $0.lingerTime = second
        }
        let clients = (0..<4).map { _ in test.connect() }
        #expect(clients[3].text.hasPrefix("HTTP/1.1 503 Service Unavailable\r\n"))
        #expect(clients[3].text.contains("\r\nRetry-After: 1\r\n") && clients[3].sawEnd)
        #expect(test.server.counters.refused(.connections).value == 1)
        clients[0].close()
        let fifth = test.connect()
        fifth.send(get("/a"))
        #expect(fifth.text.hasPrefix("HTTP/1.1 200 "))
        // Those who are told so are bounded too.
        let many = (0..<100).map { _ in test.connect() }
        #expect(many.filter { $0.sawReset || $0.isClosed }.count >= 100 - HTTPServer.surplusLimit)
        test.world.run(for: 2 * second)
        #expect(test.server.connectionCount == 3)
    }

    @Test func limitsConnectionsOfOneAddress() throws {
        let test = try TestServer { $0.connectionsPerAddress = 2 }
        let clients = (0..<3).map { _ in test.connect() }
        #expect(clients[2].text.hasPrefix("HTTP/1.1 503 "))
        #expect(test.server.counters.refused(.address).value == 1)
        clients[0].close()
        #expect(test.exchange(get("/a")).hasPrefix("HTTP/1.1 200 "))
    }

    @Test func limitsRequestsOfAConnection() throws {
        let test = try TestServer { $0.requestsPerConnection = 3 }
        let client = test.connect()
        client.send((0..<5).map { get("/\($0)") }.joined())
        #expect(test.handler.seen.count == 3 && client.sawEnd)
        #expect(client.text.components(separatedBy: "Connection: close").count == 2)
    }

    @Test func limitsRequestsUnderWay() throws {
        let test = try TestServer { $0.exchanges = 2 }
        test.handler.respond = { _ in nil }
        let client = test.connect()
        client.send(get("/a") + get("/b"))
        let other = test.connect()
        other.send(get("/c"))
        #expect(other.text.hasPrefix("HTTP/1.1 503 ") && test.handler.waiting.count == 2)
    }

    @Test func readsNoMoreThanTheDepthAhead() throws {
        let test = try TestServer { $0.pipelineDepth = 4 }
        test.handler.respond = { _ in nil }
        let client = test.connect()
        client.send((0..<10).map { get("/\($0)") }.joined())
        #expect(test.handler.waiting.count == 4)
        test.respond(0, HTTPResponse(type: "text/plain", body: HTTPBody("0")))
        #expect(test.handler.waiting.count == 4)
        test.respond(1, HTTPResponse(type: "text/plain", body: HTTPBody("1")))
        #expect(test.handler.waiting.count == 6)
        for index in 2..<10 {
            test.respond(index, HTTPResponse(type: "text/plain", body: HTTPBody("\(index)")))
        }
        #expect(test.handler.seen.map(\.target) == (0..<10).map { "/\($0)" })
        #expect(client.text.hasSuffix("\r\n\r\n9"))
    }

    @Test func keepsAskedBytesWhereTheyAre() throws {
        let test = try TestServer()
        test.handler.respond = { _ in nil }
        test.handler.keepsRequests = true
        let client = test.connect()
        let long = String(repeating: "x", count: 3_000)
        client.send((0..<40).map { get("/\($0)?\(long)") }.joined())
        var index = 0
        while index < 40 {
            let (exchange, request) = test.handler.waiting[index]
            #expect(request?.targetText == "/\(index)?\(long)")
            #expect(test.server.request(of: exchange)?.targetText == "/\(index)?\(long)")
            test.respond(index, HTTPResponse(type: "text/plain", body: HTTPBody("<\(index)>")))
            index += 1
        }
        let order = client.text.components(separatedBy: "<").dropFirst().map { $0.prefix { $0 != ">" } }
        #expect(order.map(String.init) == (0..<40).map(String.init))
    }

    // MARK: the end

    @Test func drains() throws {
        let test = try TestServer()
        test.handler.respond = { _ in nil }
        let (idle, busy) = (test.connect(), test.connect())
        busy.send(get("/a"))
        var isDone = false
        test.loop.withCurrent { test.server.drain { isDone = true } }
        test.world.runReady()
        #expect(idle.sawEnd && !isDone && !busy.isEnded)
        busy.send(get("/b"))
        #expect(test.handler.waiting.count == 1)
        test.respond(0, HTTPResponse(type: "text/plain", body: HTTPBody("a")))
        #expect(busy.text.contains("\r\nConnection: close\r\n") && busy.text.hasSuffix("\r\n\r\na"))
        #expect(isDone && busy.sawEnd)
        let late = test.connect()
        #expect(late.isEnded && late.text.isEmpty)
    }

    @Test func closesAtOnce() throws {
        let test = try TestServer()
        test.handler.respond = { _ in nil }
        let client = test.connect()
        client.send(get("/a"))
        test.loop.withCurrent { test.server.close() }
        test.world.runReady()
        #expect(client.isEnded && test.server.connectionCount == 0)
        test.respond(0, HTTPResponse(type: "text/plain", body: HTTPBody("a")))
        #expect(test.server.exchangeCount == 0)
    }
}
