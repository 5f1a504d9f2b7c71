import ModuleKit
import Testing

@testable import Topology

struct QuantityTests {
    @Test(
        arguments: [
            ("250ms", 250_000_000), ("1.5s", 1_500_000_000), ("2m", 120_000_000_000),
            ("1h", 3_600_000_000_000),
            ("7us", 7000), ("0", 0), ("0s", 0), ("0.000000001s", 1), ("1 s", 1_000_000_000),
        ] as [(String, UInt64)])
    func durations(_ text: String, _ nanoseconds: UInt64) throws {
        #expect(try Quantity.duration(text).get() == nanoseconds)
    }
    @Test(arguments: [
        "", "s", "-1s", "1", "1.s", ".5s", "1x", "1e3s", "0.5ns", "99999999999999999999s", "6000000h",
        "1s2", "١s", "1.0000000000000000000s", String(repeating: "9", count: 500) + "s",
    ])
    func noDurations(_ text: String) {
        #expect(throws: Quantity.Problem.self) { try Quantity.duration(text).get() }
    }
    @Test(arguments: [
        ("512", 512), ("64MiB", 64 << 20), ("10KB", 10_000), ("1.5GiB", 3 << 29), ("3B", 3),
        ("2TB", 2_000_000_000_000),
        ("1.1KiB", 1126), ("0", 0),
    ])
    func sizes(_ text: String, _ bytes: Int) throws {
        #expect(try Quantity.size(text).get() == bytes)
    }
    @Test(arguments: ["", "MiB", "1.5", "-1", "1K", "9223372036854775808", "99999999TiB"])
    func noSizes(_ text: String) {
        #expect(throws: Quantity.Problem.self) { try Quantity.size(text).get() }
    }
    @Test(arguments: [("10%", 0.1), ("0.5%", 0.005), ("0", 0), ("100%", 1), ("-5%", -0.05)])
    func percentages(_ text: String, _ fraction: Double) throws {
        #expect(abs(try Quantity.percentage(text).get() - fraction) < 1e-12)
    }
    @Test(arguments: ["", "%", "10", "0.1", "nan%", "1e400%", "0x10%"])
    func noPercentages(_ text: String) {
        #expect(throws: Quantity.Problem.self) { try Quantity.percentage(text).get() }
    }
    @Test(arguments: ["inf", "nan", "0x1p3", "", "1_000", "1e999"])
    func noNumbers(_ text: String) { #expect(Quantity.number(text) == nil) }

    @Test func written() {
        #expect(Quantity.text(duration: 1_500_000_000) == "1500ms")
        #expect(Quantity.text(duration: 7_200_000_000_000) == "2h")
        #expect(Quantity.text(duration: 0) == "0s")
        #expect(Quantity.text(size: 64 << 20) == "64MiB")
        #expect(Quantity.text(size: 1000) == "1000")
        #expect(Quantity.text(percentage: 0.1) == "10%")
        #expect(Quantity.text(percentage: 0.125) == "12.5%")
    }
    /// What is written is read again.
    @Test(arguments: 0..<64)
    func writtenIsRead(_ shift: UInt64) throws {
        let value: UInt64 = 1 << shift
        #expect(try Quantity.duration(Quantity.text(duration: value)).get() == value)
        guard shift < 63 else { return }
        #expect(try Quantity.size(Quantity.text(size: Int(value))).get() == Int(value))
    }

    @Test(arguments: [
        ("cach", "cache"), ("settigns", "settings"), ("lniks", "links"), ("Module", "module"),
        ("max-connections", "max_connections"), ("nod", "node"),
    ])
    func suggests(_ written: String, _ meant: String) {
        let names = ["cache", "settings", "links", "module", "max_connections", "node", "replicas"]
        #expect(Suggestion.closest(to: written, among: names) == meant)
    }
    @Test(arguments: ["", "x", "something", String(repeating: "cache", count: 100)])
    func suggestsNothing(_ written: String) {
        #expect(Suggestion.closest(to: written, among: ["cache", "settings"]) == nil)
    }
    @Test func distances() {
        func distance(_ left: String, _ right: String) -> Int {
            Suggestion.distance(Array(left.unicodeScalars), Array(right.unicodeScalars))
        }
        #expect(distance("", "abc") == 3)
        #expect(distance("abc", "") == 3)
        #expect(distance("abcd", "acbd") == 1)
        #expect(distance("kitten", "sitting") == 3)
        #expect(distance("", "") == 0)
    }
}
