import ModuleKit
import Testing

@testable import Topology

struct SyntaxTests {
    @Test func rendersWithCaret() {
        let text = Samples.cache("settings: { ttl: 60, capacity: 64Mib }")
        let source = SourceText(text)
        let diagnostics = TopologyFile.load(source, path: "shop.yaml", environment: [:], modules: Samples.all)
            .diagnostics
        #expect(
            diagnostics.render(source) == """
                shop.yaml:6:22: error: 'ttl': '60' has no unit
                        settings: { ttl: 60, capacity: 64Mib }
                                         ^~
                    expected a duration from 1ms to 1h, for instance 1m
                    did you mean '60s'?
                shop.yaml:6:36: error: 'capacity': 'Mib' is no unit
                        settings: { ttl: 60, capacity: 64Mib }
                                                       ^~~~~
                    expected a size from 1KiB to 1TiB, for instance 64MiB
                    did you mean '64MiB'?
                2 errors

                """)
    }
    /// Tabs stay tabs, so that the caret stands where it should; long lines are cut around it; nothing
    /// reaches the terminal that could steer it.
    @Test func rendersAnyLine() {
        func render(_ text: String, _ offset: Int, length: Int = 1) -> [String] {
            let position = SourcePosition(line: 1, column: offset + 1, offset: offset)
            return Diagnostic(path: "f", position: position, length: length, message: "m").render(
                SourceText(text)
            )
            .split(separator: "\n", omittingEmptySubsequences: false).dropFirst().map { String($0) }
        }
        #expect(render("\ta: b", 4, length: 9) == ["    \ta: b", "    \t   ^"])
        #expect(render("", 0) == ["    ", "    ^"])
        #expect(render("é: ü", 3) == ["    é: ü", "       ^"])
        let long = render(
            String(repeating: "a", count: 500) + "X" + String(repeating: "b", count: 500), 500, length: 5)
        #expect(long.first?.count == 4 + 102)
        #expect(long.last?.prefix { $0 != "^" }.count == long.first?.prefix { $0 != "X" }.count)
        #expect(long.last?.hasSuffix("^~~~~") == true)
        #expect(render("a\u{1B}[2J", 0).first == "    a\u{FFFD}[2J")
    }

    @Test(arguments: [
        ("souk: 1\nactors:\n  s: { module: db-shard\n", 1), ("souk: 1\n\tactors: {}\n", 1),
        ("souk: 1\nactors:\n  s: \"open\n", 1), ("souk: 1\n a: b\n", 1), ("a: b: c", 1), ("]", 1),
        ("@a: 1", 1),
        ("souk: 1\nactors: { s: { module: db-shard } }\n key\n", 1), ("%YAML 3.0\n---\n", 1), ("!<a b: c", 1),
    ])
    func isNoYAML(_ text: String, _ count: Int) {
        let (topology, diagnostics) = Samples.load(text)
        #expect(topology == nil)
        #expect(diagnostics.hasErrors)
    }

    /// Behind a syntax error the rest is read nevertheless, and nothing is called missing.
    @Test func syntaxErrorsDoNotHideOthers() {
        let text = """
            souk: 1
            loops: 99
            actors:
              gate:
                module: http-gate
                settings { listen: ":80" }
                links: { pages: cache }
              cache:
                module: static-cahce
                links: { origin: cache, x: "a" b }
              shard:
                module: db-shard
                replica: 3
            """
        let problems = Samples.problems(text)
        #expect(problems.contains("2:8 'loops' cannot be '99'"), "\(problems)")
        #expect(problems.contains("9:13 there is no module 'static-cahce'"), "\(problems)")
        #expect(problems.contains("13:5 actor 'shard' has no key 'replica'"), "\(problems)")
        #expect(problems.contains { $0.hasPrefix("7:") || $0.hasPrefix("6:") }, "\(problems)")
        #expect(problems.contains { $0.hasPrefix("10:") }, "\(problems)")
        #expect(problems.count == 5, "\(problems)")
    }

    @Test func openQuoteIsToldOnce() {
        let text = """
            souk: 1
            actors:
              a: { module: "db-shard }
              b: { module: db-shrad }
            """
        let problems = Samples.problems(text)
        #expect(problems.contains("4:16 there is no module 'db-shrad'"), "\(problems)")
        #expect(problems.contains { $0.hasPrefix("3:16 ") }, "the open quote itself: \(problems)")
        #expect(problems.count == 2, "\(problems)")
    }

    /// The line at fault may be the one before the error; what is behind a line with letters beyond ASCII
    /// keeps its place.
    @Test(arguments: [
        ("souk:1\nactors:\n  s: { module: db-shrad }", "3:16 there is no module 'db-shrad'", 2),
        ("é: ü: ö\nsouk: 1\nactors:\n  s: { module: db-shrad }", "4:16 there is no module 'db-shrad'", 2),
    ])
    func findsTheLine(_ text: String, _ problem: String, _ count: Int) {
        let problems = Samples.problems(text)
        #expect(problems.contains(problem), "\(problems)")
        #expect(problems.count == count, "\(problems)")
    }

    @Test(
        arguments: [
            ([0xFF, 0xFE, 0x61, 0x00], "1:1 the file is UTF-16; save it as UTF-8"),
            ([0x61, 0x3A, 0x20, 0xFF], "1:4 byte 0xFF is not UTF-8; save the file as UTF-8"),
            ([0x61, 0x0A, 0xC0, 0x80], "2:1 byte 0xC0 is not UTF-8; save the file as UTF-8"),
            ([0xED, 0xA0, 0x80], "1:1 byte 0xED is not UTF-8; save the file as UTF-8"),
            ([0x61, 0xE2, 0x82], "1:2 byte 0xE2 is not UTF-8; save the file as UTF-8"),
            ([0x61, 0x00], "1:2 a NUL character; is this a text, and saved as UTF-8?"),
            ([0x0D, 0x0A, 0x1B], "2:1 control character U+001B is not allowed"),
            ([0x61, 0xEF, 0xBB, 0xBF], "1:2 control character U+FEFF is not allowed"),
        ] as [([UInt8], String)])
    func wrongBytes(_ bytes: [UInt8], _ problem: String) {
        let source = SourceText(bytes)
        let diagnostics = TopologyFile.load(source, path: "f", environment: [:], modules: []).diagnostics
        #expect(diagnostics.map { "\($0.line):\($0.column) \($0.message)" } == [problem])
        #expect(!diagnostics.render(source).isEmpty)
    }
    @Test func byteOrderMarkAndWindowsLines() {
        let text = "\u{FEFF}" + Samples.shop.split(separator: "\n").joined(separator: "\r\n")
        #expect(Samples.load(text).diagnostics == [])
        let wrong = "\u{FEFF}souk: 1\r\nactors:\r\n  s: { module: db-shrad }"
        let source = SourceText(wrong)
        let diagnostics = TopologyFile.load(source, path: "f", environment: [:], modules: Samples.all)
            .diagnostics
        #expect(diagnostics.first?.line == 3)
        let lines = diagnostics.render(source).split(separator: "\n")
        #expect(lines.dropFirst().first == "      s: { module: db-shrad }")
        #expect(lines.dropFirst(2).first == "                   ^~~~~~~~")
    }
}
