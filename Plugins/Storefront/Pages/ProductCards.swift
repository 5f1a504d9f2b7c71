/// Products as cards in a grid.
struct ProductCards {
    let shop: Shop

    /// - Parameter loadsLazily: false for the first grid of a page, which is seen at once.
    func grid(_ products: [Product], loadsLazily: Bool = true, heading: Int = 3) -> Markup {
        """
        <ul class="grid">
        \(products.map { card($0, loadsLazily: loadsLazily, heading: heading) })</ul>
        """
    }

    func card(_ product: Product, loadsLazily: Bool, heading: Int) -> Markup {
        let picture = shop.pictures(of: product)[0]
        let lazily: Markup = loadsLazily ? " loading=\"lazy\" decoding=\"async\"" : .nothing
        let level = Markup(trusted: "h\(heading)")
        return """
            <li class="card">
            <a href="\(Shop.path(product))">
            <img src="\(picture.path)" width="\(Drawing.size)" height="\(Drawing.size)" alt=""\(lazily)>
            \(badge(product))<\(level)>\(product.title)</\(level)>
            </a>
            <p class="meta">\(choice(product))</p>
            \(price(product))
            </li>

            """
    }

    private func badge(_ product: Product) -> Markup? {
        guard product.compareAtPrice != nil else { return nil }
        return "<span class=\"badge\">Reduced</span>\n"
    }

    private func choice(_ product: Product) -> String {
        guard product.variants.count > 1 else { return product.vendor }
        var values: [String] = []
        for variant in product.variants where !values.contains(variant.options[0]) {
            values.append(variant.options[0])
        }
        let name = product.optionNames[0].lowercased()
        if values.count > 1, ["colour", "color", "size", "blend", "scent", "weight", "length"].contains(name)
        {
            return "\(values.count) \(name == "colour" || name == "color" ? "colours" : name + "s")"
        }
        return "\(product.variants.count) choices"
    }

    /// `€48.00`, `From €48.00`, with the earlier price where it is reduced.
    func price(_ product: Product) -> Markup {
        let from: Markup? =
            product.lowestPrice == product.highestPrice ? nil : "<span class=\"from\">From</span> "
        let before: Markup? = product.compareAtPrice.map {
            " <s><span class=\"hidden\">Before:</span> \(shop.money($0))</s>"
        }
        return "<p class=\"price\">\(from)<span>\(shop.money(product.lowestPrice))</span>\(before)</p>"
    }
}
