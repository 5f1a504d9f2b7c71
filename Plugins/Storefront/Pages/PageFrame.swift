import ModuleKit

/// What all pages have in common: head, header and footer. The same for every visitor.
struct PageFrame {
    let shop: Shop

    /// - Parameters:
    ///   - path: where the page itself lives, for search engines; nil for pages that are not to be found.
    ///   - countsCart: whether the header has the place for the number of pieces in the cart.
    func page(
        _ title: String, description: String? = nil, path: String? = nil, bodyClass: String,
        query: String = "", countsCart: Bool = true, _ content: Markup
    ) -> Markup {
        let full = title == shop.name ? title : "\(title) – \(shop.name)"
        let summary: Markup? = description.map { "\n<meta name=\"description\" content=\"\($0)\">" }
        let link: Markup =
            path.map { "\n<link rel=\"canonical\" href=\"\($0)\">" }
            ?? "\n<meta name=\"robots\" content=\"noindex\">"
        return """
            <!doctype html>
            <html lang="en">
            <head>
            <meta charset="utf-8">
            <meta name="viewport" content="width=device-width, initial-scale=1">
            <title>\(full)</title>\(summary)\(link)
            <meta name="color-scheme" content="light dark">
            <link rel="stylesheet" href="\(Assets.stylePath)">
            <link rel="icon" href="/favicon.svg" type="image/svg+xml">
            <script src="\(Assets.scriptPath)" defer></script>
            </head>
            <body class="\(bodyClass)">
            <a class="skip" href="#content">Skip to content</a>
            \(header(query, countsCart))
            <main id="content" tabindex="-1">
            \(content)
            </main>
            \(footer)
            <div class="toast" role="status" aria-live="polite" data-toast></div>
            </body>
            </html>

            """
    }

    private func header(_ query: String, _ countsCart: Bool) -> Markup {
        let place: Markup = "<span class=\"count\" data-cart-count></span>"
        let count: Markup =
            countsCart
            ? "<esi:include src=\"/fragments/cart-count\" onerror=\"continue\">\(place)</esi:include>" : place
        return """
            <header class="top">
            <div class="bar">
            <a class="brand" href="/">\(Icon.lantern)<span>\(shop.name)</span></a>
            <form class="find" action="/search" method="get" role="search">
            <label class="hidden" for="q">Search the shop</label>
            <input id="q" type="search" name="q" value="\(query)" placeholder="Search the shop" maxlength="100" autocomplete="off">
            <button type="submit" aria-label="Search">\(Icon.glass)</button>
            </form>
            <a class="basket" href="/cart">\(Icon.basket)<span>Cart</span>\(count)</a>
            </div>
            <nav class="aisles" aria-label="Collections">
            <ul>
            <li><a href="/collections/all">Everything</a></li>
            \(shop.catalogue.collections.prefix(Self.navigationLimit).map { collection -> Markup in
                "<li><a href=\"\(Shop.path(collection))\">\(collection.title)</a></li>\n"
            })</ul>
            </nav>
            </header>
            """
    }

    /// Collections named in the header and the footer.
    static let navigationLimit = 9

    private var footer: Markup {
        """
        <footer class="foot">
        <div class="inner">
        <div>
        <p class="brand">\(Icon.lantern)<span>\(shop.name)</span></p>
        <p>Things made by hand, chosen slowly, and sent in paper and straw.</p>
        </div>
        <nav aria-label="Shop">
        <h2>Shop</h2>
        <ul>
        <li><a href="/collections/all">Everything</a></li>
        \(shop.catalogue.collections.prefix(Self.navigationLimit).map { collection -> Markup in
            "<li><a href=\"\(Shop.path(collection))\">\(collection.title)</a></li>\n"
        })</ul>
        </nav>
        <div>
        <h2>Good to know</h2>
        <ul>
        <li>Stock is counted piece by piece: what you order is there.</li>
        <li>Orders are confirmed at once.</li>
        <li>Returns are welcome for thirty days.</li>
        </ul>
        </div>
        </div>
        </footer>
        """
    }
}

/// Drawings in the text, in the colour of the text.
enum Icon {
    static let lantern: Markup = """
        <svg class="icon" viewBox="0 0 24 24" width="24" height="24" aria-hidden="true"><path d="M12 1v3M8.500 4h7l2 4.500c1.500 4-.5 8-2 10.500h-7c-1.500-2.500-3.500-6.500-2-10.500zM8.500 19h7M10 22h4M12 8v7M9.500 9c-.7 2.500-.5 5 .3 7M14.500 9c.7 2.500.5 5-.3 7" fill="none" stroke="currentColor" stroke-width="1.500" stroke-linecap="round" stroke-linejoin="round"/></svg>
        """
    static let glass: Markup = """
        <svg class="icon" viewBox="0 0 24 24" width="20" height="20" aria-hidden="true"><path d="M10.500 4a6.500 6.500 0 1 0 0 13 6.500 6.500 0 0 0 0-13zM15.500 15.500 20 20" fill="none" stroke="currentColor" stroke-width="1.700" stroke-linecap="round"/></svg>
        """
    static let basket: Markup = """
        <svg class="icon" viewBox="0 0 24 24" width="22" height="22" aria-hidden="true"><path d="M4 9h16l-1.600 10a1.500 1.500 0 0 1-1.500 1.200H7.100A1.500 1.500 0 0 1 5.600 19zM8 9c0-3 1.600-5.500 4-5.500S16 6 16 9" fill="none" stroke="currentColor" stroke-width="1.500" stroke-linecap="round" stroke-linejoin="round"/></svg>
        """
}
