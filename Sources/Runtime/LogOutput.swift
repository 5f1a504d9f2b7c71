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

    /// - Parameter wallNow: nanoseconds since 1970.
    public init(descriptor: Int32 = 2, format: LogConfiguration.Format, wallNow: @escaping @Sendable () -> UInt64) {
        self.descriptor = descriptor
        self.format = format
        self.wallNow = wallNow
    }

    public func write(_ level: LogLevel, _ label: String, _ message: String, _ fields: [LogField]) {
        let time = Timestamp.text(wallNow())
        let line: String
        switch format {
        case .json:
            line =
                JSON.object(
                    [
                        ("time", .string(time)), ("level", .string(level.name)), ("logger", .string(label)),
                        ("message", .string(message)),
                    ] + fields.map { ($0.name, .string($0.value)) }
                ).text + "\n"
        case .text:
            let rest = fields.map { " \($0.name)=\(Self.quoted($0.value))" }.joined()
            let name = level.name + String(repeating: " ", count: max(0, 7 - level.name.utf8.count))
            line = "\(time) \(name) \(label): \(Self.oneLine(message))\(rest)\n"
        }
        var bytes = Array(line.utf8)
        // A full or broken log must not stop the shop: what cannot be written is lost.
        _ = bytes.withUnsafeMutableBytes { Glibc.write(descriptor, $0.baseAddress, $0.count) }
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
