import ModuleKit
import Testing

@testable import DynamicFragment

/// The parts of a shell in a form that is easy to read.
private func parts(_ text: String, limit: Int = 64) -> [String] {
    let bytes = Array(text.utf8)
    return bytes.withUnsafeBytes { bytes in
        ShellParser.parse(bytes, limit: limit).map { part in
            switch part {
            case .text(let range): return String(decoding: bytes[range], as: UTF8.self)
            case .include(let markup):
                let fallback = String(decoding: bytes[markup.fallback], as: UTF8.self)
                return "[\(markup.source)|\(markup.alternative ?? "")|\(markup.continuesOnError)|\(fallback)]"
            }
        }
    }
}

@Suite struct ShellParserTests {
    @Test(arguments: [
        ("plain", ["plain"]), ("", []),
        ("a<esi:include src=\"/x\"/>b", ["a", "[/x||false|]", "b"]),
        ("<esi:include src='/x' alt='/y' onerror='continue' />", ["[/x|/y|true|]"]),
        ("<esi:include src=\"/x\">old</esi:include>!", ["[/x||false|old]", "!"]),
        ("<esi:include\n src=\"/x?a=1&amp;b=2\"\n/>", ["[/x?a=1&b=2||false|]"]),
        (
            "<esi:include src=\"/x\"><esi:include src=\"/y\">f</esi:include>",
            ["[/x||false|]", "[/y||false|f]"]
        ),
        ("a<esi:remove>b</esi:remove>c", ["a", "c"]), ("a<esi:comment text=\"b\"/>c", ["a", "c"]),
        ("a<!--esi <p><esi:include src=\"/x\"/></p>-->b", ["a", "<p>", "[/x||false|]", "</p>", "b"]),
        ("a<!-- esi -->b", ["a<!-- esi -->b"]), ("a<!--esi unclosed", ["a<!--esi unclosed"]),
        ("<esi:includes src=\"/x\"/>", ["<esi:includes src=\"/x\"/>"]),
        ("<esi:include src=/x/>", ["<esi:include src=/x/>"]),
        ("<esi:include src=\"/x", ["<esi:include src=\"/x"]),
        ("<esi:include", ["<esi:include"]), ("<esi:remove>x", ["<esi:remove>x"]), ("<", ["<"]),
        ("<esi:include/>", ["[||false|]"]), ("a < b <p>", ["a < b <p>"]),
    ])
    func takesApart(_ text: String, _ expected: [String]) {
        #expect(parts(text) == expected)
    }

    @Test func attributes() {
        let text =
            "<esi:include src=\"/x\" timeout=\"250\" cookies=\"yes\" element=\"span\"/><esi:include src=\"/y\" timeout=\"2s\" cookies=\"no\" element=\"a b\"/><esi:include src=\"/z\" timeout=\"x\"/>"
        let bytes = Array(text.utf8)
        let markups = bytes.withUnsafeBytes { ShellParser.parse($0, limit: 9) }.compactMap { part in
            if case .include(let markup) = part { markup } else { nil }
        }
        #expect(markups.map(\.timeout) == [250_000_000, 2_000_000_000, nil])
        #expect(markups.map(\.takesCookies) == [true, false, nil])
        #expect(markups.map(\.element) == ["span", "div", "div"])
    }

    @Test func includesAreBounded() {
        let text = String(repeating: "<esi:include src=\"/x\">f</esi:include>", count: 5)
        #expect(parts(text, limit: 2) == ["[/x||false|f]", "[/x||false|f]", "f", "f", "f"])
    }

    @Test(arguments: ["<esi:include src=\"/x\">", "<esi:remove>", "<!--esi ", "<esi:include ", "<"])
    func largeShellsAreReadInReasonableTime(_ piece: String) {
        let bytes = Array(String(repeating: piece, count: 1_000_000 / piece.utf8.count).utf8)
        let time = ContinuousClock().measure {
            _ = bytes.withUnsafeBytes { ShellParser.parse($0, limit: 64) }
        }
        #expect(time < .seconds(5))
    }

    @Test(arguments: 1...200)
    func anythingIsTakenApart(_ seed: UInt64) {
        var random = Random(seed: seed)
        let words = [
            "<esi:include src=\"/x\"", "/>", ">", "</esi:include>", "<esi:remove>", "</esi:remove>",
            "<!--esi ",
            "-->", "<", "\"", "'", "a", " ", "<esi:comment", "é", "=", "&amp;", "src=",
        ]
        let text = (0..<random.below(40)).map { _ in words[random.below(words.count)] }.joined()
        let bytes = Array(text.utf8)
        bytes.withUnsafeBytes { bytes in
            var end = 0
            for part in ShellParser.parse(bytes, limit: 8) {
                // Text is in order and inside, whatever the shell.
                if case .text(let range) = part {
                    #expect(
                        range.lowerBound >= end && range.upperBound <= bytes.count, "seed \(seed): \(text)")
                    end = range.upperBound
                }
            }
        }
    }

    @Test(arguments: [
        ("/x", true), ("/", true), ("/fragments/a?b=c&d=/..", true), ("/a/..b", true),
        ("//evil.example", false),
        ("http://evil.example/", false), ("x", false), ("", false), ("/\\evil", false), ("/a/../b", false),
        ("/a/%2e%2E/b", false), ("/a/./b", false), ("/a b", false), ("/a\r\nX: y", false), ("/é", false),
        ("/a#b", false), ("/a%0d%0ab", false), ("/a%5cb", false),
        ("/" + String(repeating: "a", count: 2048), false),
    ])
    func onlyLocalPaths(_ path: String, _ isLocal: Bool) {
        #expect(FragmentSource.isLocal(path) == isLocal)
    }

    @Test(
        arguments: [
            ("max-age=5", true, 5), ("s-maxage=3, max-age=9", true, 3), ("private, max-age=5", false, 0),
            ("no-store", false, 0), ("no-cache, max-age=5", true, 0), ("", true, 0), ("max-age=x", true, 0),
        ] as [(String, Bool, UInt64)])
    func lives(_ control: String, _ isPublic: Bool, _ seconds: UInt64) {
        let life = FragmentLife(HTTPContent(fields: [(name: "Cache-Control", value: control)]))
        #expect(life.isPublic == isPublic)
        #expect(life.lifetime == seconds * 1_000_000_000)
    }
}
