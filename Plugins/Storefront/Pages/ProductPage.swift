import ModuleKit

/// The page of one product. Price, stock and recommendations are moving parts, put in by whoever
/// assembles pages; without one, what stands in their places is true enough to buy by.
struct ProductPage {
    let shop: Shop
    let product: Product
    /// Variants that are shown as buttons; more of them become a list.
    private static let buttonLimit = 12

    func page() -> Markup {
        let pictures = shop.pictures(of: product)
        let handle = HTTPText.percentEncoded(product.handle)
        return PageFrame(shop: shop).page(
            product.title, description: BodyText.summary(product.bodyHTML), path: Shop.path(product),
            bodyClass: "product",
            """
            \(trail)
            <article class="detail">
            \(gallery(pictures))
            <div class="buy">
            <p class="eyebrow">\(product.vendor)</p>
            <h1>\(product.title)</h1>
            <esi:include src="/fragments/price/\(handle)" onerror="continue">\(ProductCards(shop: shop).price(product))</esi:include>
            <form action="/cart/add" method="post" data-cart-form>
            \(choice)
            <div class="amount">
            <label for="quantity">Quantity</label>
            <input id="quantity" type="number" name="quantity" value="1" min="1" max="99" inputmode="numeric">
            <button class="button" type="submit">Add to cart</button>
            </div>
            </form>
            <esi:include src="/fragments/stock/\(handle)" onerror="continue"><p class="stock">Availability is checked when you order.</p></esi:include>
            <div class="prose">
            \(BodyText.markup(product.bodyHTML))
            </div>
            \(facts)
            </div>
            </article>
            <section class="band" aria-labelledby="more">
            <h2 id="more">Goes well with</h2>
            <esi:include src="/fragments/recommendations/\(handle)" onerror="continue"><p><a href="/collections/all">See everything in the shop</a></p></esi:include>
            </section>
            """)
    }

    private var trail: Markup {
        let collection = product.collectionNames.first.flatMap { shop.catalogue.collection(Slug.slug($0)) }
        let step: Markup? = collection.map { "<li><a href=\"\(Shop.path($0))\">\($0.title)</a></li>\n" }
        return """
            <nav class="trail" aria-label="Where you are">
            <ol>
            <li><a href="/">Home</a></li>
            \(step)<li><a href="\(Shop.path(product))" aria-current="page">\(product.title)</a></li>
            </ol>
            </nav>
            """
    }

    private func gallery(_ pictures: [Picture]) -> Markup {
        let rest: Markup? =
            pictures.count > 1
            ? """
            <ul>
            \(pictures.dropFirst().prefix(6).map { picture -> Markup in
                "<li><img src=\"\(picture.path)\" width=\"\(Drawing.size)\" height=\"\(Drawing.size)\" alt=\"\(picture.alternativeText)\" loading=\"lazy\"></li>\n"
            })</ul>

            """ : nil
        return """
            <div class="gallery">
            <img src="\(pictures[0].path)" width="\(Drawing.size)" height="\(Drawing.size)" alt="\(pictures[0].alternativeText)">
            \(rest)</div>
            """
    }

    private var choice: Markup {
        if product.variants.count == 1 {
            return "<input type=\"hidden\" name=\"id\" value=\"\(product.variants[0].id)\">"
        }
        let names = product.optionNames.joined(separator: " and ")
        if product.variants.count > Self.buttonLimit {
            return """
                <label class="legend" for="variant">\(names)</label>
                <select id="variant" name="id">
                \(product.variants.map { variant -> Markup in
                    "<option value=\"\(variant.id)\">\(variant.title)\(extra(variant))</option>\n"
                })</select>
                """
        }
        return """
            <fieldset class="choice">
            <legend>\(names)</legend>
            \(product.variants.enumerated().map { index, variant -> Markup in
                let checked: Markup = index == 0 ? " checked" : .nothing
                return "<label><input type=\"radio\" name=\"id\" value=\"\(variant.id)\"\(checked)><span>\(variant.title)\(extra(variant))</span></label>\n"
            })</fieldset>
            """
    }

    /// The price, where it differs from variant to variant.
    private func extra(_ variant: Variant) -> Markup? {
        product.lowestPrice == product.highestPrice ? nil : " <small>\(shop.money(variant.price))</small>"
    }

    private var facts: Markup {
        let grams = product.variants[0].grams
        var rows: [(String, Markup)] = []
        if !product.type.isEmpty { rows.append(("Kind", "\(product.type)")) }
        if !product.vendor.isEmpty { rows.append(("Workshop", "\(product.vendor)")) }
        if grams > 0 {
            rows.append(("Weight", grams < 1000 ? "\(grams) g" : "\(grams / 1000).\(grams % 1000 / 100) kg"))
        }
        if !product.tags.isEmpty {
            rows.append(
                (
                    "Found under",
                    Markup(
                        trusted: product.tags.prefix(8).map { tag -> String in
                            let link: Markup =
                                "<a href=\"/search?q=\(HTTPText.percentEncoded(tag))\">\(tag)</a>"
                            return link.text
                        }.joined(separator: ", "))
                ))
        }
        guard !rows.isEmpty else { return .nothing }
        return """
            <dl class="facts">
            \(rows.map { row -> Markup in "<div><dt>\(row.0)</dt><dd>\(row.1)</dd></div>\n" })</dl>
            """
    }
}
