import ModuleKit
import Testing

@testable import Wall

@Suite("Frames")
struct FrameSourceTests {
    static func series(_ rows: [[Int]]) -> JSON {
        .object([
            ("columns", .array([.string("time"), .string("events")])),
            ("rows", .array(rows.map { .array($0.map(JSON.integer)) })),
        ])
    }

    @Test("only what changed is given, and the clock alone changes nothing")
    func changes() {
        var frames = FrameSource()
        #expect(frames.whole == nil)
        var state: [(String, JSON)] = [("time", .integer(1)), ("level", .integer(0)), ("now", .integer(5))]
        let first = frames.update(state)
        #expect(first == .object(state) && frames.whole == .object(state))
        state[0].1 = .integer(2)
        var change = frames.update(state)
        #expect(change == nil)
        state[0].1 = .integer(3)
        state[2].1 = .integer(6)
        change = frames.update(state)
        #expect(change == .object([("time", .integer(3)), ("now", .integer(6))]))
        state.append(("cache", .null))
        change = frames.update(state)
        #expect(change == .object([("cache", .null)]))
    }

    /// What the page does with the rows that it is given.
    static func merged(_ shown: [[Int]], _ change: JSON) -> [[Int]] {
        let rows = change["rows"]?.arrayValue?.compactMap { $0.arrayValue?.compactMap(\.integerValue) } ?? []
        guard let from = change["from"]?.integerValue else { return rows }
        return shown.filter { $0[0] >= from && $0[0] < rows.first?[0] ?? .max } + rows
    }

    @Test("a page that puts rows in their place has the same series as the server")
    func series() {
        var random = Random(seed: 7)
        var frames = FrameSource()
        var rows: [[Int]] = []
        var shown: [[Int]] = []
        var sent = 0
        for second in 1_000..<1_400 {
            rows.append([second, random.below(100)])
            if rows.count > 120 { rows.removeFirst() }
            if random.chance(0.01) { rows = [[second, 1]] }
            // Late events change open seconds.
            for back in 1...3 where rows.count > back && random.chance(0.3) {
                rows[rows.count - 1 - back][1] += 1
            }
            guard let change = frames.update([("series", Self.series(rows))])?["series"] else { continue }
            shown = Self.merged(shown, change)
            sent += change["rows"]?.arrayValue?.count ?? 0
            #expect(shown == rows)
        }
        #expect(sent < 400 * 8, "rows that did not change were sent: \(sent)")
    }

    @Test("events have the form that browsers read")
    func event() {
        let body = FrameSource.event("change", .object([("text", .string("a\nb"))]))
        #expect(body.text == "event: change\ndata: {\"text\":\"a\\nb\"}\n\n")
        #expect(FrameSource.heartbeat.text.hasPrefix(":\n"))
    }
}
