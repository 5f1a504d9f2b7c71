import ModuleKit
import Testing

@testable import AnalyticsStream

@Suite("Beacons")
struct BeaconTests {
    static let clock: UInt64 = 1_700_000_000_000

    static func beacon() throws -> Beacon {
        let defaults = AnalyticsSettings.declarations.compactMap { declaration in
            declaration.defaultValue.map { SettingEntry(declaration.name, $0) }
        }
        return Beacon(settings: try AnalyticsSettings(Settings(defaults)))
    }

    static func request(_ body: String, fields: [(name: String, value: String)] = []) -> HTTPRequest {
        HTTPRequest(
            .post, "/events", fields: [(name: "content-type", value: "text/plain;charset=UTF-8")] + fields,
            body: Array(body.utf8), peerAddress: "192.0.2.1")
    }

    @Test("an object is one event")
    func object() throws {
        let body = """
            {"kind":"cart","product":"9007199254740993","quantity":2,"latency_ms":12.5,"age_ms":400,"more":[1]}
            """
        let request = Self.request(
            body,
            fields: [(name: "cookie", value: "a=b; souk_visitor=xyz"), (name: "X-Country", value: "at")])
        let events = try Self.beacon().events(of: request, clock: Self.clock)
        let event = try #require(events.first)
        #expect(events.count == 1 && event.kind == .cart && event.product == 9_007_199_254_740_993)
        #expect(event.quantity == 2 && event.latency == 12_500 && event.time == Self.clock - 400)
        #expect(event.visitor == StableHash.hash("xyz") && event.country == 0x4154)
    }

    @Test("an array is as many events; without a cookie, the address names the visitor")
    func array() throws {
        let body = "[{\"kind\":\"page\"},{\"kind\":\"product_view\",\"product\":7,\"time\":1699999999000}]"
        let beacon = try Self.beacon()
        let events = try beacon.events(of: Self.request(body), clock: Self.clock)
        #expect(events.map(\.kind) == [.page, .productView])
        #expect(events.map(\.time) == [Self.clock, 1_699_999_999_000])
        #expect(events[0].visitor != 0 && events[0].visitor == events[1].visitor)
        #expect(beacon.visitor(of: HTTPRequest(.post, "/", peerAddress: "192.0.2.2")) != events[0].visitor)
        #expect(try beacon.events(of: Self.request("[]"), clock: Self.clock).isEmpty)
    }

    @Test(
        "what is wrong is said",
        arguments: [
            ("", 400, "empty"), ("{", 400, "no JSON"), ("[[[[[[1]]]]]]", 400, "nesting"),
            ("3", 422, "object"), ("{}", 422, "'kind' is missing"), ("{\"kind\":\"visit\"}", 422, "'visit'"),
            ("[{\"kind\":\"page\"},{\"kind\":1}]", 422, "event 1: 'kind'"),
            ("{\"kind\":\"cart\",\"quantity\":-1}", 422, "'quantity'"),
            ("{\"kind\":\"cart\",\"quantity\":1.5}", 422, "'quantity'"),
            ("{\"kind\":\"cart\",\"product\":\"shoe\"}", 422, "'product'"),
            ("{\"kind\":\"order\",\"revenue\":1e300}", 422, "'revenue'"),
            ("{\"kind\":\"page\",\"latency_ms\":\"fast\"}", 422, "'latency_ms'"),
            ("{\"kind\":\"page\",\"latency_ms\":1e9}", 422, "'latency_ms'"),
            ("{\"kind\":\"page\",\"time\":-5}", 422, "'time'"),
            ("{\"kind\":\"page\",\"age_ms\":99999999999}", 422, "'age_ms'"),
            (
                "[" + Array(repeating: "{\"kind\":\"page\"}", count: 101).joined(separator: ",") + "]", 422,
                "101"
            ),
            ("[" + String(repeating: " ", count: 70_000) + "]", 413, "16384"),
        ])
    func refusals(body: String, status: Int, reason: String) throws {
        let beacon = try Self.beacon()
        let refusal = #expect(throws: Beacon.Refusal.self) {
            _ = try beacon.events(of: Self.request(body), clock: Self.clock)
        }
        #expect(refusal?.status == status)
        #expect(refusal?.detail.contains(reason) == true, "\(refusal?.detail ?? "")")
    }

    @Test("other methods and types are refused")
    func methods() throws {
        let beacon = try Self.beacon()
        let get = #expect(throws: Beacon.Refusal.self) {
            _ = try beacon.events(of: HTTPRequest(.get, "/events"), clock: Self.clock)
        }
        #expect(get?.status == 405 && get?.response.content.field("allow") == "POST")
        let xml = HTTPRequest(
            .post, "/events", fields: [(name: "content-type", value: "text/xml")], body: Array("{}".utf8))
        let type = #expect(throws: Beacon.Refusal.self) { _ = try beacon.events(of: xml, clock: Self.clock) }
        #expect(type?.status == 415)
    }
}
