import Glibc
import ModuleKit
import Synchronization
import Testing
import Topology

@testable import Runtime

@Suite struct LogOutputTests {
    /// What a sink writes into a pipe.
    func written(_ format: LogConfiguration.Format, _ body: (DescriptorLogSink) -> Void) -> String {
        var ends: [Int32] = [0, 0]
        guard pipe(&ends) == 0 else { return "" }
        body(DescriptorLogSink(descriptor: ends[1], format: format) { 1_794_355_200_123_000_000 })
        close(ends[1])
        defer { close(ends[0]) }
        return readAll(ends[0])
    }
    func readAll(_ descriptor: Int32) -> String {
        var bytes: [UInt8] = []
        var part = [UInt8](repeating: 0, count: 65_536)
        while case let count = read(descriptor, &part, part.count), count > 0 { bytes += part.prefix(count) }
        return String(decoding: bytes, as: UTF8.self)
    }

    static let hostile = ["a\nb", "a\r\nb", "\u{1B}[31m", "\0", "quote\"and\\", "ä €", "", "a b"]

    @Test(arguments: hostile, [LogConfiguration.Format.text, .json])
    func aLineIsOneLine(_ text: String, _ format: LogConfiguration.Format) throws {
        let output = written(format) { $0.write(.info, "gate", text, [LogField("field", text)]) }
        #expect(output.utf8.filter { $0 == UInt8(ascii: "\n") }.count == 1)
        #expect(output.hasSuffix("\n"))
        #expect(!output.dropLast().utf8.contains { $0 < 32 })
        if format == .json {
            let json = try JSON(parsing: Array(output.utf8.dropLast()))
            #expect(json["message"]?.stringValue == text)
            #expect(json["field"]?.stringValue == text)
            #expect(json["level"]?.stringValue == "info")
        }
    }

    @Test func textFormat() {
        let output = written(.text) {
            $0.write(.warning, "gate", "too many", [LogField("count", 3), LogField("who", "a b")])
        }
        #expect(output == "2026-11-11T00:00:00.123Z warning gate: too many count=3 who=\"a b\"\n")
    }

    @Test func aFullOutputDoesNotBlockAndTheLossIsSaid() {
        var ends: [Int32] = [0, 0]
        #expect(pipe(&ends) == 0)
        defer { for end in ends { close(end) } }
        let sink = DescriptorLogSink(descriptor: ends[1], format: .text) { 0 }
        let line = String(repeating: "x", count: 1000)
        for _ in 0..<1000 { sink.write(.info, "a", line, []) }
        _ = fcntl(ends[0], F_SETFL, O_NONBLOCK)
        let first = readAll(ends[0])
        #expect(first.utf8.count >= 4096 && first.utf8.count < 1_000_000)
        sink.write(.info, "a", "after", [])
        let rest = readAll(ends[0])
        #expect(rest.contains("lines were lost"))
        #expect(rest.contains("after"))
    }

    @Test(
        arguments: [
            (0, "1970-01-01T00:00:00.000Z"), (951_782_400_007, "2000-02-29T00:00:00.007Z"),
            (1_767_225_599_999, "2025-12-31T23:59:59.999Z"), (4_102_444_800_010, "2100-01-01T00:00:00.010Z"),
        ] as [(UInt64, String)])
    func timestamps(_ milliseconds: UInt64, _ text: String) {
        #expect(Timestamp.text(milliseconds * 1_000_000) == text)
    }

    @Test func levelsOfActorGroupAndModule() {
        let sink = Lines()
        let output = LogOutput(
            sink: sink, level: .warning,
            levels: [("http-gate", .error), ("gates", .info), ("gate-1", .debug)])
        #expect(output.logger(label: "gate-1", module: "http-gate", group: "gates").isEnabled(.debug))
        #expect(!output.logger(label: "gate-2", module: "http-gate", group: "gates").isEnabled(.debug))
        #expect(output.logger(label: "gate-2", module: "http-gate", group: "gates").isEnabled(.info))
        #expect(!output.logger(label: "x", module: "http-gate", group: "x").isEnabled(.warning))
        let plain = output.logger(label: "plain")
        plain.info("not written")
        #expect(output.set(.info, for: "plain"))
        plain.info("written")
        #expect(!output.set(.info, for: "nobody"))
        #expect(sink.messages.withLock { $0 } == ["written"])
    }
}

private final class Lines: LogSink {
    let messages = Mutex<[String]>([])
    func write(_ level: LogLevel, _ label: String, _ message: String, _ fields: [LogField]) {
        messages.withLock { $0.append(message) }
    }
}
