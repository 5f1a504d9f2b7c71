import ModuleKit
import RuntimeTesting
import Testing

@testable import StaticCache

@Suite struct OriginTroubleTests {
    @Test func missesOfOneKeyAreOneRequest() throws {
        let rig = try CacheRig()
        let answers = (0..<1_000).map { _ in rig.send("/a") }
        rig.pass(seconds: 1)
        let responses = try answers.map { try #require(try $0.result?.get()) }
        #expect(rig.origin.asked.count == 1)
        #expect(responses.count { $0.kind == .miss } == 1)
        #expect(responses.count { $0.kind == .collapsed } == 999)
        #expect(responses.allSatisfy { $0.text == "hello" })
        #expect(rig.metric("souk_cache_waiting") == 0)
    }

    @Test func personalAnswersAreNotShared() throws {
        let rig = try CacheRig()
        rig.origin.answer = { page("for \($0.fieldText("cookie") ?? "")", "private") }
        let answers = (0..<20).map { rig.send("/cart", [(name: "cookie", value: "v\($0)")]) }
        rig.pass(seconds: 1)
        for (index, answer) in answers.enumerated() {
            #expect(try answer.result?.get().text == "for v\(index)")
        }
        #expect(rig.origin.asked.count == 20)
        // What is known to be personal is not waited for together any more.
        rig.origin.delay = CacheRig.second
        _ = rig.send("/cart", [(name: "cookie", value: "x")])
        _ = rig.send("/cart", [(name: "cookie", value: "y")])
        rig.pass(seconds: 0.1)
        #expect(rig.origin.asked.count == 22)
        rig.pass(seconds: 2)
    }

    @Test func answersWithoutAWordAreNotSharedWithCookies() throws {
        let rig = try CacheRig()
        rig.origin.answer = { page("for \($0.fieldText("cookie") ?? "all")", nil) }
        let first = rig.send("/a")
        let second = rig.send("/a", [(name: "cookie", value: "me")])
        let third = rig.send("/a")
        rig.pass(seconds: 1)
        #expect(try first.result?.get().text == "for all")
        #expect(try second.result?.get().text == "for me")
        #expect(try third.result?.get().text == "for all")
    }

    @Test func variantsDoNotShareAnswers() throws {
        let rig = try CacheRig()
        rig.origin.answer = { page($0.fieldText("x-kind") ?? "", "max-age=60", ("Vary", "X-Kind")) }
        let answers = (0..<10).map { rig.send("/a", [(name: "x-kind", value: "k\($0 % 2)")]) }
        rig.pass(seconds: 1)
        for (index, answer) in answers.enumerated() {
            #expect(try answer.result?.get().text == "k\(index % 2)")
        }
        #expect(rig.origin.asked.count == 2)
    }

    @Test(arguments: ["refuse", "ask"])
    func waitersAreBounded(_ beyond: String) throws {
        let rig = try CacheRig([("waiters", .integer(10)), ("beyond", .string(beyond))])
        let answers = (0..<15).map { _ in rig.send("/a") }
        rig.pass(seconds: 1)
        let responses = try answers.map { try #require(try $0.result?.get()) }
        #expect(responses.count { $0.content.status == 200 } == (beyond == "ask" ? 15 : 10))
        #expect(responses.count { $0.content.status == 503 } == (beyond == "ask" ? 0 : 5))
        #expect(rig.origin.asked.count == (beyond == "ask" ? 6 : 1))
        if beyond == "refuse" {
            #expect(responses.last?.content.field("retry-after") == "1")
            #expect(rig.metric("souk_cache_refused_total") == 5)
        }
    }

    @Test func waitersInAllAreBounded() throws {
        let rig = try CacheRig([("waiters_in_all", .integer(4))])
        let answers = (0..<8).map { _ in rig.send("/a") }
        rig.pass(seconds: 1)
        #expect(try answers.count { try $0.result?.get().content.status == 200 } == 4)
    }

    @Test func waitingHasALimitAndDeadlinesCount() throws {
        let rig = try CacheRig([("wait", .duration(2 * CacheRig.second))])
        rig.origin.isSilent = true
        let patient = rig.send("/a")
        let hasty = rig.send(
            "/a", [], Delivery(deadline: rig.node.world.time + CacheRig.second))
        rig.pass(seconds: 1.1)
        #expect(throws: AskFailure.expired) { try hasty.result?.get() }
        #expect(patient.result == nil)
        rig.pass(seconds: 1)
        #expect(try patient.result?.get().content.status == 503)
        // The next one asks anew, and the late answer is stored all the same.
        let next = rig.send("/a")
        rig.pass(seconds: 0.1)
        #expect(rig.origin.silent.count == 2)
        rig.origin.silent[0](page("late", "max-age=60"))
        rig.pass(seconds: 0.1)
        #expect(try rig.get("/a").text == "late")
        rig.origin.silent[1](page("new", "max-age=60"))
        rig.pass(seconds: 0.1)
        #expect(try next.result?.get().text == "new")
        #expect(rig.metric("souk_cache_waiting") == 0)
    }

    @Test func anAnswerForSomebodyWhoIsGoneIsNobodyElses() throws {
        let rig = try CacheRig()
        rig.origin.delay = CacheRig.second
        rig.origin.answer = { page("for \($0.fieldText("cookie") ?? "")", "private") }
        let deadline = rig.node.world.time + CacheRig.second / 2
        let gone = rig.send("/cart", [(name: "cookie", value: "one")], Delivery(deadline: deadline))
        rig.pass(seconds: 0.1)
        let other = rig.send("/cart", [(name: "cookie", value: "two")])
        rig.pass(seconds: 5)
        #expect(throws: AskFailure.expired) { try gone.result?.get() }
        #expect(try other.result?.get().text == "for two")
    }

    @Test func clientsThatAreGoneAreLetGo() throws {
        let rig = try CacheRig()
        rig.origin.isSilent = true
        let request = HTTPRequest(.get, "/a")
        let answer = rig.node.send("cache", HTTPContract.self, request)
        rig.pass(seconds: 0.1)
        request.input.isAbandoned = true
        rig.pass(seconds: 0.1)
        #expect(throws: AskFailure.expired) { try answer.result?.get() }
        rig.origin.silent[0](page("x"))
        rig.pass(seconds: 0.1)
    }

    @Test func staleWhileRevalidate() throws {
        let rig = try CacheRig()
        rig.origin.answer = { _ in page("one", "max-age=10, stale-while-revalidate=20") }
        try rig.get("/a")
        rig.pass(seconds: 11)
        rig.origin.answer = { _ in page("two", "max-age=10, stale-while-revalidate=20") }
        rig.origin.delay = CacheRig.second
        let stale = try rig.get("/a")
        #expect(stale.kind == .stale)
        #expect(stale.text == "one")
        #expect(stale.cacheStatus.ttl <= -1)
        for _ in 0..<5 { #expect(try rig.get("/a").text == "one") }
        rig.pass(seconds: 2)
        #expect(try rig.get("/a").text == "two")
        #expect(rig.origin.asked.count == 2)
        rig.pass(seconds: 31)
        #expect(try rig.get("/a").kind == .expired)
    }

    @Test func staleIfError() throws {
        let rig = try CacheRig()
        rig.origin.answer = { request in
            page(
                "good",
                request.targetText == "/strict"
                    ? "max-age=10, stale-if-error=100, must-revalidate" : "max-age=10, stale-if-error=100")
        }
        try rig.get("/a")
        try rig.get("/strict")
        rig.pass(seconds: 11)
        rig.origin.answer = { _ in page("bad", nil, status: 503) }
        #expect(try rig.get("/a").text == "good")
        #expect(try rig.get("/a").kind == .stale)
        // The origin is left alone for a second.
        #expect(rig.origin.asked.count == 3)
        #expect(try rig.get("/strict").content.status == 503)
        rig.pass(seconds: 2)
        rig.origin.answer = { _ in nil }
        #expect(try rig.get("/a").text == "good")
        #expect(throws: AskFailure.failed) { try rig.get("/strict") }
        rig.pass(seconds: 100)
        #expect(throws: AskFailure.failed) { try rig.get("/a") }
    }

    @Test func degradationServesStaleLonger() throws {
        let rig = try CacheRig()
        rig.origin.answer = { _ in page("one", "max-age=10") }
        try rig.get("/a")
        rig.node.control("cache", .degrade(DegradeState(level: 1, featuresOff: [], staleFactor: 3)))
        rig.origin.answer = { _ in page("two", "max-age=10") }
        rig.pass(seconds: 25)
        #expect(try rig.get("/a").kind == .stale)
        rig.pass(seconds: 1)
        #expect(try rig.get("/a").text == "two")
        rig.pass(seconds: 31)
        #expect(try rig.get("/a").kind == .expired)
        rig.node.control("cache", .degrade(.normal))
        rig.pass(seconds: 11)
        #expect(try rig.get("/a").kind == .expired)
    }

    @Test func earlyRefreshKeepsHotPagesFresh() throws {
        let rig = try CacheRig([("early", .number(1))])
        rig.origin.delay = 200_000_000
        rig.origin.answer = { _ in page("x", "max-age=10") }
        try rig.get("/a")
        var kinds: [HTTPCacheStatus.Kind] = []
        for _ in 0..<400 {
            rig.pass(seconds: 0.1)
            kinds.append(try rig.get("/a").kind)
        }
        #expect(kinds.count { $0 == .hit } >= 395)
        #expect((4...8).contains(rig.origin.asked.count), "\(rig.origin.asked.count)")
    }

    @Test func moreImportantWaitersAskForThemselves() throws {
        let rig = try CacheRig()
        rig.origin.isSilent = true
        let first = rig.send("/a", [], Delivery(criticality: .background))
        rig.pass(seconds: 0.01)
        let second = rig.send("/a", [], Delivery(criticality: .normal))
        rig.pass(seconds: 0.1)
        rig.origin.isSilent = false
        rig.origin.silent[0].fail(.refused)
        rig.pass(seconds: 0.1)
        #expect(throws: AskFailure.refused) { try first.result?.get() }
        #expect(try second.result?.get().text == "hello")
    }

    @Test func drainingWaitsForTheOrigin() throws {
        let rig = try CacheRig()
        rig.origin.delay = CacheRig.second
        let answer = rig.send("/a")
        rig.pass(seconds: 0.1)
        #expect(rig.node.stop())
        #expect(try answer.result?.get().text == "hello")
    }
}
