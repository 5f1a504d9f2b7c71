import ModuleKit

/// How a collection is ordered, as Shopify's `sort_by` names it.
enum CollectionOrder: String, CaseIterable, Sendable {
    case featured = "manual"
    case cheapest = "price-ascending"
    case dearest = "price-descending"
    case title = "title-ascending"

    var label: String {
        switch self {
        case .featured: "Featured"
        case .cheapest: "Price, low to high"
        case .dearest: "Price, high to low"
        case .title: "A to Z"
        }
    }
    func sorted(_ products: [Product]) -> [Product] {
        switch self {
        case .featured: products
        case .cheapest: Self.stable(products) { $0.lowestPrice < $1.lowestPrice }
        case .dearest: Self.stable(products) { $0.lowestPrice > $1.lowestPrice }
        case .title: Self.stable(products) { $0.title < $1.title }
        }
    }
    private static func stable(_ products: [Product], _ isBefore: (Product, Product) -> Bool) -> [Product] {
        products.enumerated().sorted { left, right in
            isBefore(left.element, right.element)
                || (!isBefore(right.element, left.element) && left.offset < right.offset)
        }.map(\.element)
    }
}

/// The pages that are the same for every visitor.
struct ShopPages {
    let shop: Shop
    private var frame: PageFrame { PageFrame(shop: shop) }
    private var cards: ProductCards { ProductCards(shop: shop) }
    /// Products on one page of a collection.
    static let pageSize = 24

    init(_ shop: Shop) {
        self.shop = shop
    }

    // MARK: home

    func home() -> Markup {
        let catalogue = shop.catalogue
        let featured = featuredProducts()
        return frame.page(
            shop.name, description: shop.introduction, path: "/",
            bodyClass: "home",
            """
            <section class="hero">
            <div class="words">
            <p class="eyebrow">The evening market is open</p>
            <h1>\(shop.tagline.isEmpty ? shop.name : shop.tagline)</h1>
            <p class="lead">\(shop.introduction)</p>
            <p class="actions"><a class="button" href="/collections/all">Browse everything</a>\(heroLink)</p>
            </div>
            <img src="/pictures/\(Assets.heroName)" width="960" height="720" alt="Lanterns glowing under the arches of a covered market at night">
            </section>
            <section class="band" aria-labelledby="collections">
            <h2 id="collections">Wander the aisles</h2>
            <ul class="tiles">
            \(catalogue.collections.prefix(8).map(tile))</ul>
            </section>
            <section class="band" aria-labelledby="featured">
            <div class="row"><h2 id="featured">On the front table</h2><a href="/collections/all">See all \(catalogue.published.count) things</a></div>
            \(cards.grid(featured))
            </section>
            <section class="promise" aria-label="How we work">
            <ul>
            <li><h2>Made, not manufactured</h2><p>Each piece comes from one workshop. Small differences are the point.</p></li>
            <li><h2>Counted honestly</h2><p>If the page says three are left, three are left.</p></li>
            <li><h2>Packed in straw</h2><p>No plastic. The box is worth keeping, too.</p></li>
            </ul>
            </section>
            """)
    }

    private var heroLink: Markup? {
        shop.catalogue.collections.first { $0.handle == "lamps" }.map {
            " <a class=\"quiet\" href=\"\(Shop.path($0))\">See the lamps</a>"
        }
    }

    /// One of each collection in turn, so that the first page shows the breadth of the shop.
    private func featuredProducts() -> [Product] {
        let collections = shop.catalogue.collections
        var result: [Product] = []
        for round in 1..<4 {
            for collection in collections where collection.products.count > round {
                let product = shop.catalogue.products[collection.products[round]]
                if result.count < 8, !result.contains(where: { $0.id == product.id }) {
                    result.append(product)
                }
            }
        }
        for index in shop.catalogue.published where result.count < 8 {
            let product = shop.catalogue.products[index]
            if !result.contains(where: { $0.id == product.id }) { result.append(product) }
        }
        return result
    }

    private func tile(_ collection: ShopCollection) -> Markup {
        let picture = shop.pictures(of: shop.catalogue.products[collection.products[0]])[0]
        return """
            <li><a href="\(Shop.path(collection))"><img src="\(picture.path)" width="\(Drawing.size)" height="\(Drawing.size)" alt="" loading="lazy" decoding="async"><span>\(collection.title)</span><small>\(collection.products.count) \(collection.products.count == 1 ? "thing" : "things")</small></a></li>

            """
    }

    // MARK: collections

    /// Nil if there is no such collection or it has no such page.
    func collection(_ handle: String, page: Int, order: CollectionOrder) -> Markup? {
        let title: String
        let path: String
        let products: [Product]
        if handle == "all" {
            (title, path) = ("Everything", "/collections/all")
            products = shop.catalogue.published.map { shop.catalogue.products[$0] }
        } else {
            guard let collection = shop.catalogue.collection(handle) else { return nil }
            (title, path) = (collection.title, Shop.path(collection))
            products = collection.products.map { shop.catalogue.products[$0] }
        }
        let pages = max(1, (products.count + Self.pageSize - 1) / Self.pageSize)
        guard (1...pages).contains(page) else { return nil }
        let start = (page - 1) * Self.pageSize
        let shown = order.sorted(products)[start..<min(products.count, start + Self.pageSize)]
        return frame.page(
            page == 1 ? title : "\(title), page \(page)", description: "\(title) at \(shop.name)",
            path: page == 1 ? path : "\(path)?page=\(page)", bodyClass: "collection",
            """
            <header class="title">
            <h1>\(title)</h1>
            <p class="meta">\(products.count) \(products.count == 1 ? "thing" : "things")</p>
            </header>
            \(orders(path, order))
            \(cards.grid(Array(shown), loadsLazily: page > 1, heading: 2))
            \(pagination(path, page, of: pages, order))
            """)
    }

    private func orders(_ path: String, _ current: CollectionOrder) -> Markup {
        """
        <nav class="sort" aria-label="Order">
        <ul>
        \(CollectionOrder.allCases.map { order -> Markup in
            order == current
                ? "<li><a aria-current=\"true\" href=\"\(path)?sort_by=\(order.rawValue)\">\(order.label)</a></li>\n"
                : "<li><a href=\"\(path)?sort_by=\(order.rawValue)\">\(order.label)</a></li>\n"
        })</ul>
        </nav>
        """
    }

    private func pagination(_ path: String, _ page: Int, of pages: Int, _ order: CollectionOrder) -> Markup? {
        guard pages > 1 else { return nil }
        let tail = order == .featured ? "" : "&sort_by=\(order.rawValue)"
        func link(_ number: Int, _ label: String, _ relation: String) -> Markup {
            "<a rel=\"\(relation)\" href=\"\(path)?page=\(number)\(tail)\">\(label)</a>\n"
        }
        return """
            <nav class="pages" aria-label="Pages">
            \(page > 1 ? link(page - 1, "← Earlier", "prev") : .nothing)<span>Page \(page) of \(pages)</span>
            \(page < pages ? link(page + 1, "More →", "next") : .nothing)</nav>
            """
    }
}
