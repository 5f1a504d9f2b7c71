import ModuleKit
import RuntimeTesting
import Testing

@testable import StaticCache

@Suite struct CachingTests {
    @Test func aStoredResponseIsServedWithItsAge() throws {
        let rig = try CacheRig()
        #expect(try rig.get("/a").kind == .miss)
        rig.pass(seconds: 10)
        let hit = try rig.get("/a")
        #expect(hit.kind == .hit)
        #expect(hit.age == 10)
        #expect(hit.cacheStatus.ttl == 49 || hit.cacheStatus.ttl == 50)
        #expect(hit.text == "hello")
        #expect(try rig.get("/a", method: .head).kind == .hit)
        #expect(rig.origin.asked.count == 1)
        rig.pass(seconds: 51)
        #expect(try rig.get("/a").kind == .expired)
        #expect(rig.origin.asked.count == 2)
        #expect(rig.metric("souk_cache_answers_total", "hit") == 2)
    }

    @Test(arguments: [
        ("max-age=60", true), ("s-maxage=60, max-age=0", true), ("max-age=60, s-maxage=0", false),
        ("private, max-age=60", false), ("no-store, max-age=60", false), ("no-cache, max-age=60", false),
        ("max-age=0", false), ("max-age=x", false), ("public", false), ("", false),
        ("max-age=60, private=\"x\"", false),
    ])
    func storesWhatItMay(_ control: String, _ isStored: Bool) throws {
        let rig = try CacheRig()
        rig.origin.answer = { _ in page("x", control) }
        try rig.get("/a")
        try rig.get("/a")
        #expect(rig.origin.asked.count == (isStored ? 1 : 2))
    }

    @Test func expiresCountsWithoutMaxAge() throws {
        let rig = try CacheRig()
        let now = Int(rig.node.world.wallNow() / CacheRig.second)
        rig.origin.answer = { request in
            page("x", nil, ("Expires", request.targetText == "/a" ? HTTPDate.text(now + 30) : "0"))
        }
        try rig.get("/a")
        #expect(try rig.get("/a").kind == .hit)
        rig.pass(seconds: 31)
        #expect(try rig.get("/a").kind == .expired)
        try rig.get("/b")
        #expect(try rig.get("/b").kind != .hit)
    }

    @Test func setCookieAndAuthorizationAreNotShared() throws {
        let rig = try CacheRig()
        rig.origin.answer = { _ in page("x", "max-age=60", ("Set-Cookie", "a=b")) }
        try rig.get("/cookie")
        #expect(try rig.get("/cookie").kind == .bypass)
        rig.origin.answer = { _ in page("x", "max-age=60") }
        #expect(try rig.get("/a", ("authorization", "Basic x")).kind == .bypass)
        #expect(try rig.get("/a").kind == .miss)
        #expect(try rig.get("/a", ("authorization", "Basic x")).kind == .hit)
    }

    @Test func hostsDoNotPoison() throws {
        let rig = try CacheRig([("host", .string("canonical.example"))])
        rig.origin.answer = {
            page("from \($0.hostText) \($0.fieldText("x-forwarded-host") ?? "-")", "max-age=60")
        }
        let first = try rig.get("/a", host: "evil.example", ("x-forwarded-host", "evil.example"))
        #expect(first.text == "from canonical.example -")
        #expect(try rig.get("/a", host: "shop.example").kind == .hit)
        let other = try CacheRig([("key", .string("host"))])
        other.origin.answer = { page("from \($0.hostText)", "max-age=60") }
        #expect(try other.get("/a", host: "evil.example").text == "from evil.example")
        #expect(try other.get("/a", host: "shop.example").text == "from shop.example")
        #expect(try other.get("/a", host: "SHOP.example").kind == .hit)
    }

    @Test func varyKeepsVariantsApart() throws {
        let rig = try CacheRig([("variants", .integer(3))])
        rig.origin.answer = {
            page($0.fieldText("x-kind") ?? "none", "max-age=60", ("Vary", "X-Kind, Accept-Encoding"))
        }
        #expect(try rig.get("/a", ("x-kind", "one")).text == "one")
        #expect(try rig.get("/a", ("x-kind", "two")).text == "two")
        #expect(try rig.get("/a", ("x-kind", "one"), ("accept-encoding", "identity")).kind == .hit)
        #expect(try rig.get("/a", ("x-kind", "two")).kind == .hit)
        #expect(rig.origin.asked.count == 2)
        for kind in ["three", "four", "five"] { try rig.get("/a", ("x-kind", kind)) }
        #expect(rig.metric("souk_cache_objects") == 3)
        #expect(try rig.get("/a", ("x-kind", "five")).kind == .hit)
        #expect(try rig.get("/a", ("x-kind", "one")).kind == .miss)
        rig.origin.answer = { _ in page("any", "max-age=60", ("Vary", "*")) }
        try rig.get("/star")
        #expect(try rig.get("/star").kind != .hit)
    }

    @Test func conditionalRequestsOfClients() throws {
        let rig = try CacheRig()
        rig.origin.answer = { _ in
            page(
                "hello", "max-age=60", ("ETag", "\"v1\""), ("Last-Modified", "Sun, 06 Nov 1994 08:49:37 GMT"))
        }
        let first = try rig.get("/a", ("if-none-match", "\"v1\""))
        #expect(first.content.status == 304)
        #expect(rig.origin.asked[0].fieldText("if-none-match") == nil)
        let second = try rig.get("/a", ("if-none-match", "W/\"v1\", \"x\""))
        #expect(second.content.status == 304)
        #expect(second.kind == .hit)
        #expect(second.content.field("etag") == "\"v1\"")
        #expect(second.content.field("content-type") == nil)
        #expect(try rig.get("/a", ("if-none-match", "\"v2\"")).content.status == 200)
        let date = "Sun, 06 Nov 1994 08:49:37 GMT"
        #expect(try rig.get("/a", ("if-modified-since", date)).content.status == 304)
        let earlier = "Sun, 06 Nov 1994 08:49:36 GMT"
        #expect(try rig.get("/a", ("if-modified-since", earlier)).content.status == 200)
        // If-None-Match counts, the date does not.
        #expect(
            try rig.get("/a", ("if-none-match", "\"v2\""), ("if-modified-since", date)).content.status == 200)
        #expect(rig.origin.asked.count == 1)
    }

    @Test func rangesOfStoredResponses() throws {
        let rig = try CacheRig()
        rig.origin.answer = { _ in page("0123456789", "max-age=60", ("ETag", "\"v1\"")) }
        let first = try rig.get("/a", ("range", "bytes=2-4"))
        #expect(first.content.status == 206)
        #expect(first.text == "234")
        #expect(first.content.field("content-range") == "bytes 2-4/10")
        #expect(first.content.field("content-length") == "3")
        #expect(rig.origin.asked[0].fieldText("range") == nil)
        #expect(try rig.get("/a", ("range", "bytes=20-")).content.status == 416)
        #expect(try rig.get("/a", ("range", "bytes=20-")).content.field("content-range") == "bytes */10")
        #expect(try rig.get("/a", ("range", "bytes=1-2"), ("if-range", "\"v1\"")).content.status == 206)
        #expect(try rig.get("/a", ("range", "bytes=1-2"), ("if-range", "\"v0\"")).content.status == 200)
        #expect(try rig.get("/a", ("range", "bytes=1-2"), ("if-range", "W/\"v1\"")).content.status == 200)
        #expect(rig.origin.asked.count == 1)
    }

    @Test func staleResponsesAreConfirmed() throws {
        let rig = try CacheRig()
        rig.origin.answer = { request in
            request.fieldText("if-none-match") == "\"v1\""
                ? HTTPResponse(
                    HTTPContent(
                        status: 304,
                        fields: [(name: "Cache-Control", value: "max-age=10"), (name: "X", value: "2")]))
                : page("hello", "max-age=5", ("ETag", "\"v1\""), ("X", "1"))
        }
        try rig.get("/a")
        rig.pass(seconds: 6)
        let confirmed = try rig.get("/a")
        #expect(confirmed.kind == .revalidated)
        #expect(confirmed.text == "hello")
        #expect(confirmed.content.field("x") == "2")
        #expect(confirmed.content.field("etag") == "\"v1\"")
        #expect(confirmed.age == 0)
        rig.pass(seconds: 9)
        #expect(try rig.get("/a").kind == .hit)
        #expect(rig.origin.asked.count == 2)
    }

    @Test func directivesOfRequests() throws {
        let rig = try CacheRig()
        rig.origin.answer = { _ in page("x", "max-age=60") }
        #expect(try rig.get("/a", ("cache-control", "only-if-cached")).content.status == 504)
        try rig.get("/a")
        rig.pass(seconds: 20)
        #expect(try rig.get("/a", ("cache-control", "only-if-cached")).kind == .hit)
        #expect(try rig.get("/a", ("cache-control", "max-age=30")).kind == .hit)
        #expect(try rig.get("/a", ("cache-control", "min-fresh=30")).kind == .hit)
        #expect(try rig.get("/a", ("cache-control", "min-fresh=50")).kind == .expired)
        rig.pass(seconds: 20)
        #expect(try rig.get("/a", ("cache-control", "max-age=10")).kind == .expired)
        #expect(try rig.get("/a", ("cache-control", "no-cache")).kind == .expired)
        #expect(try rig.get("/a", ("pragma", "no-cache")).kind == .expired)
        #expect(try rig.get("/a", ("cache-control", "no-store")).kind == .bypass)
        rig.pass(seconds: 65)
        #expect(try rig.get("/a", ("cache-control", "max-stale=10")).kind == .stale)
        rig.pass(seconds: 1)
        #expect(try rig.get("/a").kind == .hit)
    }

    @Test func reloadsWithinTheIntervalAreHits() throws {
        let rig = try CacheRig([("reload_interval", .duration(CacheRig.second))])
        try rig.get("/a")
        #expect(try rig.get("/a", ("cache-control", "no-cache")).kind == .hit)
        rig.pass(seconds: 1.1)
        #expect(try rig.get("/a", ("cache-control", "max-age=0")).kind == .expired)
    }

    @Test func negativeAnswersAreKeptForAWhile() throws {
        let rig = try CacheRig()
        rig.origin.answer = { _ in page("nothing", nil, status: 404) }
        try rig.get("/none")
        #expect(try rig.get("/none").kind == .hit)
        rig.pass(seconds: 5.1)
        #expect(try rig.get("/none").kind == .expired)
        rig.origin.answer = { _ in page("broken", nil, status: 500) }
        try rig.get("/broken")
        #expect(try rig.get("/broken").kind == .miss)
    }

    @Test func changesInvalidate() throws {
        let rig = try CacheRig()
        for target in ["/a", "/b", "/c"] { try rig.get(target) }
        rig.origin.answer = { request in
            request.method == .post
                ? page("done", nil, ("Location", "/b"), ("Content-Location", "http://other.example/c"))
                : page("x", "max-age=60")
        }
        #expect(try rig.get("/a", method: .post).kind == .bypass)
        #expect(try rig.get("/a").kind == .miss)
        #expect(try rig.get("/b").kind == .miss)
        #expect(try rig.get("/c").kind == .hit)
        rig.origin.answer = { _ in page("no", nil, status: 500) }
        try rig.get("/c", method: .post)
        #expect(try rig.get("/c").kind == .hit)
    }

    @Test func headersOfTheOriginsAgeCount() throws {
        let rig = try CacheRig()
        rig.origin.answer = { _ in
            var response = page("x", "max-age=60")
            response.age = 50
            return response
        }
        try rig.get("/a")
        rig.pass(seconds: 5)
        #expect(try rig.get("/a").age == 55)
        rig.pass(seconds: 6)
        #expect(try rig.get("/a").kind == .expired)
    }

    @Test func lifeIsJitteredByChanceOfTheRun() throws {
        func lives(_ seed: UInt64) throws -> [Int32] {
            let rig = try CacheRig([("jitter", .percentage(0.5))], seed: seed)
            rig.origin.answer = { _ in page("x", "max-age=1000") }
            return try (0..<50).map { index in
                try rig.get("/\(index)")
                return try rig.get("/\(index)").cacheStatus.ttl
            }
        }
        let one = try lives(1)
        #expect(one == (try lives(1)))
        #expect(one != (try lives(2)))
        #expect(one.allSatisfy { (499...1000).contains($0) })
        #expect(Set(one).count > 40)
    }

    @Test func streamsPassThrough() throws {
        let rig = try CacheRig()
        rig.origin.answer = { _ in
            let stream = HTTPBodyStream()
            stream.write(HTTPBody("piece"))
            stream.finish()
            return HTTPResponse(
                HTTPContent(fields: [(name: "Cache-Control", value: "max-age=60")], hasLength: false),
                stream: stream)
        }
        #expect(try rig.get("/a").stream != nil)
        #expect(try rig.get("/a").kind == .bypass)
        #expect(rig.metric("souk_cache_objects") == 0)
    }

    @Test(arguments: [(5, true), (3, false)])
    func streamsAreGatheredUpToABound(_ limit: Int, _ isStored: Bool) throws {
        let rig = try CacheRig([("collect", .size(limit))])
        rig.origin.answer = { _ in
            let stream = HTTPBodyStream()
            for piece in ["he", "llo"] { stream.write(HTTPBody(piece)) }
            stream.finish()
            return HTTPResponse(
                HTTPContent(fields: [(name: "Cache-Control", value: "max-age=60")], hasLength: false),
                stream: stream)
        }
        let answers = (0..<3).map { _ in rig.send("/a") }
        rig.pass(seconds: 1)
        for answer in answers {
            let response = try #require(try answer.result?.get())
            #expect((response.stream == nil) == isStored)
            if isStored { #expect(response.text == "hello") }
        }
        #expect(rig.metric("souk_cache_objects") == (isStored ? 1 : 0))
        #expect(rig.origin.asked.count == (isStored ? 1 : 4))
        if isStored { #expect(try rig.get("/a").content.field("content-length") == "5") }
        rig.origin.answer = { _ in
            let stream = HTTPBodyStream()
            stream.write(HTTPBody("x"))
            stream.fail()
            return HTTPResponse(
                HTTPContent(fields: [(name: "Cache-Control", value: "max-age=60")], hasLength: false),
                stream: stream)
        }
        #expect(throws: AskFailure.failed) { try rig.get("/broken") }
    }

    @Test func theSameContentStaysTheSameObject() throws {
        let rig = try CacheRig()
        rig.origin.answer = { _ in page("x", "max-age=1") }
        let first = try rig.get("/a").content
        rig.pass(seconds: 2)
        #expect(try rig.get("/a").content === first)
        rig.origin.answer = { _ in page("y", "max-age=1") }
        rig.pass(seconds: 2)
        #expect(try rig.get("/a").text == "y")
    }

    @Test func cookiesNeedAWordFromTheOrigin() throws {
        let rig = try CacheRig([("ttl", .duration(60 * CacheRig.second))])
        rig.origin.answer = { page("for \($0.fieldText("cookie") ?? "all")", nil) }
        #expect(try rig.get("/a", ("cookie", "me")).text == "for me")
        #expect(try rig.get("/a").text == "for all")
        #expect(try rig.get("/a").kind == .hit)
    }
}
