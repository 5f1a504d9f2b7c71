/// Something to tell the author of a topology, with its place.
public struct Diagnostic: Sendable, Equatable {
    /// How bad it is.
    public enum Severity: String, Sendable {
        /// The topology cannot run.
        case error
        /// It can, but perhaps not as meant.
        case warning
    }
    /// Whether the topology can run nevertheless.
    public let severity: Severity
    /// The file, as it was named when it was opened.
    public let path: String
    /// Where in the file.
    public let position: SourcePosition
    /// How many characters are meant, at least 1.
    public let length: Int
    /// What is wrong, in one sentence without a full stop.
    public let message: String
    /// What was expected, as in "a duration from 1ms to 1h, for instance 250ms".
    public let expected: String?
    /// What the author may have meant.
    public let suggestion: String?

    /// Lengths below 1 count as 1.
    public init(
        _ severity: Severity = .error, path: String, position: SourcePosition, length: Int = 1,
        message: String, expected: String? = nil, suggestion: String? = nil
    ) {
        self.severity = severity
        self.path = path
        self.position = position
        self.length = max(length, 1)
        self.message = message
        self.expected = expected
        self.suggestion = suggestion
    }
    /// From 1.
    public var line: Int { position.line }
    /// From 1, in characters.
    public var column: Int { position.column }

    /// `path:line:column: error: message`, without the source line.
    public var summary: String {
        "\(path):\(line):\(column): \(severity.rawValue): \(message)"
    }

    /// The summary, the line with a caret beneath, what was expected and what was perhaps meant.
    /// Without a final line feed.
    public func render(_ source: SourceText) -> String {
        let (line, indent) = source.excerpt(at: position)
        let room = max(line.count - indent.count, 1)
        let caret = "^" + String(repeating: "~", count: max(0, min(length, room) - 1))
        var result = "\(summary)\n    \(line)\n    \(indent)\(caret)"
        if let expected { result += "\n    expected \(expected)" }
        if let suggestion { result += "\n    did you mean '\(suggestion)'?" }
        return result
    }
}

extension [Diagnostic] {
    /// Whether there is an error among them.
    public var hasErrors: Bool { contains { $0.severity == .error } }

    /// All of them with their lines, and a count at the end; ends with a line feed unless it is empty.
    public func render(_ source: SourceText) -> String {
        guard !isEmpty else { return "" }
        let errors = count { $0.severity == .error }
        let warnings = count - errors
        var counts: [String] = []
        if errors > 0 { counts.append(errors == 1 ? "1 error" : "\(errors) errors") }
        if warnings > 0 { counts.append(warnings == 1 ? "1 warning" : "\(warnings) warnings") }
        return map { $0.render(source) + "\n" }.joined() + counts.joined(separator: ", ") + "\n"
    }
}

/// Gathers the diagnostics of one file.
final class DiagnosticCollector {
    let path: String
    private var found: [Diagnostic] = []
    private var seen: Set<Identity> = []
    /// Parts of the file could not be read: that something is missing proves nothing.
    var isIncomplete = false
    /// How many are kept before the first ones by position are chosen.
    private static let bound = 1000
    /// How many are given out.
    static let limit = 100
    /// Looking for similar names is dear; the first ones are enough.
    private static let suggestions = 200

    private struct Identity: Hashable {
        let position: SourcePosition
        let message: String
    }

    init(path: String) { self.path = path }

    var hasErrors: Bool { found.hasErrors }

    /// Whether nothing more is kept; then there is no use in looking for more.
    var isFull: Bool { found.count >= Self.bound }

    /// Notes a diagnostic; the same one at the same place (an alias used twice) only once. The texts are
    /// only made if they are kept: there may be a hundred thousand mistakes.
    func report(
        _ message: @autoclosure () -> String, at position: SourcePosition, length: Int = 1,
        expected: @autoclosure () -> String? = nil, suggestion: @autoclosure () -> String? = nil,
        severity: Diagnostic.Severity = .error
    ) {
        guard !isFull else { return }
        let message = message()
        guard seen.insert(Identity(position: position, message: message)).inserted else { return }
        found.append(
            Diagnostic(
                severity, path: path, position: position, length: length, message: message,
                expected: expected(), suggestion: found.count < Self.suggestions ? suggestion() : nil))
    }
    func report(
        _ message: @autoclosure () -> String, at node: YAMLNode,
        expected: @autoclosure () -> String? = nil, suggestion: @autoclosure () -> String? = nil,
        severity: Diagnostic.Severity = .error
    ) {
        report(
            message(), at: node.position, length: node.length, expected: expected(),
            suggestion: suggestion(), severity: severity)
    }
    /// Something is missing; kept to itself when part of the file could not be read.
    func reportMissing(
        _ message: @autoclosure () -> String, at node: YAMLNode,
        expected: @autoclosure () -> String? = nil
    ) {
        guard !isIncomplete else { return }
        report(message(), at: node, expected: expected())
    }

    /// In the order of the file, at most `limit`.
    var all: [Diagnostic] {
        let sorted = found.enumerated().sorted {
            ($0.element.position.offset, $0.offset) < ($1.element.position.offset, $1.offset)
        }.map(\.element)
        guard sorted.count > Self.limit, let last = sorted.last else { return sorted }
        let more = found.count < Self.bound ? "\(sorted.count - Self.limit) more" : "many more"
        let rest = Diagnostic(
            sorted.hasErrors ? .error : .warning, path: path, position: last.position,
            message: "and \(more); only the first \(Self.limit) are shown")
        return sorted.prefix(Self.limit) + [rest]
    }
}
