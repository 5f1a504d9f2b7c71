import ModuleKit
import Runtime
import RuntimeTesting
import Testing

@testable import Storefront

@Suite struct StorefrontTests {
    @Test func declaresEveryVariantBeforeItIsReady() throws {
        let shop = TestShop()
        shop.shard.state.withLock { $0.refusals = 7 }
        try shop.node.start()
        #expect(shop.shard.state.withLock { $0.declared } == 4)
        #expect(shop.events.names.withLock { $0 } == ["Brass Lamp", "Mint Tea"])
    }

    @Test(arguments: [
        "", "Handle,Title\nx,y\n", "Handle,Title,Variant Price\na,\"b", "Handle,Title,Variant Price\n",
    ])
    func aBadFileIsOneClearError(csv: String) {
        let shop = TestShop(csv)
        let error = #expect(throws: (any Error).self) { try shop.node.start() }
        #expect("\(error.map { "\($0)" } ?? "")".contains("catalog"))
    }

    @Test(arguments: [
        "/", "/collections/all", "/collections/lamps", "/collections/all?sort_by=price-descending",
        "/products/lamp", "/search?q=lamp", "/search", "/cart", "/products.json", "/products/lamp.json",
        "/cart.js", "/fragments/price/lamp", "/fragments/stock/lamp", "/fragments/recommendations/lamp",
        "/fragments/cart-count", "/pictures/lamp.svg", "/favicon.svg", "/robots.txt", Assets.stylePath,
        Assets.scriptPath, "/pictures/" + Assets.heroName,
    ])
    func answers(path: String) throws {
        let shop = TestShop()
        try shop.node.start()
        let response = try shop.get(path)
        #expect(response.status == 200)
        #expect(response.content.body.count > 10)
        #expect(!response.field("cache-control").isEmpty)
    }

    @Test(arguments: [
        "/nothing", "/products/none", "/products/rug", "/products/rug.json", "/collections/none",
        "/collections/all?page=2", "/collections/all?page=x", "/fragments/stock/rug", "/fragments/price/none",
        "/pictures/none.svg", "/pictures/rug.svg", "/pictures/..%2Fshop.csv", "/orders/1",
        "/orders/1?token=00",
        "/style.0.css", "/products/lamp/more", "//",
    ])
    func nothingThere(path: String) throws {
        let shop = TestShop()
        try shop.node.start()
        let page = try shop.get(path, [(name: "accept", value: "text/html")])
        #expect(page.status == 404)
        #expect(page.field("content-type").hasPrefix("text/html"))
        let problem = try shop.get(path, [(name: "accept", value: "application/json")])
        #expect(problem.status == 404)
        #expect(problem.field("content-type") == "application/problem+json")
    }

    @Test(arguments: [
        (HTTPMethod.post, "/", "GET, HEAD"), (.get, "/orders", "POST"), (.get, "/cart/add.js", "POST"),
        (.delete, "/products.json", "GET, HEAD"), (.put, "/checkout", "GET, HEAD, POST"),
    ])
    func wrongMethod(method: HTTPMethod, path: String, allowed: String) throws {
        let shop = TestShop()
        try shop.node.start()
        let response = try shop.send(method, path)
        #expect(response.status == 405)
        #expect(response.field("allow") == allowed)
    }

    @Test func shellsAreTheSameForEverybody() throws {
        let shop = TestShop()
        try shop.node.start()
        let one = try shop.get("/products/lamp", [(name: "cookie", value: "souk_visitor=a")])
        let other = try shop.get("/products/lamp", [(name: "cookie", value: "souk_visitor=b")])
        #expect(one.text == other.text)
        #expect(one.cookies.isEmpty)
        #expect(one.field("surrogate-control") == "content=\"ESI/1.0\"")
        #expect(one.field("surrogate-key").contains("product-"))
        #expect(one.field("cache-control").contains("s-maxage=60"))
        let known = try shop.get("/products/lamp", [(name: "if-none-match", value: one.field("etag"))])
        #expect(known.status == 304)
        #expect(known.content.body.count == 0)
    }

    @Test func productsInShopifysShape() throws {
        let shop = TestShop()
        try shop.node.start()
        let products = try #require(try shop.get("/products.json?limit=250").json["products"]?.arrayValue)
        #expect(products.compactMap { $0["handle"]?.stringValue } == ["lamp", "tea"])
        let lamp = products[0]
        #expect(lamp["tags"]?.arrayValue == [.string("brass"), .string("bright")])
        let variants = try #require(lamp["variants"]?.arrayValue)
        #expect(variants.map { $0["price"]?.stringValue } == ["12.00", "30.50"])
        #expect(variants.map { $0["available"]?.booleanValue } == [true, false])
        #expect(variants[0]["id"]?.integerValue == Int(try shop.variant("lamp")))
        #expect(
            lamp["images"]?.arrayValue?.first?["src"]?.stringValue?.hasPrefix("/pictures/lamp.svg") == true)
        #expect(lamp["options"]?.arrayValue?.first?["values"]?.arrayValue?.count == 2)
        let second = try shop.get("/products.json?limit=1&page=2").json["products"]?.arrayValue
        #expect(second?.count == 1)
        #expect(second?.first?["handle"]?.stringValue == "tea")
        #expect(try shop.get("/products.json?page=9").json["products"]?.arrayValue?.isEmpty == true)
        let single = try shop.get("/products/tea.json").json["product"]
        #expect(single?["variants"]?.arrayValue?.first?["available"]?.booleanValue == true)
        #expect(single?["title"]?.stringValue == "Mint Tea")
    }

    @Test func stockIsFreshOrRemembered() throws {
        let shop = TestShop()
        try shop.node.start()
        let accept = [(name: "accept", value: "application/json")]
        let variant = try shop.variant("lamp")
        shop.shard.state.withLock {
            $0.levels[variant] = StockLevel(variant: variant, available: 3, sellsBeyondStock: false)
        }
        let fresh = try shop.get("/fragments/stock/lamp", accept).json
        #expect(fresh["variants"]?.arrayValue?.first?["quantity"]?.integerValue == 3)
        #expect(fresh["fresh"]?.booleanValue == true)
        #expect(try shop.get("/fragments/stock/lamp").text.contains("Only 3 left"))
        shop.shard.state.withLock { $0.isSilent = true }
        let remembered = try shop.get("/fragments/stock/lamp", accept).json
        #expect(remembered["fresh"]?.booleanValue == false)
        #expect(remembered["variants"]?.arrayValue?.first?["quantity"]?.integerValue == 3)
        #expect(try shop.get("/fragments/stock/lamp").text.contains("About 3 left"))
    }

    @Test func givesUpFeatures() throws {
        let shop = TestShop()
        try shop.node.start()
        let off = ["live-stock", "recommendations", "search"].map { DegradeState.Feature($0, fallback: nil) }
        shop.node.control("storefront", .degrade(DegradeState(level: 2, featuresOff: off)))
        #expect(try shop.get("/search?q=lamp").text.contains("Search is resting"))
        #expect(try shop.get("/fragments/recommendations/lamp").text.isEmpty)
        #expect(try shop.get("/fragments/stock/lamp").text.contains("About 5 left"))
        shop.node.control("storefront", .degrade(.normal))
        #expect(try shop.get("/search?q=lam").text.contains("Brass Lamp"))
    }

    @Test func reloadKeepsAGoodCatalogue() throws {
        let shop = TestShop()
        try shop.node.start()
        func reload() throws -> OperationResponse {
            try shop.node.operate("storefront", OperationRequest(method: "POST", path: "/v1/catalog/reload"))
        }
        try shop.disk.replace("shop.csv", with: Array("Handle,Title,Variant Price\na,\"cut off".utf8))
        #expect(try reload().status == 422)
        #expect(try shop.get("/products/lamp").status == 200)
        let changed =
            TestShop.csv.replacing("Brass Lamp", with: "Copper Lamp")
            + "\nbad,Bad,,,,,true,Title,Default Title,,1,deny,xx,"
        try shop.disk.replace("shop.csv", with: Array(changed.utf8))
        let answer = try reload()
        #expect(answer.status == 200)
        let json = try JSON(parsing: answer.body)
        #expect(json["skipped"]?.integerValue == 2)
        #expect(json["problems"]?.arrayValue?.first?["line"]?.integerValue == 6)
        #expect(try shop.get("/products/lamp").text.contains("Copper Lamp"))
        #expect(shop.events.count.withLock { $0 } == 2)
    }

    @Test func localPicturesWin() throws {
        let shop = TestShop(settings: [], files: ["pictures/lamp.jpg": "JPEG"])
        try shop.node.start()
        #expect(try shop.get("/products/lamp").text.contains("src=\"/pictures/lamp.jpg\""))
        let picture = try shop.get("/pictures/lamp.jpg")
        #expect(picture.text == "JPEG")
        #expect(picture.field("content-type") == "image/jpeg")
    }

    @Test func bodiesAreBounded() throws {
        let shop = TestShop(settings: [("body", .size(1_024))])
        try shop.node.start()
        let body = "{\"id\":\(String(repeating: " ", count: 1_100))1}"
        #expect(try shop.post("/cart/add.js", json: body).status == 413)
    }

    @Test func linesAreBounded() throws {
        let shop = TestShop(settings: [("cart_lines", .integer(1)), ("order_lines", .integer(1))])
        try shop.node.start()
        let (lamp, tea) = (try shop.variant("lamp"), try shop.variant("tea"))
        let cart = try shop.post("/cart/add.js", json: "{\"id\":\(lamp)}")
        #expect(cart.status == 200)
        let cookie = [(name: "cookie", value: cart.cookies)]
        #expect(try shop.post("/cart/add.js", json: "{\"id\":\(lamp)}", cookie).status == 200)
        #expect(try shop.post("/cart/add.js", json: "{\"id\":\(tea)}", cookie).status == 422)
        let lines = [lamp, tea].map { "{\"variant_id\":\($0),\"quantity\":1}" }
        let key = [(name: "idempotency-key", value: "k")]
        for (count, status) in [(2, 422), (1, 201)] {
            let body = "{\"email\":\"a@b.c\",\"lines\":[\(lines.prefix(count).joined(separator: ","))]}"
            #expect(try shop.post("/orders", json: body, key).status == status)
        }
    }

    @Test func picturesAreReadAFewAtATime() throws {
        let shop = TestShop(settings: [("picture_reads", .integer(1))], files: ["pictures/lamp.jpg": "JPEG"])
        try shop.node.start()
        let request = HTTPRequest(.get, "/pictures/lamp.jpg")
        let first = shop.node.send("storefront", HTTPContract.self, request)
        let second = shop.node.send("storefront", HTTPContract.self, request)
        _ = shop.node.world.run(limit: 1_000_000_000) { first.result != nil && second.result != nil }
        #expect(try first.result?.get().status == 200)
        #expect(try second.result?.get().status == 503)
        #expect(try shop.get("/pictures/lamp.jpg").status == 200)
    }

    /// What the background learns is shown in lists.
    @Test func availabilityIsRefreshed() throws {
        let shop = TestShop()
        try shop.node.start()
        let lamp = try shop.variant("lamp")
        shop.shard.state.withLock {
            $0.levels[lamp] = StockLevel(variant: lamp, available: 0, sellsBeyondStock: false)
        }
        _ = shop.node.world.run(limit: 1_000_000_000) { false }
        let products = try shop.get("/products.json").json["products"]?.arrayValue
        let variants = products?.first?["variants"]?.arrayValue
        #expect(variants?.first?["available"]?.booleanValue == false)
    }

    @Test func keepsItsSecret() throws {
        let disk = MemoryDisk(["shop.csv": TestShop.csv])
        var cookies: [String] = []
        for _ in 0..<2 {
            let shard = FakeShard()
            let node = TestNode(
                [
                    ActorPlan(
                        "storefront", of: Storefront.declaration,
                        settings: [("catalog", .string("shop.csv"))],
                        links: ["shards": ["shards"]]), shard.plan,
                ], disk: disk)
            try node.start()
            let body = Array(
                "id=\(Catalogue(try CatalogueReader.read(Array(TestShop.csv.utf8)).products).products[0].variants[0].id)"
                    .utf8)
            let response = try node.ask(
                "storefront", HTTPContract.self, HTTPRequest(.post, "/cart/add", body: body))
            cookies.append(String(response.cookies.prefix { $0 != ";" }))
        }
        #expect(cookies[0].hasPrefix("souk_cart="))
        #expect(cookies[0] == cookies[1])
        #expect(try disk.read("data/secret", limit: 100).count == 64)
    }

    @Test func pagesAreBounded() throws {
        var cache = PageCache(capacity: 3)
        for index in 0..<10 { cache.insert(HTTPContent(), for: "\(index)") }
        #expect(cache.count == 3)
        #expect(cache["9"] != nil && cache["7"] != nil && cache["6"] == nil)
    }
}

extension String {
    fileprivate func replacing(_ old: String, with new: String) -> String {
        var result = ""
        var rest = Substring(self)
        while !rest.isEmpty {
            if rest.hasPrefix(old) {
                result += new
                rest = rest.dropFirst(old.count)
            } else {
                result.append(rest.removeFirst())
            }
        }
        return result
    }
}
