import ModuleKit
import RuntimeTesting
import Testing

@testable import Storefront

@Suite struct CartTests {
    private let signer = Signer(secret: Array("secret of this test".utf8))

    private func read(_ cookie: String) -> Cart? {
        Cart(cookie, signer, lineLimit: 50, quantityLimit: 1_000)
    }

    @Test func cookieRoundTrip() throws {
        var random = Random(seed: 11)
        for _ in 0..<200 {
            var cart = Cart()
            for _ in 0..<random.below(40) {
                cart.set(Int64(random.next() >> 11) + 1, to: 1 + random.below(1_000))
            }
            #expect(read(cart.encoded(signer)) == cart)
        }
    }

    @Test func aChangedCookieIsNone() {
        var cart = Cart()
        cart.set(77, to: 3)
        let cookie = Array(cart.encoded(signer).utf8)
        for index in cookie.indices {
            for change: UInt8 in [1, 2, 16] {
                var changed = cookie
                changed[index] ^= change
                #expect(read(String(decoding: changed, as: UTF8.self)) == nil)
            }
        }
        #expect(read("") == nil)
        #expect(read(".") == nil)
        #expect(read(String(repeating: "1.", count: 4_000)) == nil)
        #expect(Cart(cart.encoded(signer), Signer(secret: [1]), lineLimit: 9, quantityLimit: 9) == nil)
    }

    @Test(arguments: ["/cart/add", "/cart/change", "/cart/clear", "/cart/add.js", "/orders"])
    func formsOfOtherSitesChangeNothing(path: String) throws {
        let shop = TestShop()
        try shop.node.start()
        let form = "id=\(try shop.variant("tea"))"
        let refused = try shop.post(path, form: form, [(name: "sec-fetch-site", value: "cross-site")])
        #expect(refused.status == 403)
        #expect(refused.cookies.isEmpty)
        for site in ["same-origin", "same-site", "none"] {
            #expect(try shop.post(path, form: form, [(name: "sec-fetch-site", value: site)]).status != 403)
        }
    }

    @Test func ajax() throws {
        let shop = TestShop()
        try shop.node.start()
        let (lamp, tea) = (try shop.variant("lamp"), try shop.variant("tea"))
        let added = try shop.post("/cart/add.js", json: "{\"id\":\(lamp),\"quantity\":2}")
        #expect(added.status == 200)
        #expect(added.json["variant_id"]?.integerValue == Int(lamp))
        #expect(added.json["price"]?.integerValue == 1_200)
        #expect(added.json["line_price"]?.integerValue == 2_400)
        #expect(added.json["title"]?.stringValue == "Brass Lamp - Small")
        #expect(
            added.content.fields.contains {
                $0.value.contains("souk_cart=") && $0.value.contains("HttpOnly; ")
                    || $0.value.hasSuffix("HttpOnly")
            })
        var cookie = [(name: "cookie", value: added.cookies)]
        let several = try shop.post(
            "/cart/add.js", json: "{\"items\":[{\"id\":\"\(tea)\",\"quantity\":1}]}", cookie)
        #expect(several.json["items"]?.arrayValue?.count == 1)
        cookie = [(name: "cookie", value: several.cookies)]
        let cart = try shop.get("/cart.js", cookie).json
        #expect(cart["item_count"]?.integerValue == 3)
        #expect(cart["total_price"]?.integerValue == 3_150)
        #expect(cart["currency"]?.stringValue == "EUR")
        #expect(try shop.get("/fragments/cart-count", cookie).text.contains(">3<"))
        let changed = try shop.post("/cart/change.js", json: "{\"line\":1,\"quantity\":1}", cookie)
        #expect(changed.json["total_price"]?.integerValue == 1_950)
        let key = try #require(cart["items"]?.arrayValue?.first?["key"]?.stringValue)
        let removed = try shop.post("/cart/change.js", form: "id=\(key)&quantity=0", cookie)
        #expect(removed.json["item_count"]?.integerValue == 1)
        let cleared = try shop.post("/cart/clear.js", json: "", cookie)
        #expect(cleared.json["items"]?.arrayValue?.isEmpty == true)
        #expect(shop.events.events.withLock { $0.map(\.kind) } == [.cart, .cart])
    }

    @Test(arguments: [
        ("{\"id\":1}", 422), ("{\"id\":\"x\"}", 400), ("{}", 400), ("nonsense", 400), ("", 400),
        ("{\"id\":LAMP,\"quantity\":0}", 422), ("{\"id\":LAMP,\"quantity\":-1}", 422),
        ("{\"id\":LAMP,\"quantity\":6}", 422), ("{\"id\":LAMP,\"quantity\":5}", 200),
        ("{\"id\":SOLD}", 422), ("{\"id\":RUG}", 422),
    ])
    func adding(body: String, status: Int) throws {
        let shop = TestShop()
        try shop.node.start()
        var text = ""
        for part in body.split(separator: ":", omittingEmptySubsequences: false).enumerated() {
            text += (part.offset == 0 ? "" : ":") + part.element
        }
        for (name, id) in [
            ("LAMP", try shop.variant("lamp")), ("SOLD", try shop.variant("lamp", 1)),
            ("RUG", try shop.variant("rug")),
        ] {
            text = text.split(separator: name, omittingEmptySubsequences: false).joined(separator: "\(id)")
        }
        let response = try shop.post("/cart/add.js", json: text)
        #expect(response.status == status)
        if status == 422 {
            #expect(response.json["status"]?.integerValue == 422)
            #expect(response.json["description"]?.stringValue?.isEmpty == false)
        }
    }
}
