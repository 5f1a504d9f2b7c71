import ModuleKit
import RuntimeTesting
import Testing

@testable import HTTPServer

private let get = "GET /a HTTP/1.1\r\nHost: x\r\n\r\n"

@Suite struct HTTPServerTests {
    @Test func answersARequestWithItsDate() throws {
        let test = try TestServer()
        let text = test.exchange(get)
        #expect(text.hasPrefix("HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: 16\r\n"))
        #expect(text.contains("\r\nDate: Wed, 11 Nov 2026 00:00:00 GMT\r\n"))
        #expect(text.hasSuffix("\r\n\r\nyou asked for /a"))
        #expect(test.server.counters.requests.value == 1)
        #expect(test.server.counters.responses[1].value == 1)
    }

    @Test func keepsTheConnectionAndAnswersPipelinedRequestsInOrder() throws {
        let test = try TestServer()
        let client = test.connect()
        let many = (0..<200).map { "GET /\($0) HTTP/1.1\r\nHost: x\r\n\r\n" }.joined()
        client.send(many)
        let bodies = client.text.components(separatedBy: "you asked for ").dropFirst().map {
            $0.split(separator: "HTTP").first.map(String.init) ?? ""
        }
        #expect(bodies == (0..<200).map { "/\($0)" })
        #expect(!client.isEnded)
        #expect(test.server.pool.count == 1)
    }

    @Test func keepsAnswersUntilTheirTurn() throws {
        let test = try TestServer()
        test.handler.respond = { _ in nil }
        let client = test.connect()
        client.send(get + get + get)
        #expect(test.handler.waiting.count == 3)
        for index in [2, 1, 0] {
            #expect(client.text.isEmpty)
            test.respond(index, HTTPResponse(type: "text/plain", body: HTTPBody("<\(index)>")))
        }
        let order = client.text.split(separator: "<").dropFirst().map { $0.prefix(1) }
        #expect(order == ["0", "1", "2"])
        #expect(test.server.exchangeCount == 0)
    }
}

extension String {
    func components(separatedBy separator: String) -> [String] {
        var parts: [String] = []
        var rest = self[...]
        while let range = rest.firstRange(of: separator) {
            parts.append(String(rest[..<range.lowerBound]))
            rest = rest[range.upperBound...]
        }
        return parts + [String(rest)]
    }
}
