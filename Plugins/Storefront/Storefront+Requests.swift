import ModuleKit

/// A request with what its handlers need. The reply is given exactly once.
struct Visit: Sendable {
    let request: HTTPRequest
    let delivery: Delivery
    let reply: ReplyBox<HTTPResponse>
    let route: ShopRoute
    let shop: Shop
    let signer: Signer
    /// Whether the client would rather have JSON than a page.
    let wantsJSON: Bool
}

extension Storefront {
    func handle(_ request: HTTPRequest, _ delivery: Delivery, _ reply: consuming Reply<HTTPResponse>) {
        metrics.requests.increment()
        let route = ShopRoute(path: request.bytes(request.path))
        guard let shop, let signer else { return reply(notReady()) }
        guard route != .notFound else { return reply(notFound(request, shop)) }
        guard route.allows(request.method) else {
            return reply(
                problem(
                    405, "This path does not take \(request.method.name)", request, shop, route,
                    fields: [(name: "Allow", value: route.allowed)]))
        }
        if request.method == .post, route != .checkout, Self.isOfOtherSite(request) {
            return reply(
                problem(403, "Forms of other sites change nothing in this shop", request, shop, route))
        }
        if let body = request.body, body.count > configuration.bodyLimit {
            return reply(
                problem(413, "The body is larger than \(configuration.bodyLimit) bytes", request, shop, route)
            )
        }
        let wantsJSON = Preference.wantsJSON(request.fieldText("accept"), otherwise: route.isForPrograms)
        if let content = page(route, request, shop) {
            return reply(Answers.conditional(content, request))
        }
        let visit = Visit(
            request: request, delivery: delivery, reply: ReplyBox(reply), route: route, shop: shop,
            signer: signer, wantsJSON: wantsJSON)
        serve(visit)
    }

    /// Whether a browser says that another site's page sends the request. It comes without the visitor's
    /// cart then (`SameSite`), and the answer would put another in its place.
    private static func isOfOtherSite(_ request: HTTPRequest) -> Bool {
        request.fieldText("sec-fetch-site")?.lowercased() == "cross-site"
    }

    private func serve(_ visit: Visit) {
        switch visit.route {
        case .search: search(visit)
        case .cart, .cartJSON: showCart(visit)
        case .checkout: checkout(visit)
        case .productsJSON: products(visit)
        case .productJSON(let handle): product(visit, handle)
        case .stockFragment(let handle): stockFragment(visit, handle)
        case .priceFragment(let handle): priceFragment(visit, handle)
        case .recommendationsFragment(let handle): recommendations(visit, handle)
        case .cartCountFragment: cartCount(visit)
        case .cartAdd(let isScript): addToCart(visit, isScript: isScript)
        case .cartChange(let isScript): changeCart(visit, isScript: isScript)
        case .cartClear(let isScript): clearCart(visit, isScript: isScript)
        case .placeOrder: placeOrder(visit)
        case .order(let id): showOrder(visit, id)
        case .picture(let name): picture(visit, name)
        case .home, .collection, .product, .stylesheet, .script, .icon, .robots, .notFound:
            visit.reply(notFound(visit.request, visit.shop))
        }
    }

    // MARK: pages that are the same for everybody

    /// Nil for everything that is no such page, and for pages that do not exist.
    private func page(_ route: ShopRoute, _ request: HTTPRequest, _ shop: Shop) -> HTTPContent? {
        switch route {
        case .home: return kept("/") { Answers.shell(ShopPages(shop).home(), life: $0, tags: ["catalog"]) }
        case .collection(let handle): return collection(handle, request, shop)
        case .product(let handle):
            guard let product = shop.catalogue.product(handle) else { return nil }
            return kept("/products/" + handle) { life in
                Answers.shell(
                    ProductPage(shop: shop, product: product).page(), life: life,
                    tags: ["product-\(product.id)", "catalog"], product: product.id)
            }
        case .stylesheet(let name):
            return name == Assets.styleName
                ? kept(name) { _ in Answers.file("text/css; charset=utf-8", StyleSheet.text) } : nil
        case .script(let name):
            return name == Assets.scriptName
                ? kept(name) { _ in Answers.file("text/javascript; charset=utf-8", Assets.script) } : nil
        case .icon: return kept("icon") { _ in Answers.file("image/svg+xml", Assets.icon) }
        case .robots:
            return kept("robots") { _ in
                HTTPContent(
                    fields: [
                        (name: "Content-Type", value: "text/plain; charset=utf-8"),
                        (name: "Cache-Control", value: "public, max-age=86400"),
                    ],
                    body: HTTPBody("User-agent: *\nDisallow: /cart\nDisallow: /checkout\nDisallow: /orders\n")
                )
            }
        case .picture(let name) where name == Assets.heroName:
            return kept("hero") { _ in Answers.file("image/svg+xml", HeroDrawing.svg) }
        default: return nil
        }
    }

    private func collection(_ handle: String, _ request: HTTPRequest, _ shop: Shop) -> HTTPContent? {
        let page = request.queryParameter("page").map { Int($0) ?? 0 } ?? 1
        let order = request.queryParameter("sort_by").flatMap(CollectionOrder.init) ?? .featured
        let known = shop.catalogue.collection(handle)
        guard handle == "all" || known != nil, page > 0 else { return nil }
        let key = "/collections/\(handle)?\(page)&\(order.rawValue)"
        if let content = pages[key] { return content }
        guard let markup = ShopPages(shop).collection(handle, page: page, order: order) else { return nil }
        // A tag is one word.
        let name = "collection-" + HTTPText.percentEncoded(handle)
        return kept(key) { Answers.shell(markup, life: $0, tags: [name, "catalog"]) }
    }

    private func kept(_ key: String, _ make: (Int) -> HTTPContent) -> HTTPContent {
        if let content = pages[key] { return content }
        let content = make(configuration.pageLife)
        metrics.pagesMade.increment()
        pages.insert(content, for: key)
        return content
    }

    // MARK: errors

    private func notReady() -> HTTPResponse {
        context.countError()
        return HTTPResponse(
            problem: 503, "The shop is opening",
            fields: [(name: "Retry-After", value: String(configuration.retryAfter))])
    }

    func notFound(_ request: HTTPRequest, _ shop: Shop) -> HTTPResponse {
        let route = ShopRoute(path: request.bytes(request.path))
        let wantsJSON = Preference.wantsJSON(request.fieldText("accept"), otherwise: route.isForPrograms)
        let fields = [
            (name: "Cache-Control", value: "public, max-age=0, s-maxage=5"), (name: "Vary", value: "Accept"),
            (name: "Surrogate-Key", value: "catalog"),
        ]
        if wantsJSON {
            return HTTPResponse(problem: 404, "There is nothing at this path", fields: fields)
        }
        let markup = VisitorPages(shop: shop).message(
            "Not on any shelf", "There is nothing at this address – perhaps it was sold, or never was.",
            link: "/collections/all", "See what there is")
        return HTTPResponse(
            status: 404, type: Answers.page, fields: fields + Answers.protection, body: HTTPBody(markup.bytes)
        )
    }

    /// An error as a problem (RFC 9457) or as a page, as the client likes it.
    func problem(
        _ status: Int, _ title: String, detail: String? = nil, _ request: HTTPRequest, _ shop: Shop,
        _ route: ShopRoute, fields: [(name: String, value: String)] = [], members: [(String, JSON)] = []
    ) -> HTTPResponse {
        if status >= 500 { context.countError() }
        let wantsJSON = Preference.wantsJSON(request.fieldText("accept"), otherwise: route.isForPrograms)
        var fields = fields + [(name: "Cache-Control", value: Answers.privately)]
        if status == 503 { fields.append((name: "Retry-After", value: String(configuration.retryAfter))) }
        if wantsJSON {
            return HTTPResponse(problem: status, title, detail: detail, fields: fields, members: members)
        }
        let markup = VisitorPages(shop: shop).message(
            title, detail ?? "\(status) \(HTTPStatus.reason(status))", link: "/cart", "Back to the cart")
        return HTTPResponse(
            status: status, type: Answers.page, fields: fields + Answers.protection,
            body: HTTPBody(markup.bytes))
    }
    func problem(
        _ status: Int, _ title: String, detail: String? = nil, _ visit: Visit,
        fields: [(name: String, value: String)] = [], members: [(String, JSON)] = []
    ) -> HTTPResponse {
        problem(
            status, title, detail: detail, visit.request, visit.shop, visit.route, fields: fields,
            members: members)
    }
}
