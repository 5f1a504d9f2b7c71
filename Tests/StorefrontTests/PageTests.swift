import Glibc
import ModuleKit
import Runtime
import RuntimeTesting
import Testing

@testable import Storefront

/// Whether markup is well-formed: each element closed in turn, attributes quoted, none twice, no
/// character that should be escaped, each `id` once, each label and heading in its place.
struct MarkupCheck {
    private(set) var problems: [String] = []
    private var open: [String] = []
    private var identifiers: Set<String> = []
    private var labels: Set<String> = []
    private(set) var addresses: [String] = []
    private static let void: Set<String> = ["meta", "link", "img", "input", "br", "hr", "path", "circle"]

    init(_ html: String) {
        var rest = Substring(html)
        while let start = rest.firstIndex(of: "<") {
            text(rest[..<start])
            guard let end = rest[start...].firstIndex(of: ">") else {
                problems.append("a tag that does not end")
                return
            }
            tag(rest[rest.index(after: start)..<end])
            rest = rest[rest.index(after: end)...]
            if open.last == "script", let close = rest.firstRange(of: "</script>") {
                rest = rest[close.lowerBound...]
            }
        }
        if !open.isEmpty { problems.append("not closed: \(open)") }
        for label in labels where !identifiers.contains(label) { problems.append("label for no \(label)") }
    }

    private mutating func text(_ text: Substring) {
        var rest = text
        while let place = rest.firstIndex(of: "&") {
            rest = rest[rest.index(after: place)...]
            if rest.prefix(10).firstIndex(of: ";") == nil {
                problems.append("a bare & before \(rest.prefix(10))")
            }
        }
    }

    private mutating func tag(_ content: Substring) {
        if content.hasPrefix("!doctype") { return }
        if content.hasPrefix("/") {
            let name = String(content.dropFirst())
            if open.last == name {
                open.removeLast()
            } else {
                problems.append("</\(name)> closes \(open.last ?? "nothing")")
            }
            return
        }
        let name = String(content.prefix { $0.isLetter || $0.isNumber || $0 == ":" })
        let attributes = attributes(content.dropFirst(name.count), of: name)
        check(name, attributes)
        if !content.hasSuffix("/") && !Self.void.contains(name) { open.append(name) }
    }

    private mutating func attributes(_ text: Substring, of name: String) -> [String: String] {
        var result: [String: String] = [:]
        var rest = text.drop { $0 == " " }
        while !rest.isEmpty, rest != "/" {
            let key = rest.prefix { $0 != "=" && $0 != " " }
            rest = rest.dropFirst(key.count)
            var value = ""
            if rest.hasPrefix("=") {
                guard rest.hasPrefix("=\"") else {
                    problems.append("unquoted \(key) of \(name)")
                    return result
                }
                value = String(rest.dropFirst(2).prefix { $0 != "\"" })
                rest = rest.dropFirst(value.count + 3)
            }
            if result.updateValue(value, forKey: String(key)) != nil {
                problems.append("\(key) twice in \(name)")
            }
            rest = rest.drop { $0 == " " }
        }
        return result
    }

    private mutating func check(_ name: String, _ attributes: [String: String]) {
        if let id = attributes["id"], !identifiers.insert(id).inserted { problems.append("id \(id) twice") }
        if let label = attributes["for"] { labels.insert(label) }
        if name == "img", attributes["alt"] == nil || attributes["width"] == nil {
            problems.append("img without alt or size")
        }
        if name == "input", attributes["type"] != "hidden", attributes["id"] == nil, open.last != "label" {
            problems.append("input without label")
        }
        if attributes["style"] != nil
            || attributes.keys.contains(where: { $0.hasPrefix("on") && $0 != "onerror" })
        {
            problems.append("inline style or script in \(name)")
        }
        for key in ["src", "href", "action"] { if let value = attributes[key] { addresses.append(value) } }
    }
}

@Suite struct PageTests {
    /// Titles and descriptions that try to break out.
    static let hostile = """
        Handle,Title,Body (HTML),Vendor,Type,Tags,Option1 Name,Option1 Value,Variant Price,Image Src,Image Alt Text
        a&b,"<script>alert(1)</script> ""q"" & 'r'","<p>One<p>Two <img src=https://evil.example.com/x.png onerror=x> <a href=""javascript:x"">link</a><script>bad()</script> 1 < 2 & 3","<i>V</i>","Ty&pe","a<b, c""d",Si<ze,"<S>",1,https://evil.example.com/p.jpg,"alt "" <"
        b,Plain,<ul><li>one<li>two</ul></div></p><table><tr><td>x,,Other,,Title,Default Title,2,,
        """

    private func shop(_ csv: String) throws -> Shop {
        Shop(
            name: "Souk & <Co>", currency: "EUR",
            catalogue: Catalogue(try CatalogueReader.read(Array(csv.utf8)).products),
            localPictures: [], loadedAt: 0)
    }

    private func pages(_ shop: Shop) -> [(String, Markup)] {
        var result: [(String, Markup)] = [("home", ShopPages(shop).home())]
        for handle in ["all"] + shop.catalogue.collections.map(\.handle) {
            for order in CollectionOrder.allCases {
                result.append((handle, ShopPages(shop).collection(handle, page: 1, order: order) ?? .nothing))
            }
        }
        var cart = Cart()
        for product in shop.catalogue.products where product.isPublished {
            result.append((product.handle, ProductPage(shop: shop, product: product).page()))
            result.append((product.handle, Fragments(shop: shop).recommendations(product)))
            result.append((product.handle, Fragments(shop: shop).price(product)))
            if cart.lines.count < 5 { cart.set(product.variants[0].id, to: 2) }
        }
        let visitor = VisitorPages(shop: shop)
        result += [
            ("cart", visitor.cart(cart, quantityLimit: 9)), ("empty", visitor.cart(.empty, quantityLimit: 9)),
            ("checkout", visitor.checkout(cart.lines, key: "k", email: "\"><x", problem: "<bad>")),
            ("search", visitor.search("<\"&'>", [], total: 0)),
            ("found", visitor.search("x", shop.catalogue.products, total: 99)),
            ("off", visitor.searchIsOff("<x>", fallback: "a < b")),
            ("error", visitor.message("<t>", "&", link: "/", "x")),
        ]
        let lines = cart.lines.map { OrderLine(variant: $0.variant, quantity: 1, unitPrice: 5) }
        let draft = OrderDraft(
            key: OrderKey(high: 0, low: 0), home: 0, email: "<a@b>", lines: lines, placedAt: 0)
        result.append(("order", visitor.order(OrderRecord(id: 1, draft: draft))))
        return result
    }

    @Test(arguments: [PageTests.hostile, TestShop.csv])
    func pagesAreWellFormed(csv: String) throws {
        for (name, markup) in pages(try shop(csv)) {
            let check = MarkupCheck(markup.text)
            #expect(check.problems.isEmpty, "\(name)")
            // Nothing is loaded from, and nothing leads to, other hosts.
            #expect(
                check.addresses.allSatisfy { $0.hasPrefix("/") || $0 == "#content" },
                "\(name): \(check.addresses)")
            #expect(!markup.text.contains("alert(1)</script>"))
        }
    }

    @Test func theCheckCanFail() {
        for bad in [
            "<p>", "<p></b></p>", "<p a=b></p>", "<p id=\"a\"></p><i id=\"a\"></i>", "a & b<br>",
            "<img src=\"/\">",
        ] {
            #expect(!MarkupCheck(bad).problems.isEmpty)
        }
    }

    @Test(arguments: [
        ("<p>a<p>b", "<p>a</p><p>b</p>"), ("a<script>x</script>b", "ab"), ("1 < 2", "1 &lt; 2"),
        ("<b onclick=x>y</b>", "<b>y</b>"), ("&amp; &lt; & &bad", "&amp; &lt; &amp; &amp;bad"),
        ("<!-- c -->x", "x"), ("</p></div>", ""), ("<style>a</style", ""), ("a<br/>b", "a<br>b"),
        ("<", "&lt;"),
        ("<iframe src=//x></iframe>z", "z"), ("<svg><p>x</p></svg>y", "y"),
    ])
    func descriptionsAreTamed(html: String, expected: String) {
        #expect(BodyText.markup(html).text == expected)
    }

    /// What never closes is looked through once, not once for each of its beginnings.
    @Test func descriptionsThatNeverCloseAreRead() {
        let html = String(repeating: "<a", count: 131_072)
        #expect(BodyText.plain(html).utf8.count == html.utf8.count)
    }

    /// Drawings of all motifs are well-formed, bounded and the same each time.
    @Test func drawings() throws {
        let titles = [
            "Lantern", "Star", "Pendant", "Table lamp", "Candle", "Rug", "Cushion", "Blanket", "Towel",
            "Vase",
            "Bowl", "Plate", "Cup", "Jug", "Teapot", "Bottle", "Mortar", "Tea", "Jar", "Soap", "Incense",
            "Board",
            "Basket", "Tray", "Shirt", "Jacket", "Bag", "Shoe", "Something",
        ]
        let rows = titles.enumerated().map { "h\($0.offset),\($0.element) <&\(" x"),1" }.joined(
            separator: "\n")
        let products = try CatalogueReader.read(Array(("Handle,Title,Variant Price\n" + rows).utf8)).products
        for product in products {
            for view in 1...2 {
                let svg = Drawing.svg(product, view: view)
                #expect(SVGCheck.isWellFormed(svg), "\(product.title)")
                #expect(svg.utf8.count < 24_000)
                #expect(svg == Drawing.svg(product, view: view))
                #expect(!svg.contains("nan") && !svg.contains("inf"))
            }
        }
        #expect(Set(products.map { "\(Motif($0))" }).count == Motif.allCases.count)
        #expect(SVGCheck.isWellFormed(HeroDrawing.svg))
    }

    /// Each text on each ground has a contrast of at least 4.5 (WCAG 2.2, 1.4.3), light and dark.
    @Test func contrast() throws {
        let blocks = StyleSheet.text.split(separator: ":root{").map { $0.prefix { $0 != "}" } }
        #expect(blocks.count == 2)
        for block in blocks {
            var colours: [Substring: Double] = [:]
            for pair in block.split(separator: ";") {
                let parts = pair.split(separator: ":")
                guard parts.count == 2, parts[1].hasPrefix("#"),
                    let number = Int(parts[1].dropFirst(), radix: 16)
                else { continue }
                colours[parts[0]] = Self.luminance(number)
            }
            func ratio(_ one: Substring, _ other: Substring) -> Double {
                let (a, b) = (colours[one] ?? 0, colours[other] ?? 0)
                return (max(a, b) + 0.05) / (min(a, b) + 0.05)
            }
            for ground: Substring in ["--ground", "--raised", "--sunk"] {
                for text: Substring in ["--ink", "--soft", "--accent"] { #expect(ratio(text, ground) >= 4.5) }
            }
            for text: Substring in ["--good", "--few", "--gone"] { #expect(ratio(text, "--ground") >= 4.5) }
            #expect(ratio("--on", "--button") >= 4.5)
        }
    }
    private static func luminance(_ colour: Int) -> Double {
        let parts = [colour >> 16, colour >> 8 & 255, colour & 255].map { part -> Double in
            let share = Double(part) / 255
            return share <= 0.04045 ? share / 12.92 : pow((share + 0.055) / 1.055, 2.4)
        }
        return 0.2126 * parts[0] + 0.7152 * parts[1] + 0.0722 * parts[2]
    }

    @Test func filesAreSmall() throws {
        #expect(StyleSheet.text.utf8.count < 16_000)
        #expect(Assets.script.utf8.count < 3_000)
        #expect(ShopPages(try shop(TestShop.csv)).home().text.utf8.count < 30_000)
    }

    @Test(
        arguments: [
            (nil, true, true), (nil, false, false), ("*/*", true, true), ("text/html", true, false),
            ("application/json", false, true), ("text/html,application/xhtml+xml,*/*;q=0.8", true, false),
            ("application/problem+json", false, true), ("application/json;q=0.5, text/html", true, false),
            ("text/html;q=0.2, application/json", false, true), ("application/json;q=0", false, false),
        ] as [(String?, Bool, Bool)])
    func preferences(accept: String?, otherwise: Bool, expected: Bool) {
        #expect(Preference.wantsJSON(accept, otherwise: otherwise) == expected)
    }
}

enum SVGCheck {
    static func isWellFormed(_ svg: String) -> Bool {
        var open: [Substring] = []
        var rest = Substring(svg)
        while let start = rest.firstIndex(of: "<"), let end = rest[start...].firstIndex(of: ">") {
            let content = rest[rest.index(after: start)..<end]
            rest = rest[rest.index(after: end)...]
            guard content.filter({ $0 == "\"" }).count % 2 == 0 else { return false }
            if content.hasPrefix("/") {
                guard open.popLast() == content.dropFirst() else { return false }
            } else if !content.hasSuffix("/") {
                open.append(content.prefix { $0 != " " })
            }
        }
        return open.isEmpty
    }
}

extension Substring {
    fileprivate func firstRange(of text: String) -> Range<Index>? {
        var place = startIndex
        while place < endIndex {
            if self[place...].hasPrefix(text) { return place..<index(place, offsetBy: text.count) }
            place = index(after: place)
        }
        return nil
    }
}
