import Glibc
import HTTPServer
import ModuleKit

/// How the access log is written.
struct AccessLogOptions {
    var path = "-"
    var isJSON = false
    /// From 0 to 1.
    var share = 1.0
    /// Bytes.
    var buffer = 1 << 20

    init() {}
    init(_ settings: Settings) {
        path = settings.optionalString("path") ?? path
        isJSON = settings.optionalString("format") == "json"
        if settings["sample"] != nil { share = settings.percentage("sample") }
        if settings["buffer"] != nil { buffer = settings.size("buffer") }
    }
}

/// Where lines go; called on a thread that may block.
protocol LineSink: Sendable {
    /// Answers whether all of it was written.
    func append(_ bytes: [UInt8]) -> Bool
}

/// Appends to a file, which is opened anew each time: one that was moved away is made again.
struct FileSink: LineSink {
    let path: String

    func append(_ bytes: [UInt8]) -> Bool {
        let descriptor =
            path == "-" ? STDOUT_FILENO : open(path, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, 0o644)
        guard descriptor >= 0 else { return false }
        defer { if path != "-" { close(descriptor) } }
        return bytes.withUnsafeBytes { raw in
            var start = 0
            while start < raw.count {
                let count = write(descriptor, raw.baseAddress.map { $0 + start }, raw.count - start)
                if count < 0 && errno == EINTR { continue }
                guard count > 0 else { return false }
                start += count
            }
            return true
        }
    }
}

/// A line for each request, gathered on the gate's loop and written off it in batches, one at a time.
/// Bounded: lines that find the buffer full are let go and counted.
final class AccessLog {
    /// Nanoseconds between two batches.
    static let interval: UInt64 = 250_000_000

    let options: AccessLogOptions
    let sink: any LineSink
    private let loop: Loop
    private let dropped: Counter
    private var lines: [UInt8] = []
    private var lineCount = 0
    private var writing = 0
    private var linesWriting = 0
    private var share = 0.0

    init(_ options: AccessLogOptions, _ loop: Loop, dropped: Counter, sink: (any LineSink)? = nil) {
        self.options = options
        self.loop = loop
        self.dropped = dropped
        self.sink = sink ?? FileSink(path: options.path)
    }

    /// Whether the next request is among those that are logged: evenly spread.
    func wantsLine() -> Bool {
        share += options.share
        guard share >= 1 else { return false }
        share -= 1
        return true
    }

    func add(
        _ request: HTTPRequest, _ response: borrowing HTTPResponse, elapsed: UInt64, trace: UInt64,
        route: String
    ) {
        let before = lines.count
        if options.isJSON {
            addJSON(request, response, elapsed, trace, route)
        } else {
            addCombined(request, response)
        }
        lines.append(10)
        if lines.count + writing > options.buffer {
            lines.removeLast(lines.count - before)
            dropped.increment()
        } else {
            lineCount += 1
        }
    }

    var isWriting: Bool { writing > 0 }

    /// What is to be written next; nil if there is nothing, or the last is not written yet.
    func takeBatch() -> [UInt8]? {
        guard writing == 0, !lines.isEmpty else { return nil }
        let batch = lines
        (writing, linesWriting) = (batch.count, lineCount)
        (lines, lineCount) = ([], 0)
        return batch
    }
    func batchEnded(isWritten: Bool) {
        if !isWritten { dropped.increment(by: linesWriting) }
        (writing, linesWriting) = (0, 0)
    }

    // MARK: lines

    private func addCombined(_ request: HTTPRequest, _ response: borrowing HTTPResponse) {
        let peer = request.input.peerAddress
        add(peer.isEmpty ? "-" : peer)
        add(" - - [")
        addTime(HTTPDate.civil(loop.wallNow / 1_000_000_000))
        add("] \"")
        add(request.method.name)
        add(" ")
        addQuoted(request.bytes(request.target))
        add(request.isOld ? " HTTP/1.0\" " : " HTTP/1.1\" ")
        add("\(response.content.status) ")
        add(response.stream == nil ? "\(response.content.body.count)" : "-")
        for name in ["referer", "user-agent"] as [StaticString] {
            add(" \"")
            if let value = request.field(name) { addQuoted(request.bytes(value)) } else { add("-") }
            add("\"")
        }
    }

    /// `11/Nov/2026:00:00:00 +0000`.
    private func addTime(_ time: HTTPDate.Civil) {
        func two(_ number: Int) -> String { number < 10 ? "0\(number)" : "\(number)" }
        add("\(two(time.day))/\(HTTPDate.monthName(time.month))/\(time.year)")
        add(":\(two(time.hour)):\(two(time.minute)):\(two(time.second)) +0000")
    }

    private func addJSON(
        _ request: HTTPRequest, _ response: borrowing HTTPResponse, _ elapsed: UInt64, _ trace: UInt64,
        _ route: String
    ) {
        var members: [(String, JSON)] = [
            ("time_ms", .integer(Int(clamping: loop.wallNow / 1_000_000))),
            ("peer", .string(request.input.peerAddress)),
            ("method", .string(request.method.name)), ("target", .string(request.targetText)),
            ("host", .string(request.hostText)), ("status", .integer(response.content.status)),
            ("bytes", .integer(response.content.body.count)),
            ("us", .integer(Int(clamping: elapsed / 1_000))),
            ("route", .string(route)), ("trace", .string(String(trace, radix: 16))),
        ]
        if let referer = request.fieldText("referer") { members.append(("referer", .string(referer))) }
        if let agent = request.fieldText("user-agent") { members.append(("agent", .string(agent))) }
        if response.cacheStatus.kind != .none {
            members.append(("cache", .string("\(response.cacheStatus.kind)")))
        }
        lines.append(contentsOf: JSON.object(members).encoded())
    }

    private func add(_ text: String) { lines.append(contentsOf: text.utf8) }
    /// As Apache does it: what could end the field or the line is escaped.
    private func addQuoted(_ bytes: UnsafeRawBufferPointer) {
        let digits = Array("0123456789abcdef".utf8)
        for byte in bytes {
            if byte == UInt8(ascii: "\"") || byte == UInt8(ascii: "\\") {
                lines.append(UInt8(ascii: "\\"))
                lines.append(byte)
            } else if byte < 32 || byte > 126 {
                lines.append(contentsOf: "\\x".utf8)
                lines.append(digits[Int(byte >> 4)])
                lines.append(digits[Int(byte & 15)])
            } else {
                lines.append(byte)
            }
        }
    }
}
