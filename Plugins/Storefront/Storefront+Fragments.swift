import ModuleKit

/// Products as JSON, moving parts of pages, search and pictures.
extension Storefront {
    // MARK: products as JSON

    func products(_ visit: Visit) {
        let limit = min(250, max(1, visit.request.queryParameter("limit").flatMap { Int($0) } ?? 30))
        let page = min(1_000_000, max(1, visit.request.queryParameter("page").flatMap { Int($0) } ?? 1))
        let shape = ProductShape(shop: visit.shop, stock: stock)
        let published = visit.shop.catalogue.published
        let shown = published.dropFirst((page - 1) * limit).prefix(limit)
        let json = JSON.object([
            ("products", .array(shown.map { shape.product(visit.shop.catalogue.products[$0]) }))
        ])
        visit.reply(list(json, tags: ["catalog"], visit))
    }

    func product(_ visit: Visit, _ handle: String) {
        guard let product = visit.shop.catalogue.product(handle) else {
            return visit.reply(notFound(visit.request, visit.shop))
        }
        let shape = ProductShape(shop: visit.shop, stock: stock)
        let json = JSON.object([("product", shape.product(product, joinsTags: true))])
        visit.reply(list(json, tags: ["product-\(product.id)", "catalog"], visit))
    }

    private func list(_ json: JSON, tags: [String], _ visit: Visit) -> HTTPResponse {
        let body = HTTPBody(json.encoded())
        let content = HTTPContent(
            fields: [
                (name: "Content-Type", value: Answers.json),
                (name: "Cache-Control", value: "public, max-age=\(configuration.listLife)"),
                (name: "ETag", value: Answers.tag(body)),
                (name: "Surrogate-Key", value: tags.joined(separator: " ")),
                (name: "X-Content-Type-Options", value: "nosniff"),
            ], body: body)
        return Answers.conditional(content, visit.request)
    }

    // MARK: stock and price

    func stockFragment(_ visit: Visit, _ handle: String) {
        guard let product = visit.shop.catalogue.product(handle) else {
            return visit.reply(notFound(visit.request, visit.shop))
        }
        if degrade.off("live-stock") != nil {
            return answerStock(visit, product, product.variants.map { known($0, isFresh: false) })
        }
        askStock(of: product.variants, visit.delivery) { actor, levels in
            actor.answerStock(visit, product, levels)
        }
    }

    private func answerStock(_ visit: Visit, _ product: Product, _ stock: [KnownStock]) {
        let fragments = Fragments(shop: visit.shop)
        let wantsJSON = Preference.wantsJSON(visit.request.fieldText("accept"), otherwise: false)
        let body =
            wantsJSON
            ? HTTPBody(fragments.stockJSON(product, stock).encoded())
            : HTTPBody(fragments.stock(product, stock).bytes)
        visit.reply(
            Answers.fragment(
                body, isJSON: wantsJSON, life: configuration.fragmentLife,
                tags: ["product-\(product.id)", "stock"]))
    }

    /// What is remembered of a variant.
    func known(_ variant: Variant, isFresh: Bool) -> KnownStock {
        let level = stock.level(variant.id)
        return KnownStock(
            variant: variant, available: level?.available,
            sellsBeyondStock: level?.sellsBeyondStock ?? variant.sellsBeyondStock, isFresh: isFresh)
    }

    /// Asks the shards for each of the variants; those that do not answer in time are answered from
    /// memory.
    func askStock(
        of variants: [Variant], _ delivery: Delivery,
        then: @escaping @Sendable (isolated Storefront, [KnownStock]) -> Void
    ) {
        guard let shards, !variants.isEmpty else { return then(self, []) }
        let gathering = StockGathering(variants.count)
        for (index, variant) in variants.enumerated() {
            shards.ask(.stock(variant: variant.id), delivery, timeout: configuration.stockTimeout) {
                actor, result in
                if case .success(.stock(let level)) = result {
                    actor.stock.note(level)
                    gathering.isFresh[index] = true
                } else {
                    actor.metrics.stockTimeouts.increment()
                }
                gathering.left -= 1
                guard gathering.left == 0 else { return }
                then(
                    actor,
                    variants.enumerated().map {
                        actor.known($0.element, isFresh: gathering.isFresh[$0.offset])
                    })
            }
        }
    }

    func priceFragment(_ visit: Visit, _ handle: String) {
        guard let product = visit.shop.catalogue.product(handle) else {
            return visit.reply(notFound(visit.request, visit.shop))
        }
        let fragments = Fragments(shop: visit.shop)
        let wantsJSON = Preference.wantsJSON(visit.request.fieldText("accept"), otherwise: false)
        let body =
            wantsJSON
            ? HTTPBody(fragments.priceJSON(product).encoded()) : HTTPBody(fragments.price(product).bytes)
        visit.reply(
            Answers.fragment(
                body, isJSON: wantsJSON, life: configuration.fragmentLife,
                tags: ["product-\(product.id)", "catalog"]))
    }

    func recommendations(_ visit: Visit, _ handle: String) {
        guard let product = visit.shop.catalogue.product(handle) else {
            return visit.reply(notFound(visit.request, visit.shop))
        }
        var markup: Markup
        var life = configuration.pageLife
        if let off = degrade.off("recommendations") {
            markup = off.fallback.map { "<p class=\"meta\">\($0)</p>" } ?? .nothing
            life = configuration.fragmentLife
        } else {
            markup = Fragments(shop: visit.shop).recommendations(product)
        }
        visit.reply(
            Answers.fragment(
                HTTPBody(markup.bytes), isJSON: false, life: life,
                tags: ["recommendations", "product-\(product.id)", "catalog"]))
    }

    // MARK: search

    func search(_ visit: Visit) {
        let query = String((visit.request.queryParameter("q") ?? "").prefix(100))
        let pages = VisitorPages(shop: visit.shop)
        if let off = degrade.off("search") {
            return visit.reply(
                Answers.visitor(pages.searchIsOff(query, fallback: off.fallback)))
        }
        let found = visit.shop.catalogue.search.find(query, limit: configuration.searchResults)
        let products = found.products.map { visit.shop.catalogue.products[$0] }
        if !query.isEmpty { tell(.search, visitor: Visitor.hash(visit.request)) }
        let markup = pages.search(query, products, total: found.total)
        visit.reply(
            HTTPResponse(
                Answers.shell(markup, life: min(10, configuration.pageLife), tags: ["search", "catalog"])))
    }

    // MARK: pictures

    func picture(_ visit: Visit, _ name: String) {
        if visit.shop.localPictures.contains(name), let type = PictureFile.type(of: name) {
            return localPicture(visit, name, type)
        }
        guard let drawing = visit.shop.drawing(name), drawing.product.isPublished else {
            return visit.reply(notFound(visit.request, visit.shop))
        }
        let key = "picture/" + name
        let version = Drawing.version(drawing.product, view: drawing.view)
        // A name without the present version may be drawn otherwise tomorrow.
        let life = visit.request.queryParameter("v") == version ? Answers.year : "public, max-age=3600"
        let body = pages[key]?.body ?? HTTPBody(Drawing.svg(drawing.product, view: drawing.view))
        let content = HTTPContent(
            fields: [
                (name: "Content-Type", value: "image/svg+xml"), (name: "Cache-Control", value: life),
                (name: "ETag", value: "\"\(version)\""),
                (name: "Surrogate-Key", value: "product-\(drawing.product.id)"),
                (name: "Content-Security-Policy", value: "default-src 'none'; style-src 'unsafe-inline'"),
                (name: "X-Content-Type-Options", value: "nosniff"),
            ], body: body)
        if pages[key] == nil { pages.insert(content, for: key) }
        visit.reply(Answers.conditional(content, visit.request))
    }

    private func localPicture(_ visit: Visit, _ name: String, _ type: String) {
        guard pictureReadsUnderWay < configuration.pictureReads else {
            return visit.reply(problem(503, "Too many pictures are being read", visit))
        }
        pictureReadsUnderWay += 1
        let (disk, path, limit) = (
            context.disk, configuration.pictures + "/" + name, configuration.pictureLimit
        )
        context.blocking(for: self) { () -> [UInt8]? in
            try? disk.read(path, limit: limit)
        } then: { actor, bytes in
            actor.pictureReadsUnderWay -= 1
            guard let bytes else { return visit.reply(actor.notFound(visit.request, visit.shop)) }
            let body = HTTPBody(bytes)
            let content = HTTPContent(
                fields: [
                    (name: "Content-Type", value: type),
                    (name: "Cache-Control", value: "public, max-age=86400"),
                    (name: "ETag", value: Answers.tag(body)),
                    (name: "Surrogate-Key", value: "catalog pictures"),
                    (name: "Content-Security-Policy", value: "default-src 'none'; style-src 'unsafe-inline'"),
                    (name: "X-Content-Type-Options", value: "nosniff"),
                ], body: body)
            visit.reply(Answers.conditional(content, visit.request))
        }
    }
}

/// Answers that are being gathered. On the actor's loop only.
final class StockGathering: @unchecked Sendable {
    @exclusivity(unchecked) var left: Int
    @exclusivity(unchecked) var isFresh: [Bool]

    init(_ count: Int) {
        left = count
        isFresh = Array(repeating: false, count: count)
    }
}
