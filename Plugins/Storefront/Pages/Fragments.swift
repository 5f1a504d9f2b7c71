import ModuleKit

/// What is known about the stock of one variant.
struct KnownStock: Sendable {
    var variant: Variant
    /// Nil if no shard ever told.
    var available: Int?
    var sellsBeyondStock: Bool
    /// Whether the shard was asked just now.
    var isFresh: Bool

    var isAvailable: Bool {
        sellsBeyondStock || (available.map { $0 > 0 } ?? (variant.initialStock > 0))
    }
}

/// The moving parts of pages.
struct Fragments {
    let shop: Shop
    /// Below so many pieces the page says how many there are.
    static let fewLimit = 6

    // MARK: stock

    func stock(_ product: Product, _ stock: [KnownStock]) -> Markup {
        if stock.count == 1 { return sentence(stock[0]) }
        return """
            <ul class="stocks" aria-label="Availability">
            \(stock.map { known -> Markup in
                "<li class=\"\(state(known))\"><span>\(known.variant.title)</span> <span>\(words(known))</span></li>\n"
            })</ul>
            """
    }

    private func sentence(_ known: KnownStock) -> Markup {
        "<p class=\"stock \(state(known))\">\(words(known))</p>"
    }
    private func state(_ known: KnownStock) -> String {
        guard known.isAvailable else { return "none" }
        return (known.available ?? Self.fewLimit) < Self.fewLimit ? "few" : "some"
    }
    func words(_ known: KnownStock) -> String {
        guard known.isAvailable else { return "Sold out" }
        guard let available = known.available else { return "Checked when you order" }
        if available <= 0 { return "Made to order" }
        if available >= Self.fewLimit { return "In stock" }
        return known.isFresh ? "Only \(available) left" : "About \(available) left"
    }

    func stockJSON(_ product: Product, _ stock: [KnownStock]) -> JSON {
        .object([
            ("handle", .string(product.handle)), ("product_id", .integer(Int(product.id))),
            ("available", .boolean(stock.contains { $0.isAvailable })),
            ("fresh", .boolean(stock.allSatisfy { $0.isFresh })),
            (
                "variants",
                .array(
                    stock.map { known in
                        .object([
                            ("id", .integer(Int(known.variant.id))), ("title", .string(known.variant.title)),
                            ("available", .boolean(known.isAvailable)),
                            ("quantity", known.available.map { .integer($0) } ?? .null),
                            ("policy", .string(known.sellsBeyondStock ? "continue" : "deny")),
                        ])
                    })
            ),
        ])
    }

    // MARK: price

    func price(_ product: Product) -> Markup { ProductCards(shop: shop).price(product) }

    func priceJSON(_ product: Product) -> JSON {
        func amount(_ cents: Int?) -> JSON { cents.map { .string(Money.plain($0)) } ?? .null }
        return .object([
            ("handle", .string(product.handle)), ("product_id", .integer(Int(product.id))),
            ("currency", .string(shop.currency)), ("price", amount(product.lowestPrice)),
            ("price_min", amount(product.lowestPrice)), ("price_max", amount(product.highestPrice)),
            ("compare_at_price", amount(product.compareAtPrice)),
            (
                "variants",
                .array(
                    product.variants.map { variant in
                        .object([
                            ("id", .integer(Int(variant.id))), ("price", amount(variant.price)),
                            ("compare_at_price", amount(variant.compareAtPrice)),
                        ])
                    })
            ),
        ])
    }

    // MARK: others

    func cartCount(_ count: Int) -> Markup {
        count > 0
            ? "<span class=\"count\" data-cart-count>\(count)<span class=\"hidden\"> pieces</span></span>"
            : "<span class=\"count\" data-cart-count></span>"
    }
    func recommendations(_ product: Product) -> Markup {
        ProductCards(shop: shop).grid(shop.catalogue.related(to: product, count: 4))
    }
}
