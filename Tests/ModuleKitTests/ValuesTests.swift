import ModuleKit
import Testing

@Suite struct JSONTests {
    @Test(arguments: [
        "null", "true", "[]", "{}", "[1,2,3]", "{\"a\":{\"b\":[null,false,-1.5]}}", "\"\\u00e9\\n\\\"\"",
        "-0.5",
        "9223372036854775807", "\"\\ud83d\\ude00\"",
    ]) func whatIsWrittenIsReadAgain(text: String) throws {
        let value = try JSON(parsing: text)
        #expect(try JSON(parsing: value.encoded()) == value)
    }
    @Test(arguments: [
        "", " ", "[1,]", "{\"a\"}", "{\"a\":1,}", "01", "1.", "1e", "tru", "\"\u{1}\"", "\"\\x\"",
        "\"\\ud800\"",
        "[1] 2", "{\"a\":1,\"a\":2}", "nulll", "'a'", "NaN", "1e999", "\"abc",
    ]) func wrongTextsAreRefused(text: String) {
        #expect(throws: JSONError.self) { try JSON(parsing: text) }
    }
    @Test func nestingAndSizeAreBounded() {
        let deep = String(repeating: "[", count: 100) + String(repeating: "]", count: 100)
        #expect(throws: JSONError.self) { try JSON(parsing: deep) }
        let wide = Array("[\(Array(repeating: "1", count: 50).joined(separator: ","))]".utf8)
        #expect(throws: JSONError.self) { try JSON(parsing: wide, limit: 10) }
    }
    @Test(arguments: 1...20 as ClosedRange<UInt64>) func anyBytesAreAnswered(seed: UInt64) {
        var random = Random(seed: seed)
        let alphabet = Array("{}[]\":,0123456789truefalsn\\u \u{0}é".utf8)
        for _ in 0..<500 {
            let bytes = (0..<random.below(40)).map { _ in alphabet[random.below(alphabet.count)] }
            if let value = try? JSON(parsing: bytes) {
                #expect((try? JSON(parsing: value.encoded())) == value, "seed \(seed)")
            }
        }
    }
    @Test func scriptsCannotBeClosed() { #expect(JSON.string("</script>").text == "\"\\u003c/script>\"") }
}

@Suite struct HTTPValuesTests {
    @Test func requestKnowsItsParts() {
        let request = HTTPRequest(
            .get, "/search?q=tea+pot%21&page=2", host: "shop.example",
            fields: [("cookie", "a=1; souk_cart=x.y"), ("accept", "text/html"), ("cookie", "b=2")])
        #expect(request.pathText == "/search")
        #expect(request.queryParameter("q") == "tea pot!")
        #expect(request.queryParameter("page") == "2")
        #expect(request.queryParameter("none") == nil)
        #expect(request.fieldText("accept") == "text/html")
        #expect(request.fieldTexts("cookie").count == 2)
        #expect(request.cookie("souk_cart") == "x.y")
        #expect(request.cookie("b") == "2")
        #expect(request.cookie("cart") == nil)
        #expect(request.detached().queryParameter("q") == "tea pot!")
    }
    @Test func contentHoldsHeadAndBody() {
        let content = HTTPContent(
            status: 404, fields: [("Content-Type", "text/plain"), ("X-Evil", "a\r\nSet-Cookie: b")],
            body: HTTPBody("gone"))
        #expect(String(decoding: content.head, as: UTF8.self).hasPrefix("HTTP/1.1 404 Not Found\r\n"))
        #expect(content.field("content-length") == "4")
        #expect(content.field("content-type") == "text/plain")
        #expect(content.field("set-cookie") == nil)
        #expect(content.field("content") == nil)
        #expect(content.fields.count == 3)
    }
    @Test func notModifiedHasNoLength() {
        #expect(HTTPContent(status: 304, fields: [("ETag", "\"a\"")]).field("content-length") == nil)
    }
    @Test(arguments: [
        ("a%20b", "a b"), ("%", "%"), ("%4", "%4"), ("%zz", "%zz"), ("%41%", "A%"), ("a+b", "a+b"),
    ])
    func percentDecoding(_ text: String, _ expected: String) {
        #expect(HTTPText.percentDecoded(Array(text.utf8)) == expected)
    }
    @Test func streamIsBoundedAndTellsTheProducer() {
        let stream = HTTPBodyStream(limit: 10)
        #expect(stream.write(HTTPBody("12345")))
        #expect(stream.isWritable)
        #expect(stream.write(HTTPBody("67890")))
        #expect(!stream.isWritable)
        #expect(stream.take().count == 2)
        #expect(stream.isWritable)
        stream.cancel()
        #expect(!stream.write(HTTPBody("x")))
    }
}

@Suite struct HashTests {
    @Test func jumpMovesFewKeys() {
        let keys = (0..<10_000).map { StableHash.mix(UInt64($0)) }
        let moved = keys.count { StableHash.jump($0, buckets: 4) != StableHash.jump($0, buckets: 5) }
        #expect((1_800...2_200).contains(moved))
        var counts = [0, 0, 0, 0]
        for key in keys { counts[StableHash.jump(key, buckets: 4)] += 1 }
        #expect(counts.allSatisfy { (2_350...2_650).contains($0) })
    }
    @Test func hashesStayTheSame() {
        // Orders are routed by them: a change would look for orders on the wrong shard.
        #expect(StableHash.mix(1) == 0x910A_2DEC_8902_5CC1)
        #expect(OrdersContract.shard(ofVariant: 42, of: 4) == StableHash.jump(StableHash.mix(42), buckets: 4))
    }
}

@Suite struct HistogramTests {
    @Test(arguments: [0, 1, 1023, 1024, 1025, 1_000_000, 123_456_789, 60_000_000_000] as [UInt64])
    func boundsHoldWhatTheyCount(duration: UInt64) {
        let histogram = Histogram()
        histogram.record(duration)
        let bound = Histogram.quantile(1, of: histogram.counts)
        #expect(bound > duration)
        #expect(Double(bound) <= max(1024, Double(duration) * 1.26))
    }
}

@Suite struct AddressTests {
    @Test(arguments: [
        ("127.0.0.1:80", "127.0.0.1:80"), (":8080", "0.0.0.0:8080"), ("[::1]:1", "[::1]:1"),
        ("unix:/run/a", "unix:/run/a"),
    ]) func addressesAreRead(_ text: String, _ expected: String) {
        #expect(SocketAddress(text)?.description == expected)
    }
    @Test(arguments: ["", "80", "a:b", "1.2.3.4:99999", "::1:80", "unix:"]) func wrongAddressesAreNot(
        text: String
    ) {
        #expect(SocketAddress(text) == nil)
    }
}
