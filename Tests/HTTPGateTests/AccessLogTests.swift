import ModuleKit
import Runtime
import RuntimeTesting
import Synchronization
import Testing

@testable import HTTPGate

private final class Lines: LineSink {
    let storage = Mutex<[UInt8]>([])
    let accepts: Bool
    init(accepts: Bool = true) { self.accepts = accepts }
    func append(_ bytes: [UInt8]) -> Bool {
        storage.withLock { $0 += bytes }
        return accepts
    }
}

@Suite struct AccessLogTests {
    private let loop = VirtualWorld().makeLoop(index: 0)
    private let request = HTTPRequest(
        .get, "/a?b=\"c\"", host: "shop",
        fields: [("referer", "http://x/"), ("user-agent", "a\"b\\c\u{1}")], peerAddress: "10.1.2.3")

    private func log(_ change: (inout AccessLogOptions) -> Void = { _ in }) -> (AccessLog, Counter) {
        var options = AccessLogOptions()
        change(&options)
        let dropped = Counter()
        return (AccessLog(options, loop, dropped: dropped, sink: Lines()), dropped)
    }
    private func add(_ log: AccessLog) {
        let response = HTTPResponse(type: "text/plain", body: HTTPBody("12345"))
        log.add(request, response, elapsed: 1_234_567, trace: 255, route: "GET /a")
    }
    private func text(_ log: AccessLog) -> String { String(decoding: log.takeBatch() ?? [], as: UTF8.self) }

    @Test func writesCombinedLines() {
        let (log, _) = log()
        add(log)
        #expect(
            text(log) == """
                10.1.2.3 - - [11/Nov/2026:00:00:00 +0000] "GET /a?b=\\"c\\" HTTP/1.1" 200 5 "http://x/" \
                "a\\"b\\\\c\\x01"

                """)
    }

    @Test func writesJSONLines() throws {
        let (log, _) = log { $0.isJSON = true }
        add(log)
        let line = try JSON(parsing: Array(text(log).utf8))
        #expect(line["status"]?.integerValue == 200 && line["us"]?.integerValue == 1_234)
        #expect(line["target"]?.stringValue == "/a?b=\"c\"" && line["trace"]?.stringValue == "ff")
        #expect(line["agent"]?.stringValue == "a\"b\\c\u{1}" && line["route"]?.stringValue == "GET /a")
    }

    @Test func samplesEvenly() {
        let (log, _) = log { $0.share = 0.25 }
        #expect((0..<100).filter { _ in log.wantsLine() }.count == 25)
        let (none, _) = self.log { $0.share = 0 }
        #expect((0..<100).filter { _ in none.wantsLine() }.isEmpty)
    }

    @Test func dropsAndCountsWhatDoesNotFit() {
        let (log, dropped) = log { $0.buffer = 250 }
        for _ in 0..<5 { add(log) }
        let batch = log.takeBatch()
        #expect(batch?.filter { $0 == 10 }.count == 2 && dropped.value == 3)
        // What is being written counts towards the bound, and only one batch is written at a time.
        add(log)
        #expect(dropped.value == 4 && log.takeBatch() == nil && log.isWriting)
        log.batchEnded(isWritten: false)
        #expect(dropped.value == 6)
        add(log)
        #expect(log.takeBatch() != nil)
    }
}
