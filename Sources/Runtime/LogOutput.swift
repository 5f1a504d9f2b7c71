import Glibc
import ModuleKit
import Topology
import Synchronization

/// Levels and output of a node's log.
///
/// Written by hand: a logging package linked into host and plugins would exist once in each (see
/// `Logger` in the contract library), and what is left of one here is a format and a write.
public final class LogOutput: Sendable {
    /// Where lines go.
    public let sink: any LogSink
    private let base: LogLevel
    /// By module, group or actor.
    private let levels: [(name: String, level: LogLevel)]
    private let thresholds = Mutex<[(label: String, threshold: LogThreshold)]>([])

    public init(sink: any LogSink, level: LogLevel = .info, levels: [(name: String, level: LogLevel)] = []) {
        self.sink = sink
        base = level
        self.levels = levels
    }

    /// A logger whose level is that of the actor, its group or its module, in this order.
    public func logger(label: String, module: String = "", group: String = "") -> Logger {
        let named =
            levels.last { $0.name == label } ?? levels.last { $0.name == group }
            ?? levels.last { $0.name == module }
        let threshold = thresholds.withLock { thresholds in
            if let known = thresholds.first(where: { $0.label == label }) { return known.threshold }
            let fresh = LogThreshold(named?.level ?? base)
            thresholds.append((label, fresh))
            return fresh
        }
        return Logger(label: label, threshold: threshold, sink: sink)
    }

    /// Changes a level while the node runs; false if nobody has that label.
    public func set(_ level: LogLevel, for label: String) -> Bool {
        thresholds.withLock { thresholds in
            guard let known = thresholds.first(where: { $0.label == label }) else { return false }
            known.threshold.level = level
            return true
        }
    }
}

/// Writes lines to a file descriptor, each with one write, so that lines of threads do not mix.
public final class DescriptorLogSink: LogSink {
    private let descriptor: Int32
    private let format: LogConfiguration.Format
    private let wallNow: @Sendable () -> UInt64
    /// Lines that found the output full since the last that did not.
    private let lost = Mutex(0)

    /// - Parameter wallNow: nanoseconds since 1970.
    public init(
        descriptor: Int32 = 2, format: LogConfiguration.Format, wallNow: @escaping @Sendable () -> UInt64
    ) {
        self.descriptor = descriptor
        self.format = format
        self.wallNow = wallNow
    }

    /// Writes one line; never blocks. A full or broken log must not stop the shop: what cannot be
    /// written is lost, and the next line that can be written is preceded by one that says how many were.
    public func write(_ level: LogLevel, _ label: String, _ message: String, _ fields: [LogField]) {
        let line = line(level, label, message, fields)
        lost.withLock { lost in
            if lost > 0 {
                let note = [LogField("lines", lost)]
                guard put(self.line(.warning, "log", "lines were lost: the output was full", note)) else {
                    lost += 1
                    return
                }
                lost = 0
            }
            if !put(line) { lost += 1 }
        }
    }

    /// False if the output has no room.
    private func put(_ line: String) -> Bool {
        var bytes = Array(line.utf8)
        let length = bytes.count
        return bytes.withUnsafeMutableBytes { buffer in
            var count = 0
            while count < length {
                // A pipe that can be written to has room for so much.
                var request = pollfd(fd: descriptor, events: Int16(POLLOUT), revents: 0)
                guard poll(&request, 1, 0) == 1, request.revents & Int16(POLLOUT) != 0 else { return false }
                let part = min(length - count, 4096)
                let written = Glibc.write(descriptor, buffer.baseAddress.map { $0 + count }, part)
                guard written > 0 else { return false }
                count += written
            }
            return true
        }
    }

    private func line(_ level: LogLevel, _ label: String, _ message: String, _ fields: [LogField]) -> String {
        let time = Timestamp.text(wallNow())
        switch format {
        case .json:
            let members: [(String, JSON)] = [
                ("time", .string(time)), ("level", .string(level.name)), ("logger", .string(label)),
                ("message", .string(message)),
            ]
            return JSON.object(members + fields.map { ($0.name, .string($0.value)) }).text + "\n"
        case .text:
            let rest = fields.map { " \($0.name)=\(Self.quoted($0.value))" }.joined()
            let name = level.name + String(repeating: " ", count: max(0, 7 - level.name.utf8.count))
            return "\(time) \(name) \(label): \(Self.oneLine(message))\(rest)\n"
        }
    }

    private static func quoted(_ value: String) -> String {
        let isPlain =
            !value.isEmpty && value.utf8.allSatisfy { $0 > 32 && $0 != UInt8(ascii: "\"") && $0 != 127 }
        return isPlain ? value : JSON.string(value).text
    }
    private static func oneLine(_ text: String) -> String {
        text.utf8.contains { $0 < 32 } ? JSON.string(text).text : text
    }
}

/// RFC 3339 in UTC with milliseconds.
enum Timestamp {
    static func text(_ nanoseconds: UInt64) -> String {
        var seconds = time_t(nanoseconds / 1_000_000_000)
        var parts = tm()
        gmtime_r(&seconds, &parts)
        func two(_ value: Int32) -> String { value < 10 ? "0\(value)" : "\(value)" }
        let milliseconds = nanoseconds / 1_000_000 % 1000
        let padding = milliseconds < 10 ? "00" : milliseconds < 100 ? "0" : ""
        return "\(parts.tm_year + 1900)-\(two(parts.tm_mon + 1))-\(two(parts.tm_mday))T"
            + "\(two(parts.tm_hour)):\(two(parts.tm_min)):\(two(parts.tm_sec)).\(padding)\(milliseconds)Z"
    }
}
