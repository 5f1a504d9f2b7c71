import ModuleKit
import Testing

@testable import StaticCache

@Suite struct SyntaxTests {
    @Test(arguments: [
        ("max-age=60", 60), ("MAX-AGE=60", 60), ("public, max-age=5 , x=1", 5), ("max-age=\"7\"", 7),
        ("max-age=1, max-age=9", 1), ("max-age=-1", 0), ("max-age=1.5", 0), ("max-age=a", 0),
        ("max-age= 5", 0), ("max-age=99999999999999999999999", 0x7FFF_FFFF),
        ("x=\"max-age=3\", max-age=4", 4),
        ("x=\"a\\\"b, max-age=3\", max-age=4", 4), ("max-age", 0), (",,max-age=2,,", 2),
    ])
    func maxAge(_ text: String, _ seconds: UInt32) {
        #expect(CacheControl(text).maxAge == seconds)
    }

    @Test func flagsAndStaleness() {
        let control = CacheControl(
            "no-cache=\"set-cookie\", private, no-store, must-revalidate, s-maxage=3, stale-while-revalidate=4, stale-if-error=5"
        )
        #expect(control.flags == [.noCache, .isPrivate, .noStore, .mustRevalidate])
        #expect(control.sharedMaxAge == 3)
        #expect(control.staleWhileRevalidate == 4)
        #expect(control.staleIfError == 5)
        #expect(CacheControl("max-stale").flags == .anyStale)
        #expect(CacheControl("max-stale=9").maxStale == 9)
        #expect(CacheControl("s-maxagex=3, xs-maxage=4") == CacheControl())
    }

    @Test(arguments: [
        ("Sun, 06 Nov 1994 08:49:37 GMT", 784_111_777), ("Sunday, 06-Nov-94 08:49:37 GMT", 784_111_777),
        ("Sun Nov  6 08:49:37 1994", 784_111_777), ("Thu, 01 Jan 1970 00:00:00 GMT", 0),
        ("Thu, 29 Feb 2024 12:00:00 GMT", 1_709_208_000), ("Wed, 11 Nov 2026 00:00:00 GMT", 1_794_355_200),
        ("Thu, 01 Jan 2037 00:00:00 GMT", 2_114_380_800),
    ])
    func dates(_ text: String, _ seconds: Int) {
        #expect(HTTPDate.seconds(text) == seconds)
        #expect(HTTPDate.seconds(HTTPDate.text(seconds)) == seconds)
    }

    @Test(arguments: [
        "", "0", "Sun, 06 Nov 1994 08:49:37", "Sun, 06 Nov 1994 08:49:37 UTC", "Sun, 6 Foo 1994 08:49:37 GMT",
        "Sun, 06 Nov 1994 25:00:00 GMT", "Sun, 06 Nov 1994 8:49:37 GMT", "Sun, 99 Nov 1994 08:49:37 GMT",
        "Sun, 06 Nov 99999999999999999999 08:49:37 GMT", "Sun, 06 Nov -1 08:49:37 GMT",
    ])
    func noDates(_ text: String) {
        #expect(HTTPDate.seconds(text) == nil)
    }

    @Test func datesAreWritten() {
        #expect(HTTPDate.text(784_111_777) == "Sun, 06 Nov 1994 08:49:37 GMT")
        #expect(HTTPDate.text(0) == "Thu, 01 Jan 1970 00:00:00 GMT")
        var random = Random(seed: 7)
        for _ in 0..<2_000 {
            let seconds = random.below(10_000_000_000)
            let text = HTTPDate.text(seconds)
            #expect(HTTPDate.seconds(text) == seconds, "\(text)")
        }
    }

    @Test(arguments: [
        ("bytes=0-4", ByteRange.part(0..<5)), ("bytes=5-", .part(5..<10)), ("bytes=-3", .part(7..<10)),
        ("bytes=-30", .part(0..<10)), ("bytes=0-99", .part(0..<10)), ("bytes=9-9", .part(9..<10)),
        ("bytes=10-", .unsatisfiable), ("bytes=10-12", .unsatisfiable), ("bytes=-0", .unsatisfiable),
        ("bytes=4-2", .whole), ("bytes=0-1,3-4", .whole), ("items=0-1", .whole), ("bytes=", .whole),
        ("bytes=-", .whole), ("bytes=a-b", .whole), ("bytes=1-b", .whole), ("BYTES=1-2", .part(1..<3)),
        ("bytes=99999999999999999999-", .whole), ("bytes=0-999999999999999999999", .whole), ("", .whole),
    ])
    func ranges(_ text: String, _ expected: ByteRange) {
        let bytes = Array(text.utf8)
        #expect(bytes.withUnsafeBytes { ByteRange(parsing: $0, count: 10) } == expected)
    }

    @Test(arguments: [
        ("\"a\"", true), ("W/\"a\"", true), ("\"b\", \"a\"", true), ("*", true), ("\"b\",W/\"a\"", true),
        ("\"b\"", false), ("a", false), ("\"a", false), ("", false), ("\"b\" x \"a\"", false),
        ("\"a,b\", \"a\"", true), ("W/", false),
    ])
    func entityTags(_ list: String, _ isNamed: Bool) {
        for tag in ["\"a\"", "W/\"a\""] {
            let validators = Validators(tag: tag, lastModified: nil)
            let bytes = Array(list.utf8)
            #expect(bytes.withUnsafeBytes { validators.isNamed(in: $0) } == isNamed)
        }
    }

    @Test(
        arguments: [
            ("gzip, deflate, br", AcceptEncoding([.gzip, .brotli])), ("br;q=0, gzip", .gzip),
            ("gzip;q=0.0, *;q=0.5", [.brotli, .zstandard]),
            ("*", [AcceptEncoding.gzip, .brotli, .zstandard]), ("", []),
            ("identity;q=0, br", [.brotli, .codedOnly]), ("*;q=0", .codedOnly), ("x-gzip; q=1", .gzip),
            ("GZIP ;q=0.5", .gzip), ("zstd", .zstandard),
        ] as [(String, AcceptEncoding)])
    func encodings(_ text: String, _ expected: AcceptEncoding) {
        #expect(AcceptEncoding(text) == expected)
    }

    @Test func varySelectsByMeaning() throws {
        let vary = try #require(VaryFields(["Accept-Encoding, X-Kind", "x-kind"]))
        #expect(vary.names == ["accept-encoding", "x-kind"].map { Array($0.utf8) })
        func selection(_ fields: [(name: String, value: String)]) -> [UInt8] {
            var result: [UInt8] = []
            vary.select(HTTPRequest(.get, "/", fields: fields), into: &result)
            return result
        }
        let one = selection([("accept-encoding", "gzip, br"), ("x-kind", "a,  b")])
        #expect(one == selection([("X-Kind", " a,b "), ("Accept-Encoding", "br;q=0.5,gzip;q=1")]))
        #expect(one == selection([("x-kind", "a"), ("x-kind", "b"), ("accept-encoding", "br,gzip")]))
        #expect(one != selection([("accept-encoding", "gzip"), ("x-kind", "a,  b")]))
        #expect(one != selection([("accept-encoding", "gzip, br"), ("x-kind", "a c")]))
        #expect(selection([("x-kind", "")]) != selection([]))
        #expect(VaryFields([""]) == nil)
        #expect(VaryFields(["a, *"])?.isAny == true)
    }
}
