import ModuleKit
import RuntimeTesting
import Testing

@testable import DynamicFragment

private let millisecond: UInt64 = 1_000_000

@Suite struct PageTests {
    @Test func whatIsAtHandIsOneWholePage() throws {
        let rig = try PageRig()
        rig.shop.set("/", shell("<p><esi:include src=\"/f/1\"/>, <esi:include src=\"/f/2\"/></p>"))
        rig.shop.set("/f/1", fragment("one"))
        rig.shop.set("/f/2", fragment("two"))
        let page = try rig.get()
        #expect(page.text == "<p>one, two</p>")
        #expect(page.response.stream == nil)
        #expect(page.response.content.field("content-length") == "15")
        #expect(page.response.content.field("surrogate-control") == nil)
        #expect(page.response.content.field("etag") == nil)
        #expect(page.response.content.field("cache-control") == "private, no-cache")
    }

    @Test func tenFragmentsOfFiftyMillisecondsTakeLessThanEighty() throws {
        let rig = try PageRig()
        let includes = (0..<10).map { "<esi:include src=\"/f/\($0)\"/>" }.joined(separator: " ")
        rig.shop.set("/", shell("<h1>Shop</h1>\(includes)<p>end</p>"))
        for index in 0..<10 { rig.shop.set("/f/\(index)", fragment("\(index)"), delay: 50) }
        let page = try rig.get()
        #expect(page.text == "<h1>Shop</h1>0 1 2 3 4 5 6 7 8 9<p>end</p>")
        #expect(page.took < 80 * millisecond)
        #expect(page.began < 10 * millisecond)
        #expect(page.beginning == "<h1>Shop</h1>")
    }

    @Test func piecesLeaveInOrderAsTheyCome() throws {
        let rig = try PageRig()
        rig.shop.set(
            "/", shell("a<esi:include src=\"/slow\"/>b<esi:include src=\"/quick\"/>c"))
        rig.shop.set("/slow", fragment("S"), delay: 100)
        rig.shop.set("/quick", fragment("Q"))
        let page = try rig.get()
        #expect(page.beginning == "a")
        #expect(page.text == "aSbQc")
        #expect(rig.metric("souk_fragment_pages_total", "streamed") == 1)
    }

    @Test func otherResponsesPassUntouched() throws {
        let rig = try PageRig()
        let plain = fragment("<esi:include src=\"/f\"/>")
        rig.shop.set("/", plain)
        let page = try rig.get()
        #expect(page.response.content === plain.content)
        rig.shop.set(
            "/json",
            HTTPResponse(
                status: 200, type: "application/json",
                fields: [(name: "Surrogate-Control", value: "content=\"ESI/1.0\"")], body: HTTPBody("{}")))
        #expect(try rig.get("/json").text == "{}")
        rig.shop.set("/failing", nil)
        #expect(throws: AskFailure.failed) { try rig.get("/failing") }
        #expect(rig.metric("souk_fragment_pages_total", "passed") == 2)
    }

    @Test func lateFragmentsShowTheirFallback() throws {
        let rig = try PageRig()
        rig.shop.set(
            "/",
            shell(
                """
                <esi:include src="/late">old</esi:include>;<esi:include src="/late" onerror="continue"/>;\
                <esi:include src="/late" timeout="50">fast</esi:include>;<esi:include src="/bad">bad</esi:include>
                """))
        rig.shop.set("/late", fragment("late"), delay: 5_000)
        rig.shop.set("/bad", fragment("error", status: 500))
        let page = try rig.get()
        #expect(page.text == "old;;fast;bad")
        #expect((500...520).contains(page.took / millisecond))
        #expect(rig.metric("souk_fragment_includes_total", "late") == 3)
        rig.pass(seconds: 10)
    }

    @Test func theLastGoodAnswerStandsIn() throws {
        let rig = try PageRig([("keep", .duration(60_000 * millisecond))])
        rig.shop.set("/", shell("<esi:include src=\"/f\">none</esi:include>"))
        rig.shop.set("/f", fragment("good"))
        #expect(try rig.get().text == "good")
        rig.shop.set("/f", nil)
        #expect(try rig.get().text == "good")
        rig.shop.set("/f", fragment("late"), delay: 5_000)
        #expect(try rig.get().text == "good")
        rig.pass(seconds: 6)
        #expect(rig.metric("souk_fragment_includes_total", "stale") == 2)
        // What came late is the last good answer from then on.
        rig.shop.set("/f", nil)
        #expect(try rig.get().text == "late")
        rig.pass(seconds: 61)
        #expect(try rig.get().text == "none")
    }

    @Test func keptAnswersAreBounded() throws {
        let rig = try PageRig([("keep_bytes", .size(1_000))])
        let text = String(repeating: "x", count: 300)
        for index in 0..<5 {
            rig.shop.set("/\(index)", shell("<esi:include src=\"/f/\(index)\">none</esi:include>"))
            rig.shop.set("/f/\(index)", fragment(text))
            _ = try rig.get("/\(index)")
            rig.shop.set("/f/\(index)", nil)
        }
        let pages = try (0..<5).map { try rig.get("/\($0)").text }
        #expect(pages == ["none", "none", text, text, text])
    }

    @Test func alternatives() throws {
        let rig = try PageRig()
        rig.shop.set("/", shell("<esi:include src=\"/bad\" alt=\"/other\">none</esi:include>"))
        rig.shop.set("/bad", fragment("x", status: 404))
        rig.shop.set("/other", fragment("other"))
        #expect(try rig.get().text == "other")
        rig.shop.set("/other", fragment("x", status: 404))
        rig.pass(seconds: 601)
        #expect(try rig.get().text == "none")
    }

    @Test func aPageCanBeMadeToFail() throws {
        let rig = try PageRig([("failure", .string("page"))])
        rig.shop.set("/", shell("<esi:include src=\"/bad\"/>"))
        #expect(try rig.get().response.content.status == 502)
        rig.shop.set("/", shell("<esi:include src=\"/bad\" onerror=\"continue\"/>ok"))
        #expect(try rig.get().text == "ok")
        rig.shop.set("/", shell("begin<esi:include src=\"/late\"/>"))
        rig.shop.set("/late", fragment("late"), delay: 5_000)
        let page = try rig.get()
        #expect(page.text == "begin")
        #expect(!page.isComplete)
        rig.pass(seconds: 10)
    }

    @Test func nestedIncludes() throws {
        let rig = try PageRig([("depth", .integer(1))])
        rig.shop.set("/", shell("[<esi:include src=\"/a\"/>]"))
        rig.shop.set("/a", shell("a(<esi:include src=\"/b\"/>)"))
        rig.shop.set("/b", shell("b(<esi:include src=\"/b\">deep</esi:include>)"))
        #expect(try rig.get().text == "[a(b(deep))]")
        #expect(rig.shop.count("/b") == 1)
    }

    @Test func includesInAllAreBounded() throws {
        let rig = try PageRig([("includes", .integer(5)), ("depth", .integer(8))])
        // Each asks for itself twice: without a bound 2^8 questions.
        rig.shop.set("/", shell("<esi:include src=\"/a\"/>"))
        rig.shop.set("/a", shell("<esi:include src=\"/a\"/>x<esi:include src=\"/a\"/>"))
        _ = try rig.get()
        #expect(rig.shop.count("/a") == 5)
    }

    @Test(arguments: ["http://evil.example/x", "//evil.example/x", "/a/../b", ""])
    func onlyLocalSources(_ source: String) throws {
        let rig = try PageRig()
        rig.shop.set("/", shell("<esi:include src=\"\(source)\">safe</esi:include>"))
        #expect(try rig.get().text == "safe")
        #expect(rig.shop.asked.count == 1)
    }

    @Test func cookiesGoOnlyWhereTheyAreAskedFor() throws {
        let rig = try PageRig()
        rig.shop.set(
            "/",
            shell(
                "<esi:include src=\"/fragments/cart-count\"/><esi:include src=\"/f\"/><esi:include src=\"/g\" cookies=\"yes\"/>"
            ))
        for path in ["/fragments/cart-count", "/f", "/g"] { rig.shop.set(path, fragment("x", "private")) }
        _ = try rig.get("/", [(name: "cookie", value: "cart=1"), (name: "authorization", value: "secret")])
        func cookie(_ path: String) -> String? {
            rig.shop.asked.first { $0.targetText == path }?.fieldText("cookie")
        }
        #expect(cookie("/fragments/cart-count") == "cart=1")
        #expect(cookie("/f") == nil)
        #expect(cookie("/g") == "cart=1")
        for request in rig.shop.asked.dropFirst() { #expect(request.fieldText("authorization") == nil) }
    }

    @Test func personalAnswersAreNeverUsedAgain() throws {
        let rig = try PageRig()
        rig.shop.set("/", shell("<esi:include src=\"/fragments/cart-count\">0</esi:include>", cached: true))
        rig.shop.set("/fragments/cart-count", fragment("7", "private, max-age=60"))
        #expect(try rig.get("/", [(name: "cookie", value: "me")]).text == "7")
        rig.shop.set("/fragments/cart-count", nil)
        #expect(try rig.get("/", [(name: "cookie", value: "you")]).text == "0")
        #expect(try rig.get().text == "0")
        // Even what claims to be for all is not, if it was asked with cookies.
        rig.shop.set("/fragments/cart-count", fragment("9", "max-age=60"))
        #expect(try rig.get("/", [(name: "cookie", value: "me")]).text == "9")
        rig.shop.set("/fragments/cart-count", nil)
        #expect(try rig.get().text == "0")
    }

    @Test func livesCountWithoutACacheBehind() throws {
        let rig = try PageRig()
        rig.shop.set("/", shell("<esi:include src=\"/f\"/>"))
        rig.shop.set("/f", fragment("x", "max-age=10"))
        for _ in 0..<5 { _ = try rig.get() }
        #expect(rig.shop.count("/f") == 1)
        rig.pass(seconds: 11)
        _ = try rig.get()
        #expect(rig.shop.count("/f") == 2)
        // A cache behind decides by itself, and purges reach it.
        rig.shop.set("/f", fragment("x", "max-age=10", cached: true))
        rig.pass(seconds: 11)
        for _ in 0..<5 { _ = try rig.get() }
        #expect(rig.shop.count("/f") == 7)
    }

    @Test func cachedShellsAreTakenApartOnceAndPagesPutTogetherOnce() throws {
        let rig = try PageRig([("shells", .integer(2))])
        rig.shop.set("/", shell("<esi:include src=\"/f\"/>", cached: true))
        rig.shop.set("/f", fragment("x", "max-age=10", cached: true))
        let first = try rig.get().response.content
        #expect(try rig.get().response.content === first)
        #expect(rig.parsedShells() == 1)
        rig.shop.set("/f", fragment("y", "max-age=10", cached: true))
        #expect(try rig.get().text == "y")
        #expect(rig.parsedShells() == 1)
        for index in 0..<3 {
            rig.shop.set("/\(index)", shell("\(index)", cached: true))
            _ = try rig.get("/\(index)")
        }
        _ = try rig.get()
        #expect(rig.parsedShells() == 5)
    }

    @Test func featuresThatAreOffAreNotAsked() throws {
        let rig = try PageRig([
            (
                "features",
                .object([
                    SettingEntry("/f/", .string("extras")),
                    SettingEntry("/f/reco/", .string("recommendations")),
                ])
            )
        ])
        rig.shop.set(
            "/",
            shell(
                "<esi:include src=\"/f/reco/1\">fallback</esi:include>;<esi:include src=\"/f/x\"/>",
                cached: true))
        rig.shop.set("/f/reco/1", fragment("reco"))
        rig.shop.set("/f/x", fragment("x"))
        #expect(try rig.get().text == "reco;x")
        let off = DegradeState.Feature("recommendations", fallback: nil)
        rig.node.control("pages", .degrade(DegradeState(level: 1, featuresOff: [off])))
        #expect(try rig.get().text == "fallback;x")
        #expect(rig.shop.count("/f/reco/1") == 1)
        let shown = DegradeState.Feature("recommendations", fallback: "<p>later</p>")
        rig.node.control("pages", .degrade(DegradeState(level: 1, featuresOff: [shown])))
        #expect(try rig.get().text == "<p>later</p>;x")
        rig.node.control("pages", .degrade(.normal))
        #expect(try rig.get().text == "reco;x")
    }

    @Test func fragmentsThatTheBrowserLoads() throws {
        let rig = try PageRig()
        rig.shop.set(
            "/?fragments=browser",
            shell(
                "<body><esi:include src=\"/f?a=1&amp;b=2\">old</esi:include><esi:include src=\"/g\" element=\"span\"/></body>",
                cached: true))
        let page = try rig.get("/?fragments=browser")
        #expect(
            page.text
                == "<body><div data-fragment=\"/f?a=1&amp;b=2\">old</div><span data-fragment=\"/g\"><noscript><a href=\"/g\">Show</a></noscript></span><script src=\"/assets/fragments.js\" defer></script></body>"
        )
        #expect(rig.shop.asked.count == 1)
        #expect(try rig.get("/?fragments=browser").response.content === page.response.content)
        let other = try PageRig([("mode", .string("browser"))])
        other.shop.set("/", shell("<esi:include src=\"/f\"/>"))
        other.shop.set("/?fragments=server", shell("<esi:include src=\"/f\"/>"))
        other.shop.set("/f", fragment("x"))
        #expect(try other.get().text.hasPrefix("<div data-fragment"))
        #expect(try other.get("/?fragments=server").text == "x")
    }

    @Test func headKnowsTheLength() throws {
        let rig = try PageRig()
        rig.shop.set("/", shell("[<esi:include src=\"/f\"/>]"))
        rig.shop.set("/f", fragment("x"), delay: 50)
        let page = try rig.get("/", method: .head)
        #expect(page.response.content.status == 200)
        #expect(page.response.stream == nil)
        #expect(page.response.content.field("content-length") == "3")
    }

    @Test func partsOfShellsAreNotAskedFor() throws {
        let rig = try PageRig()
        rig.shop.set("/", shell("<esi:include src=\"/f\"/>"))
        rig.shop.set("/f", fragment("x"))
        #expect(try rig.get("/", [(name: "range", value: "bytes=0-3"), (name: "x", value: "y")]).text == "x")
        #expect(rig.shop.asked[0].fieldText("range") == nil)
        #expect(rig.shop.asked[0].fieldText("x") == "y")
    }

    @Test func fragmentsThatAreTooLargeCountAsFailed() throws {
        let rig = try PageRig([("largest_fragment", .size(10))])
        rig.shop.set("/", shell("<esi:include src=\"/f\">none</esi:include>"))
        rig.shop.set("/f", fragment("0123456789x"))
        #expect(try rig.get().text == "none")
    }

    @Test func pagesUnderWayAreBounded() throws {
        let rig = try PageRig([("pages", .integer(3))])
        rig.shop.set("/", shell("x"), delay: 100)
        let answers = (0..<5).map { _ in rig.node.send("pages", HTTPContract.self, HTTPRequest(.get, "/")) }
        rig.pass(seconds: 1)
        #expect(try answers.count { try $0.result?.get().content.status == 200 } == 3)
        #expect(try answers.count { try $0.result?.get().content.status == 503 } == 2)
        #expect(try rig.get().text == "x")
    }

    @Test func deadlinesAndTracesAreInherited() throws {
        let rig = try PageRig()
        rig.shop.set("/", shell("<esi:include src=\"/f\"/>"))
        rig.shop.set("/f", fragment("x"))
        let now = rig.node.world.time
        _ = try rig.get(
            "/", [], Delivery(deadline: now + 100 * millisecond, trace: 7, criticality: .sheddable))
        #expect(rig.shop.deliveries.map(\.trace) == [7, 7])
        #expect(rig.shop.deliveries.map(\.criticality) == [.sheddable, .sheddable])
        #expect(rig.shop.deliveries[1].deadline == now + 100 * millisecond)
        _ = try rig.get()
        #expect(rig.shop.deliveries[3].deadline == rig.node.world.time + 500 * millisecond)
    }

    @Test func drainingWaitsForPages() throws {
        let rig = try PageRig()
        rig.shop.set("/", shell("<esi:include src=\"/f\"/>"))
        rig.shop.set("/f", fragment("x"), delay: 300)
        let answer = rig.node.send("pages", HTTPContract.self, HTTPRequest(.get, "/"))
        rig.pass(seconds: 0.1)
        #expect(rig.node.stop())
        let events = try #require(try answer.result?.get().stream).take()
        #expect(events.count == 2)
    }
}
