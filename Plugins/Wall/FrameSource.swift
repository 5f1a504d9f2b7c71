import ModuleKit

/// Turns states of the wall into what viewers are sent: the whole state for one who has just come, and
/// for the others what has changed since the last time.
struct FrameSource {
    /// Members that change with the clock alone: no reason to send anything.
    private static let clocks = ["time", "watermark"]
    /// More rows of a series than this are never open: half a minute late, half a minute ahead.
    private static let openRows = 80
    /// The whole state, by its members' names.
    private var state: [(String, JSON)] = []

    init() {}

    /// Takes in a new state and answers the members that changed; nil if none did.
    ///
    /// Of the `series` only the rows from the first one that is new or different are given: viewers put
    /// them in the place of theirs with the same time.
    mutating func update(_ new: [(String, JSON)]) -> JSON? {
        var changed: [(String, JSON)] = []
        for (name, value) in new {
            let old = state.first { $0.0 == name }?.1
            if old == value { continue }
            if name == "series", let old, let tail = Self.tail(of: value, after: old) {
                changed.append((name, tail))
            } else {
                changed.append((name, value))
            }
        }
        state = new
        guard changed.contains(where: { !Self.clocks.contains($0.0) }) else { return nil }
        return .object(changed)
    }

    /// The whole state; nil before the first.
    var whole: JSON? { state.isEmpty ? nil : .object(state) }

    private static func tail(of new: JSON, after old: JSON) -> JSON? {
        guard let rows = new["rows"]?.arrayValue, let before = old["rows"]?.arrayValue,
            let columns = new["columns"], let first = rows.first?.arrayValue?.first?.integerValue,
            let firstBefore = before.first?.arrayValue?.first?.integerValue, first >= firstBefore,
            first - firstBefore <= before.count
        else { return nil }
        let shift = first - firstBefore
        let common = min(rows.count, before.count - shift)
        // Closed rows never change: only the open ones, at the end, need a look.
        let fresh = (max(0, common - openRows)..<common).first { rows[$0] != before[$0 + shift] } ?? common
        return .object([
            ("columns", columns), ("from", .integer(first)), ("rows", .array(Array(rows[fresh...]))),
        ])
    }

    /// One event of `text/event-stream`.
    static func event(_ name: String, _ data: JSON) -> HTTPBody {
        var bytes = Array("event: \(name)\ndata: ".utf8)
        bytes.append(contentsOf: data.encoded())
        bytes.append(contentsOf: "\n\n".utf8)
        return HTTPBody(bytes)
    }
    /// A comment for proxies, and an event by which the page knows that the connection lives.
    static let heartbeat = HTTPBody(":\n\nevent: beat\ndata: {}\n\n")
    /// How soon a browser comes again by itself, in milliseconds.
    static let preamble = HTTPBody("retry: 1000\n\n")
}
