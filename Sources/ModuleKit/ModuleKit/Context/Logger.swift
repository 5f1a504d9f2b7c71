import Synchronization

/// How much a line of the log matters.
public enum LogLevel: UInt8, Sendable, Comparable, CaseIterable {
    case trace, debug, info, notice, warning, error, critical

    public static func < (left: Self, right: Self) -> Bool { left.rawValue < right.rawValue }
    /// As written in settings and log lines.
    public var name: String { "\(self)" }
}

/// A name and a value of a log line.
public struct LogField: Sendable {
    /// Lower case words joined by underscores.
    public let name: String
    /// As text.
    public let value: String
    public init(_ name: String, _ value: some CustomStringConvertible) {
        self.name = name
        self.value = value.description
    }
}

/// Where log lines go. From any thread; must not block for long.
public protocol LogSink: AnyObject, Sendable {
    /// Takes one line.
    func write(_ level: LogLevel, _ label: String, _ message: String, _ fields: [LogField])
}

/// A structured log with a level of its own. The runtime decides on format and place; the contract
/// library brings its own type because a logging package linked into host and plugins would exist once
/// in each, with two sets of settings.
public struct Logger: Sendable {
    /// The actor's name, or the part of the runtime that speaks.
    public let label: String
    private let threshold: LogThreshold
    private let sink: any LogSink

    public init(label: String, threshold: LogThreshold, sink: any LogSink) {
        self.label = label
        self.threshold = threshold
        self.sink = sink
    }

    /// Whether lines of this level are written.
    public func isEnabled(_ level: LogLevel) -> Bool { level >= threshold.level }

    /// Writes a line; the message and the fields are computed only if its level is enabled.
    public func log(
        _ level: LogLevel, _ message: @autoclosure () -> String, _ fields: @autoclosure () -> [LogField]
    ) {
        if isEnabled(level) { sink.write(level, label, message(), fields()) }
    }
    /// For those who look for a mistake.
    public func debug(_ message: @autoclosure () -> String, _ fields: @autoclosure () -> [LogField] = []) {
        log(.debug, message(), fields())
    }
    /// What happens in normal operation.
    public func info(_ message: @autoclosure () -> String, _ fields: @autoclosure () -> [LogField] = []) {
        log(.info, message(), fields())
    }
    /// What an operator may want to know.
    public func notice(_ message: @autoclosure () -> String, _ fields: @autoclosure () -> [LogField] = []) {
        log(.notice, message(), fields())
    }
    /// Something is wrong, and is taken care of.
    public func warning(_ message: @autoclosure () -> String, _ fields: @autoclosure () -> [LogField] = []) {
        log(.warning, message(), fields())
    }
    /// Something is wrong, and somebody must take care of it.
    public func error(_ message: @autoclosure () -> String, _ fields: @autoclosure () -> [LogField] = []) {
        log(.error, message(), fields())
    }
}

/// A level that can be changed while the node runs.
public final class LogThreshold: Sendable {
    private let storage: Atomic<UInt8>

    public init(_ level: LogLevel) {
        storage = Atomic(level.rawValue)
    }
    /// The least level that is written. From any thread.
    public var level: LogLevel {
        get { LogLevel(rawValue: storage.load(ordering: .relaxed)) ?? .info }
        set { storage.store(newValue.rawValue, ordering: .relaxed) }
    }
}
