import ModuleKit
import RuntimeTesting
import Testing

@testable import Storefront

@Suite struct OrderTests {
    private func order(_ shop: TestShop, _ body: String, key: String? = "key-1") throws -> HTTPResponse {
        try shop.post("/orders", json: body, key.map { [(name: "idempotency-key", value: $0)] } ?? [])
    }

    @Test func firstAndAgain() throws {
        let shop = TestShop()
        try shop.node.start()
        let lamp = try shop.variant("lamp")
        let body = "{\"email\":\"a@example.com\",\"lines\":[{\"variant_id\":\(lamp),\"quantity\":2}]}"
        let first = try order(shop, body)
        #expect(first.status == 201)
        #expect(first.json["total"]?.stringValue == "24.00")
        #expect(first.json["lines"]?.arrayValue?.first?["variant_id"]?.integerValue == Int(lamp))
        #expect(first.json["number"]?.stringValue == "1-00001")
        let again = try order(shop, body)
        #expect(again.status == 200)
        #expect(again.text == first.text)
        let other = try order(
            shop, "{\"email\":\"b@example.com\",\"lines\":[{\"variant_id\":\(lamp),\"quantity\":2}]}")
        #expect(other.status == 422)
        #expect(shop.events.events.withLock { $0.filter { $0.kind == .order } }.map(\.revenue) == [2_400])
    }

    @Test func soldOutNamesTheVariant() throws {
        let shop = TestShop()
        try shop.node.start()
        let lamp = try shop.variant("lamp")
        let response = try order(
            shop, "{\"email\":\"a@example.com\",\"lines\":[{\"variant_id\":\(lamp),\"quantity\":6}]}")
        #expect(response.status == 409)
        #expect(response.json["variant_id"]?.integerValue == Int(lamp))
        #expect(response.json["available"]?.integerValue == 5)
    }

    @Test func continueSellsOn() throws {
        let shop = TestShop()
        try shop.node.start()
        let tea = try shop.variant("tea")
        let body = "{\"email\":\"a@example.com\",\"lines\":[{\"variant_id\":\(tea),\"quantity\":6}]}"
        #expect(try order(shop, body).status == 201)
    }

    @Test(arguments: [
        ("", "body"), ("[]", "body"), ("{", "body"), ("{\"lines\":[]}", "email"),
        ("{\"email\":7,\"lines\":[]}", "email"),
        ("{\"email\":\"nobody\",\"lines\":[{\"variant_id\":1,\"quantity\":1}]}", "email"),
        ("{\"email\":\"a@b.c\"}", "lines"), ("{\"email\":\"a@b.c\",\"lines\":[]}", "lines"),
        ("{\"email\":\"a@b.c\",\"lines\":[3]}", "lines[0]"),
        ("{\"email\":\"a@b.c\",\"lines\":[{\"quantity\":1}]}", "lines[0].variant_id"),
        ("{\"email\":\"a@b.c\",\"lines\":[{\"variant_id\":1}]}", "lines[0].quantity"),
        ("{\"email\":\"a@b.c\",\"lines\":[{\"variant_id\":1,\"quantity\":0}]}", "lines[0].quantity"),
        ("{\"email\":\"a@b.c\",\"lines\":[{\"variant_id\":1,\"quantity\":1.5}]}", "lines[0].quantity"),
        ("{\"email\":\"a@b.c\",\"lines\":[{\"variant_id\":1,\"quantity\":100000}]}", "lines[0].quantity"),
        ("{\"email\":\"a@b.c\",\"lines\":[{\"variant_id\":1,\"quantity\":9e99}]}", "lines[0].quantity"),
        ("{\"email\":\"a@b.c\",\"lines\":[{\"variant_id\":1,\"quantity\":1}]}", "lines[0].variant_id"),
    ])
    func badInputIsNamed(body: String, field: String) throws {
        let shop = TestShop()
        try shop.node.start()
        let response = try order(shop, body)
        #expect(response.status == 422)
        #expect(response.json["field"]?.stringValue == field)
        #expect(response.json["reason"]?.stringValue?.isEmpty == false)
    }

    @Test(arguments: [nil, "", "with space", String(repeating: "k", count: 256), "ünicode"])
    func withoutAKey(key: String?) throws {
        let shop = TestShop()
        try shop.node.start()
        #expect(try order(shop, "{}", key: key).status == 400)
    }

    @Test func draftsAreNotSold() throws {
        let shop = TestShop()
        try shop.node.start()
        let rug = try shop.variant("rug")
        let response = try order(
            shop, "{\"email\":\"a@b.c\",\"lines\":[{\"variant_id\":\(rug),\"quantity\":1}]}")
        #expect(response.status == 422)
    }

    @Test func whatIsSoldNoLongerIsStillAnsweredToItsKey() throws {
        let shop = TestShop()
        try shop.node.start()
        let tea = try shop.variant("tea")
        func body(_ email: String) -> String {
            "{\"email\":\"\(email)\",\"lines\":[{\"variant_id\":\(tea),\"quantity\":2}]}"
        }
        let first = try order(shop, body("a@b.c"))
        #expect(first.status == 201)
        let without = TestShop.csv.replacing("Tea,mint,true", with: "Tea,mint,false")
        try shop.disk.replace("shop.csv", with: Array(without.utf8))
        let reload = OperationRequest(method: "POST", path: "/v1/catalog/reload")
        #expect(try shop.node.operate("storefront", reload).status == 200)
        let again = try order(shop, body("a@b.c"))
        #expect(again.status == 200)
        #expect(again.json["id"] == first.json["id"])
        #expect(again.json["total"]?.stringValue == "15.00")
        // Another's order is not shown, and nothing is placed anew.
        #expect(try order(shop, body("x@b.c")).status == 422)
        #expect(try order(shop, body("a@b.c"), key: "key-2").status == 422)
        #expect(shop.shard.state.withLock { $0.orders.count } == 1)
    }

    @Test func notNow() throws {
        let shop = TestShop()
        try shop.node.start()
        let lamp = try shop.variant("lamp")
        let body = "{\"email\":\"a@b.c\",\"lines\":[{\"variant_id\":\(lamp),\"quantity\":1}]}"
        for instead in [OrdersResponse.busy, .unavailable("disk"), .unknownVariant(lamp)] {
            shop.shard.state.withLock { $0.instead = instead }
            let response = try order(shop, body)
            #expect(response.status == 503)
            #expect(response.field("retry-after") == "1")
        }
        shop.shard.state.withLock {
            $0.instead = nil
            $0.isSilent = true
        }
        #expect(try order(shop, body).status == 503)
        shop.shard.state.withLock { $0.isSilent = false }
        #expect(try order(shop, body).status == 201)
    }

    @Test func shownOnlyWithItsToken() throws {
        let shop = TestShop()
        try shop.node.start()
        let lamp = try shop.variant("lamp")
        let placed = try order(
            shop, "{\"email\":\"a@b.c\",\"lines\":[{\"variant_id\":\(lamp),\"quantity\":1}]}")
        let id = try #require(placed.json["id"]?.integerValue)
        let token = try #require(placed.json["token"]?.stringValue)
        #expect(try shop.get("/orders/\(id)?token=\(token)").json == placed.json)
        let bearer = try shop.get("/orders/\(id)", [(name: "authorization", value: "Bearer \(token)")])
        #expect(bearer.status == 200)
        let page = try shop.get(
            "/orders/\(id)?token=\(token)", [(name: "accept", value: "text/html,*/*;q=0.8")])
        #expect(page.text.contains("Thank you"))
        #expect(try shop.get("/orders/\(id)").status == 404)
        #expect(try shop.get("/orders/\(id + 1)?token=\(token)").status == 404)
        #expect(try shop.get("/orders/0\(id)?token=\(token)").status == 404)
        let cancel = OperationRequest(
            method: "POST", path: "/v1/orders/cancel", body: Array("{\"id\":\(id)}".utf8))
        #expect(try shop.node.operate("storefront", cancel).status == 200)
        #expect(try shop.get("/orders/\(id)?token=\(token)").json["status"]?.stringValue == "cancelled")
    }

    @Test func checkoutWithoutScript() throws {
        let shop = TestShop()
        try shop.node.start()
        let lamp = try shop.variant("lamp")
        let added = try shop.post("/cart/add", form: "id=\(lamp)&quantity=2")
        #expect(added.status == 303)
        let cookie = [(name: "cookie", value: added.cookies)]
        #expect(try shop.get("/cart", cookie).text.contains("€24.00"))
        #expect(try shop.post("/checkout", form: "", cookie).status == 303)
        let page = try shop.get("/checkout", cookie).text
        let mark = "name=\"idempotency_key\" value=\""
        let key = try #require(page.split(separator: mark, maxSplits: 1).last).prefix { $0 != "\"" }
        let accept = [(name: "accept", value: "text/html")]
        let form = "idempotency_key=\(key)&email=a%40b.c&variant_id=\(lamp)&quantity=2"
        let placed = try shop.post("/orders", form: form, cookie + accept)
        #expect(placed.status == 303)
        #expect(placed.field("location").hasPrefix("/orders/1?token="))
        #expect(try shop.get(placed.field("location"), accept).text.contains("Thank you"))
        #expect(try shop.get("/cart", [(name: "cookie", value: placed.cookies)]).text.contains("empty"))
        // Sent twice, it is one order.
        #expect(
            try shop.post("/orders", form: form, cookie + accept).field("location")
                == placed.field("location"))
        let again = try shop.post(
            "/orders", form: form.replacingFirst("a%40b.c", with: "%3Cx"), cookie + accept)
        #expect(again.status == 422)
        #expect(again.text.contains("must be an e-mail address"))
        #expect(again.text.contains("value=\"&lt;x\""))
        #expect(again.text.contains(key))
        let foreign = try shop.post(
            "/orders", form: "idempotency_key=mine&email=a%40b.c&variant_id=\(lamp)&quantity=2")
        #expect(foreign.status == 400)
    }

    @Test func issuedKeysCarryTimeAndVariant() throws {
        let signer = Signer(secret: Array("secret of this test".utf8))
        let random = [UInt8](repeating: 0xAB, count: 10)
        let variant: Int64 = (1 << 53) - 1
        let text = IdempotencyKey.issue(time: 1_700_000_000_000, variant: variant, random: random, signer)
        let key = try #require(IdempotencyKey(text, signer))
        #expect(key.isIssued)
        #expect(key.key.high >> 16 == 1_700_000_000_000)
        #expect(key.home == OrdersContract.key(ofVariant: variant))
        // With another signature it is a key like any other.
        let forged = try #require(
            IdempotencyKey(String(text.dropLast()) + (text.hasSuffix("0") ? "1" : "0"), signer))
        #expect(!forged.isIssued)
        #expect(forged.home != key.home)
    }

    @Test func stockByOperators() throws {
        let shop = TestShop()
        try shop.node.start()
        let lamp = try shop.variant("lamp")
        func operate(_ method: String, _ body: String, _ query: [(name: String, value: String)] = []) throws
            -> OperationResponse
        {
            try shop.node.operate(
                "storefront",
                OperationRequest(method: method, path: "/v1/stock", query: query, body: Array(body.utf8)))
        }
        let added = try operate("POST", "{\"variant_id\":\(lamp),\"quantity\":4,\"idempotency_key\":\"k\"}")
        #expect(try JSON(parsing: added.body)["available"]?.integerValue == 9)
        #expect(try operate("POST", "{\"variant_id\":\(lamp),\"quantity\":4}").status == 400)
        #expect(
            try operate("POST", "{\"variant_id\":\(lamp),\"quantity\":0,\"idempotency_key\":\"k\"}").status
                == 422)
        let shown = try operate("GET", "", [(name: "variant", value: "\(lamp)")])
        #expect(try JSON(parsing: shown.body)["available"]?.integerValue == 9)
        #expect(try operate("GET", "", [(name: "variant", value: "7")]).status == 404)
        #expect(try operate("GET", "").status == 422)
    }
}

extension String {
    fileprivate func replacingFirst(_ old: String, with new: String) -> String {
        split(separator: old, maxSplits: 1, omittingEmptySubsequences: false).joined(separator: new)
    }
}
