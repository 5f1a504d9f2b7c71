import ModuleKit

/// The settings of the shop, read once.
struct StorefrontSettings: Sendable {
    let name: String
    let tagline: String
    let introduction: String
    let catalog: String
    let pictures: String
    let currency: String
    let secretFile: String
    let secret: String?
    let securesCookies: Bool
    let pageLife: Int
    let fragmentLife: Int
    let listLife: Int
    let pageCache: Int
    let cartLines: Int
    let orderLimits: OrderLimits
    let bodyLimit: Int
    let searchResults: Int
    let pictureLimit: Int
    let pictureReads: Int
    let catalogueLimits: CatalogueLimits
    let declareInFlight: Int
    let refreshPerSecond: Int
    let stockTimeout: UInt64
    let orderTimeout: UInt64
    let retryAfter: Int
    let cartLife: Int

    init(_ settings: Settings) throws(ModuleError) {
        name = settings.string("name")
        tagline = settings.string("tagline")
        introduction = settings.string("introduction")
        catalog = settings.string("catalog")
        pictures = settings.string("pictures")
        currency = settings.string("currency")
        secretFile = settings.string("secret_file")
        secret = settings.optionalString("secret")
        securesCookies = settings.boolean("secure_cookies")
        pageLife = Int(settings.duration("page_life") / 1_000_000_000)
        fragmentLife = Int(settings.duration("fragment_life") / 1_000_000_000)
        listLife = Int(settings.duration("list_life") / 1_000_000_000)
        pageCache = settings.integer("page_cache")
        cartLines = settings.integer("cart_lines")
        orderLimits = OrderLimits(
            lines: settings.integer("order_lines"), quantity: settings.integer("quantity"))
        bodyLimit = settings.size("body")
        searchResults = settings.integer("search_results")
        pictureLimit = settings.size("picture_size")
        pictureReads = settings.integer("picture_reads")
        catalogueLimits = CatalogueLimits(
            file: settings.size("catalog_size"), rows: settings.integer("catalog_rows"),
            field: settings.size("catalog_field"), products: settings.integer("catalog_products"),
            variantsPerProduct: settings.integer("catalog_variants"))
        declareInFlight = settings.integer("declare_in_flight")
        refreshPerSecond = settings.integer("stock_refresh")
        stockTimeout = settings.duration("stock_timeout")
        orderTimeout = settings.duration("order_timeout")
        retryAfter = max(1, Int(settings.duration("retry_after") / 1_000_000_000))
        cartLife = Int(settings.duration("cart_life") / 1_000_000_000)
        let isCode = currency.utf8.count == 3 && currency.utf8.allSatisfy { $0 &- 65 < 26 }
        guard isCode else {
            throw ModuleError(
                "must be three capital letters like EUR, not '\(currency)'",
                setting: "currency")
        }
        if let secret, secret.utf8.count < 16 {
            throw ModuleError("must have at least 16 bytes", setting: "secret")
        }
    }

    private static let second: UInt64 = 1_000_000_000

    static let declarations: [SettingDeclaration] = [
        SettingDeclaration(
            "name", .string(maximum: 80), default: .string("Souk Lantern & Co"), "The shop's name."),
        SettingDeclaration(
            "tagline", .string(maximum: 120), default: .string("Light for slow evenings"),
            "What the first page says in large letters."),
        SettingDeclaration(
            "introduction", .string(maximum: 500),
            default: .string(
                "Pierced lanterns, hand-knotted rugs, stoneware and tea – small batches from workshops we know by name."
            ), "What it says beneath."),
        SettingDeclaration(
            "catalog", .path, default: .string("Plugins/Storefront/Catalog/products.csv"),
            "The catalogue: a product file as Shopify exports it."),
        SettingDeclaration(
            "pictures", .path, default: .string("pictures"),
            "The folder with pictures that the catalogue names by URL; what is not there is drawn."),
        SettingDeclaration(
            "currency", .string(maximum: 3), default: .string("EUR"),
            "The currency of all prices, with two decimals."),
        SettingDeclaration(
            "secret_file", .path, default: .string("data/secret"),
            "Where the secret for cookies and order tokens is kept; made at the first start."),
        SettingDeclaration(
            "secret", .string(maximum: 1024),
            "The secret itself, at least 16 bytes; then no file is used."),
        SettingDeclaration(
            "secure_cookies", .boolean, default: .boolean(false),
            "Whether cookies are sent over HTTPS only."),
        SettingDeclaration(
            "page_life", .duration(0...86_400 * second), default: .duration(60 * second),
            "How long caches may keep pages."),
        SettingDeclaration(
            "fragment_life", .duration(0...3_600 * second), default: .duration(second),
            "How long caches may keep price and stock."),
        SettingDeclaration(
            "list_life", .duration(0...3_600 * second), default: .duration(2 * second),
            "How long caches may keep products as JSON."),
        SettingDeclaration(
            "page_cache", .integer(1...100_000), default: .integer(1_024),
            "Pages that are kept as bytes."),
        SettingDeclaration(
            "cart_lines", .integer(1...150), default: .integer(50), "Lines of one cart."),
        SettingDeclaration(
            "order_lines", .integer(1...100), default: .integer(100), "Lines of one order."),
        SettingDeclaration(
            "quantity", .integer(1...10_000), default: .integer(1_000), "Pieces of one line."),
        SettingDeclaration(
            "body", .size(1_024...1 << 20), default: .size(64 << 10), "Bytes of a request's body."),
        SettingDeclaration(
            "search_results", .integer(1...250), default: .integer(48), "Products that a search shows."),
        SettingDeclaration(
            "picture_size", .size(1_024...64 << 20), default: .size(8 << 20),
            "Bytes of a picture in the folder."),
        SettingDeclaration(
            "picture_reads", .integer(1...1_024), default: .integer(32),
            "Pictures that are read from the folder at the same time."),
        SettingDeclaration(
            "catalog_size", .size(1_024...1 << 30), default: .size(64 << 20), "Bytes of the catalogue's file."
        ),
        SettingDeclaration(
            "catalog_rows", .integer(1...10_000_000), default: .integer(500_000), "Rows of the catalogue."),
        SettingDeclaration(
            "catalog_field", .size(256...16 << 20), default: .size(256 << 10),
            "Bytes of one field of the catalogue."),
        SettingDeclaration(
            "catalog_products", .integer(1...1_000_000), default: .integer(100_000),
            "Products of the catalogue."),
        SettingDeclaration(
            "catalog_variants", .integer(1...2_048), default: .integer(250), "Variants of one product."),
        SettingDeclaration(
            "declare_in_flight", .integer(1...1_024), default: .integer(128),
            "Variants that are made known to the shards at the same time."),
        SettingDeclaration(
            "stock_refresh", .integer(1...100_000), default: .integer(500),
            "Variants whose stock is asked for in the background, each second."),
        SettingDeclaration(
            "stock_timeout", .duration(1_000_000...60 * second), default: .duration(250_000_000),
            "How long a page waits for a shard's stock before it shows the last known one."),
        SettingDeclaration(
            "order_timeout", .duration(10_000_000...60 * second), default: .duration(5 * second),
            "How long an order waits for its shard."),
        SettingDeclaration(
            "retry_after", .duration(second...3_600 * second), default: .duration(second),
            "When clients are to come again after a 503."),
        SettingDeclaration(
            "cart_life", .duration(60 * second...31_536_000 * second), default: .duration(1_209_600 * second),
            "How long a cart is kept by the browser."),
    ]
}
