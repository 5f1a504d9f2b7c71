import ModuleKit
import Runtime
import RuntimeTesting
import Synchronization
import Testing

@testable import HTTPGate

private let page: [(String, SettingValue)] = [("match", .string("GET /**")), ("link", .string("pages"))]
private func route(_ match: String, _ link: String = "pages", _ more: [(String, SettingValue)] = [])
    -> [(String, SettingValue)]
{
    [("match", .string(match)), ("link", .string(link))] + more
}

@Suite struct GateTests {
    @Test func passesRequestsToTheFirstRouteThatFits() throws {
        let rig = try GateRig(
            routes: [route("GET /cart.js", "cart"), route("GET,POST /cart/**", "cart"), route("GET /**")],
            links: ["pages": ["pages"], "cart": ["cart"]], [echo("pages"), echo("cart")])
        #expect(rig.ask("GET /cart.js").hasSuffix("\r\n\r\ncart /cart.js"))
        #expect(rig.ask("POST /cart/add.js").hasSuffix("\r\n\r\ncart /cart/add.js"))
        #expect(rig.ask("GET /cart").hasSuffix("\r\n\r\npages /cart"))
        #expect(rig.ask("HEAD /cart").hasSuffix("\r\n\r\n"))
        #expect(rig.value("souk_http_requests_total") == 4)
        #expect(rig.value("souk_http_responses_total", MetricLabel("class", "2xx")) == 4)
    }

    @Test func answersUnknownPathsAndMethodsAsTheClientLikes() throws {
        let rig = try GateRig(
            routes: [route("GET /a"), route("PUT,POST /a"), route("GET /b")], [echo("pages")])
        let problem = rig.ask("GET /c", "Accept: */*\r\n")
        #expect(problem.hasPrefix("HTTP/1.1 404 Not Found\r\nContent-Type: application/problem+json\r\n"))
        #expect(problem.contains("\"status\":404"))
        let html = rig.ask("GET /c", "Accept: text/html,application/xhtml+xml;q=0.9\r\n")
        #expect(html.hasPrefix("HTTP/1.1 404 Not Found\r\nContent-Type: text/html; charset=utf-8\r\n"))
        let denied = rig.ask("DELETE /a")
        #expect(denied.hasPrefix("HTTP/1.1 405 "))
        #expect(denied.contains("\r\nAllow: GET, HEAD, POST, PUT, OPTIONS\r\n"))
        let options = rig.ask("OPTIONS /b")
        #expect(options.hasPrefix("HTTP/1.1 204 ") && options.contains("\r\nAllow: GET, HEAD, OPTIONS\r\n"))
        #expect(rig.ask("OPTIONS *").hasPrefix("HTTP/1.1 204 "))
        #expect(rig.ask("BREW /b").hasPrefix("HTTP/1.1 405 "))
        #expect(rig.ask("BREW /c").hasPrefix("HTTP/1.1 501 "))
    }

    @Test func answersForActorsThatDoNot() throws {
        let silent = ActorPlan.fake("pages", HTTPContract.self) { _, _, _, reply in reply.fail(.dropped) }
        let rig = try GateRig(routes: [route("GET /**")], [silent])
        let text = rig.ask("GET /a")
        #expect(text.hasPrefix("HTTP/1.1 503 Service Unavailable\r\n"))
        #expect(text.contains("\r\nRetry-After: 1\r\n"))
        #expect(rig.ask("GET /a", "Accept: text/html\r\n").contains("<h1>Service Unavailable</h1>"))
        #expect(rig.value("souk_http_failures_total", MetricLabel("reason", "dropped")) == 2)
    }

    @Test func answersInTimeForActorsThatAreLate() throws {
        let late = ActorPlan.fake("pages", HTTPContract.self) { actor, request, _, reply in
            let text = request.targetText
            let box = ReplyBox(reply)
            actor.context.after(text == "/slow" ? 3_000_000_000 : 10_000_000, on: actor) { _ in
                box(HTTPResponse(type: "text/plain", body: HTTPBody(text)))
            }
        }
        let rig = try GateRig(
            routes: [route("GET /**", "pages", [("timeout", .duration(1_000_000_000))])], [late])
        let client = rig.connect()
        client.send("GET /slow HTTP/1.1\r\nHost: x\r\n\r\nGET /quick HTTP/1.1\r\nHost: x\r\n\r\n")
        rig.node.world.run(for: 500_000_000)
        #expect(client.text.isEmpty)
        rig.node.world.run(for: 700_000_000)
        #expect(client.text.hasPrefix("HTTP/1.1 504 Gateway Timeout\r\n"))
        #expect(client.text.hasSuffix("\r\n\r\n/quick"))
        rig.node.world.run(for: 3_000_000_000)
        client.send("GET /next HTTP/1.1\r\nHost: x\r\n\r\n")
        rig.node.world.run(for: 100_000_000)
        #expect(client.text.hasSuffix("\r\n\r\n/next"))
        #expect(rig.value("souk_http_late_answers_total") == 1)
        #expect(rig.value("souk_http_timeouts_total") == 1)
    }

    @Test func givesDeadlineTraceAndCriticalityAlong() throws {
        let seen = Mutex<[Delivery]>([])
        let pages = ActorPlan.fake("pages", HTTPContract.self) { _, _, delivery, reply in
            seen.withLock { $0.append(delivery) }
            reply(HTTPResponse(type: "text/plain", body: .empty))
        }
        let more: [(String, SettingValue)] = [
            ("timeout", .duration(2_000_000_000)), ("criticality", .string("critical")),
        ]
        let rig = try GateRig(routes: [route("POST /orders", "pages", more), route("GET /**")], [pages])
        let now = rig.node.world.time
        _ = rig.ask("POST /orders", "Content-Length: 0\r\n")
        _ = rig.ask("GET /")
        let deliveries = seen.withLock { $0 }
        #expect(deliveries.map(\.criticality) == [.critical, .normal])
        #expect(deliveries.map(\.deadline) == [now + 2_000_000_000, now + 5_000_000_000])
        #expect(deliveries[0].trace != 0 && deliveries[0].trace != deliveries[1].trace)
    }

    @Test func refusesAtOnceWhatAMailboxHasNoRoomFor() throws {
        let never = ActorPlan.fake("pages", HTTPContract.self) { actor, _, _, reply in
            actor.replies.append(ReplyBox(reply))
        }
        let rig = try GateRig(
            routes: [route("GET /**")], settings: [("pipeline_depth", .integer(1_024))], [never])
        // Slots for answers are reserved: 4,096 questions may be under way.
        let clients = (0..<12).map { _ in rig.connect() }
        for client in clients {
            client.send(String(repeating: "GET / HTTP/1.1\r\nHost: x\r\n\r\n", count: 400))
        }
        rig.node.world.run(for: 100_000_000)
        #expect(rig.value("souk_http_failures_total", MetricLabel("reason", "too_many_under_way")) > 0)
        #expect(clients[11].text.hasPrefix("HTTP/1.1 503 "))
        #expect(clients[0].text.isEmpty)
    }

    @Test func tellsAnalyticsWhatVisitorsLookAt() throws {
        let events = Mutex<[BehaviourEvent]>([])
        let analytics = ActorPlan.fake("analytics", BehaviourContract.self) { _, request, _, _ in
            if case .event(let event) = request { events.withLock { $0.append(event) } }
        }
        let pages = ActorPlan.fake("pages", HTTPContract.self) { _, request, _, reply in
            let status = request.targetText == "/products/none" ? 404 : 200
            reply(
                HTTPResponse(
                    status: status, type: "text/html", fields: [("Souk-Product", "4711")], body: .empty))
        }
        let rig = try GateRig(
            routes: [
                route("GET /products/*", "pages", [("event", .string("product_view"))]),
                route("GET /quiet"), route("GET /**", "pages", [("event", .string("page"))]),
            ], settings: [("country_header", .string("X-Country"))],
            links: ["pages": ["pages"], "events": ["analytics"]], [pages, analytics])
        let cookie = "Cookie: a=1; souk_visitor=abc; b=2\r\n"
        _ = rig.ask("GET /products/shirt", cookie + "X-Country: de\r\n")
        _ = rig.ask("GET /products/none", cookie)
        _ = rig.ask("GET /quiet", cookie)
        _ = rig.ask("GET /")
        let seen = events.withLock { $0 }
        #expect(seen.map(\.kind) == [.productView, .page])
        #expect(seen[0].product == 4711)
        #expect(seen[0].visitor == StableHash.hash("abc"))
        #expect(seen[1].visitor == StableHash.hash("127.0.0.1"))
        #expect(seen[0].country == UInt16(UInt8(ascii: "D")) << 8 | UInt16(UInt8(ascii: "E")))
        #expect(seen[0].time == 1_794_355_200_000 + (rig.node.world.time - 3_600_000_000_000) / 1_000_000)
    }

    @Test func aTakenAddressIsOneClearError() throws {
        let rig = try GateRig(routes: [page], [echo("pages")])
        let second = ActorPlan(
            "second", of: GateDeclaration.module,
            settings: [("routes", .list([.object(page.map { SettingEntry($0.0, $0.1) })]))],
            links: ["pages": ["pages"]])
        let node = TestNode([echo("pages"), second], network: rig.network)
        let error = #expect(throws: NodeError.self) { try node.start() }
        #expect(error?.description.contains("127.0.0.1:8080") == true)
        #expect(error?.description.contains("already in use") == true)
    }

    @Test func drainsWhatIsUnderWay() throws {
        let slow = ActorPlan.fake("pages", HTTPContract.self) { actor, _, _, reply in
            let box = ReplyBox(reply)
            actor.context.after(500_000_000, on: actor) { _ in
                box(HTTPResponse(type: "text/plain", body: HTTPBody("done")))
            }
        }
        let rig = try GateRig(routes: [page], [slow])
        let client = rig.connect()
        let idle = rig.connect()
        client.send("GET / HTTP/1.1\r\nHost: x\r\n\r\n")
        #expect(rig.node.stop())
        #expect(client.text.contains("\r\nConnection: close\r\n"))
        #expect(client.text.hasSuffix("\r\n\r\ndone"))
        #expect(client.isEnded && idle.isEnded)
    }
}
