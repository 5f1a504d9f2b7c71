import ModuleKit

/// The pages that belong to one visitor: never stored by a cache.
struct VisitorPages {
    let shop: Shop
    private var frame: PageFrame { PageFrame(shop: shop) }

    // MARK: search

    func search(_ query: String, _ products: [Product], total: Int) -> Markup {
        let heading: Markup = query.isEmpty ? "Search" : "Results for “\(query)”"
        let content: Markup
        if query.isEmpty {
            content = "<p class=\"lead\">Type a word above: a thing, a colour, a maker.</p>"
        } else if products.isEmpty {
            content = """
                <p class="lead">Nothing by that name today. Try a shorter word, or <a href="/collections/all">look at everything</a>.</p>
                """
        } else {
            content = ProductCards(shop: shop).grid(products, heading: 2)
        }
        let count: Markup? =
            products.isEmpty
            ? nil
            : total > products.count
                ? "<p class=\"meta\">The first \(products.count) of \(total)</p>"
                : "<p class=\"meta\">\(total) \(total == 1 ? "thing" : "things")</p>"
        return frame.page(
            query.isEmpty ? "Search" : "Search: \(query)", bodyClass: "collection", query: query,
            """
            <header class="title">
            <h1>\(heading)</h1>
            \(count)
            </header>
            \(content)
            """)
    }

    func searchIsOff(_ query: String, fallback: String?) -> Markup {
        message(
            "Search is resting", fallback ?? "The shop is very busy, so search is off for a moment.",
            link: "/collections/all", "Look at everything instead")
    }

    // MARK: cart

    func cart(_ cart: Cart, quantityLimit: Int) -> Markup {
        let lines = cart.lines.compactMap { line(of: $0) }
        guard !lines.isEmpty else {
            return message(
                "Your cart is empty", "Nothing in it yet – the lamps are a good place to begin.",
                link: "/collections/all", "Browse everything")
        }
        return frame.page(
            "Cart", bodyClass: "cart", countsCart: false,
            """
            <header class="title"><h1>Your cart</h1></header>
            <ul class="lines">
            \(lines.map { cartLine($0.line, $0.product, $0.variant, quantityLimit) })</ul>
            <div class="sum">
            <p>Total <strong>\(shop.money(CartShape(shop: shop).total(cart)))</strong></p>
            <p class="meta">Taxes included. Posting is on us.</p>
            <form action="/checkout" method="post"><button class="button" type="submit">Check out</button></form>
            </div>
            """)
    }

    private func line(of line: Cart.Line) -> (line: Cart.Line, product: Product, variant: Variant)? {
        shop.catalogue.variant(line.variant).map { (line, $0.product, $0.variant) }
    }

    private func cartLine(
        _ line: Cart.Line, _ product: Product, _ variant: Variant, _ quantityLimit: Int
    ) -> Markup {
        let picture = shop.pictures(of: product)[0]
        let title: Markup? = product.hasOnlyDefaultVariant ? nil : "<p class=\"meta\">\(variant.title)</p>"
        return """
            <li>
            <img src="\(picture.path)" width="\(Drawing.size)" height="\(Drawing.size)" alt="">
            <div>
            <h2><a href="\(Shop.path(product))">\(product.title)</a></h2>
            \(title)
            <form action="/cart/change" method="post">
            <input type="hidden" name="id" value="\(variant.id)">
            <label class="hidden" for="n\(variant.id)">Quantity of \(product.title)</label>
            <input id="n\(variant.id)" type="number" name="quantity" value="\(line.quantity)" min="0" max="\(quantityLimit)" inputmode="numeric">
            <button class="quiet" type="submit">Update</button>
            <button class="quiet" type="submit" name="remove" value="1">Remove<span class="hidden"> \(product.title)</span></button>
            </form>
            </div>
            <p class="price">\(shop.money(variant.price * line.quantity))</p>
            </li>

            """
    }

    // MARK: checkout

    /// - Parameters:
    ///   - lines: what the form orders, whatever becomes of the cart meanwhile.
    ///   - key: issued by the shop, so that a form that is sent twice is one order.
    func checkout(_ lines: [Cart.Line], key: String, email: String = "", problem: String? = nil) -> Markup {
        let shown = lines.compactMap { line(of: $0) }
        let total = shown.reduce(0) { $0 + $1.variant.price * $1.line.quantity }
        let warning: Markup? = problem.map { "<p class=\"warning\" role=\"alert\" id=\"problem\">\($0)</p>" }
        let described: Markup? = problem == nil ? nil : " aria-describedby=\"problem\" aria-invalid=\"true\""
        return frame.page(
            "Checkout", bodyClass: "checkout", countsCart: false,
            """
            <header class="title"><h1>Checkout</h1></header>
            <div class="split">
            <form action="/orders" method="post">
            \(warning)
            <input type="hidden" name="idempotency_key" value="\(key)">
            \(shown.map { entry -> Markup in
                "<input type=\"hidden\" name=\"variant_id\" value=\"\(entry.variant.id)\"><input type=\"hidden\" name=\"quantity\" value=\"\(entry.line.quantity)\">\n"
            })<label for="email">E-mail for the confirmation</label>
            <input id="email" type="email" name="email" value="\(email)" required maxlength="254" autocomplete="email"\(described)>
            <button class="button" type="submit">Place the order · \(shop.money(total))</button>
            <p class="meta">This is a demonstration shop: nothing is charged, and nothing is sent.</p>
            </form>
            \(summary(shown.map { ($0.product, $0.variant, $0.line.quantity, $0.variant.price) }, total: total))
            </div>
            """)
    }

    private func summary(
        _ lines: [(product: Product, variant: Variant, quantity: Int, price: Int)], total: Int
    ) -> Markup {
        """
        <section class="summary" aria-labelledby="summary">
        <h2 id="summary">What you order</h2>
        <ul>
        \(lines.map { line -> Markup in
            let title: Markup? = line.product.hasOnlyDefaultVariant ? nil : " <small>\(line.variant.title)</small>"
            return "<li><span>\(line.quantity) × \(line.product.title)\(title)</span> <span>\(shop.money(line.price * line.quantity))</span></li>\n"
        })</ul>
        <p>Total <strong>\(shop.money(total))</strong></p>
        </section>
        """
    }

    // MARK: orders

    func order(_ order: OrderRecord) -> Markup {
        let lines = order.draft.lines.map { line -> Markup in
            let found = shop.catalogue.anyVariant(line.variant)
            let name = found?.product.title ?? "Variant \(line.variant)"
            let title: Markup? = found.flatMap {
                $0.product.hasOnlyDefaultVariant ? nil : " <small>\($0.variant.title)</small>"
            }
            return
                "<li><span>\(line.quantity) × \(name)\(title)</span> <span>\(shop.money(line.unitPrice * line.quantity))</span></li>\n"
        }
        let heading = order.isCancelled ? "This order was cancelled" : "Thank you – it is yours"
        let words: Markup =
            order.isCancelled
            ? "The pieces are back on the shelf."
            : "We have written it down and set it aside. A confirmation goes to <strong>\(order.draft.email)</strong>."
        return frame.page(
            "Order \(OrderShape.number(order.id))", bodyClass: "checkout", countsCart: false,
            """
            <header class="title"><p class="eyebrow">Order \(OrderShape.number(order.id))</p>
            <h1>\(heading)</h1></header>
            <p class="lead">\(words)</p>
            <section class="summary" aria-labelledby="summary">
            <h2 id="summary">In the parcel</h2>
            <ul>
            \(lines)</ul>
            <p>Total <strong>\(shop.money(order.draft.total))</strong></p>
            </section>
            <p class="actions"><a class="button" href="/collections/all">Keep wandering</a></p>
            """)
    }

    // MARK: errors

    /// A page with one message and a way on.
    func message(_ title: String, _ text: String, link: String, _ label: String) -> Markup {
        frame.page(
            title, bodyClass: "message", countsCart: false,
            """
            <div class="empty">
            <h1>\(title)</h1>
            <p class="lead">\(text)</p>
            <p class="actions"><a class="button" href="\(link)">\(label)</a></p>
            </div>
            """)
    }
}
