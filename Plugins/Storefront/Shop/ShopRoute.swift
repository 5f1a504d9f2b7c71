import ModuleKit

/// What a path of the shop means.
enum ShopRoute: Sendable, Equatable {
    case home
    case collection(String)
    case product(String)
    case search
    case cart
    case checkout
    case productsJSON
    case productJSON(String)
    case stockFragment(String)
    case priceFragment(String)
    case recommendationsFragment(String)
    case cartCountFragment
    case cartJSON
    case cartAdd(isScript: Bool)
    case cartChange(isScript: Bool)
    case cartClear(isScript: Bool)
    case placeOrder
    case order(String)
    case picture(String)
    case stylesheet(String)
    case script(String)
    case icon
    case robots
    case notFound

    /// From a path without its query.
    init(path: UnsafeRawBufferPointer) {
        let parts = path.dropFirst().split(separator: UInt8(ascii: "/"), omittingEmptySubsequences: false)
        guard parts.count <= 3, let first = parts.first else {
            self = .notFound
            return
        }
        let name = String(decoding: first, as: UTF8.self)
        switch parts.count {
        case 1: self = Self.top(name)
        case 2: self = Self.second(name, HTTPText.percentDecoded(parts[1]))
        default:
            self = Self.third(
                name, String(decoding: parts[1], as: UTF8.self), HTTPText.percentDecoded(parts[2]))
        }
    }

    private static func top(_ name: String) -> ShopRoute {
        switch name {
        case "": .home
        case "search": .search
        case "cart": .cart
        case "checkout": .checkout
        case "products.json": .productsJSON
        case "cart.js", "cart.json": .cartJSON
        case "orders": .placeOrder
        case "collections", "products": .collection("all")
        case "favicon.svg", "favicon.ico": .icon
        case "robots.txt": .robots
        case let name where name.hasPrefix("style.") && name.hasSuffix(".css"): .stylesheet(name)
        case let name where name.hasPrefix("shop.") && name.hasSuffix(".js"): .script(name)
        default: .notFound
        }
    }

    private static func second(_ first: String, _ second: String) -> ShopRoute {
        guard !second.isEmpty else { return .notFound }
        switch (first, second) {
        case ("collections", let handle): return .collection(handle)
        case ("products", let name) where name.hasSuffix(".json"):
            return .productJSON(String(name.dropLast(5)))
        case ("products", let handle): return .product(handle)
        case ("pictures", let name): return .picture(name)
        case ("orders", let id): return .order(id)
        case ("fragments", "cart-count"): return .cartCountFragment
        case ("cart", "add.js"), ("cart", "add.json"): return .cartAdd(isScript: true)
        case ("cart", "change.js"), ("cart", "change.json"): return .cartChange(isScript: true)
        case ("cart", "clear.js"), ("cart", "clear.json"): return .cartClear(isScript: true)
        case ("cart", "add"): return .cartAdd(isScript: false)
        case ("cart", "change"): return .cartChange(isScript: false)
        case ("cart", "clear"): return .cartClear(isScript: false)
        default: return .notFound
        }
    }

    private static func third(_ first: String, _ second: String, _ third: String) -> ShopRoute {
        guard first == "fragments", !third.isEmpty else { return .notFound }
        switch second {
        case "stock": return .stockFragment(third)
        case "price": return .priceFragment(third)
        case "recommendations": return .recommendationsFragment(third)
        default: return .notFound
        }
    }

    /// The value of `Allow`.
    var allowed: String {
        switch self {
        case .cartAdd, .cartChange, .cartClear, .placeOrder: "POST"
        case .checkout: "GET, HEAD, POST"
        default: "GET, HEAD"
        }
    }
    func allows(_ method: HTTPMethod) -> Bool {
        switch method {
        case .get, .head: allowed.hasPrefix("GET")
        case .post: allowed.hasSuffix("POST")
        default: false
        }
    }
    /// Whether clients of this path are programs rather than people.
    var isForPrograms: Bool {
        switch self {
        case .productsJSON, .productJSON, .cartJSON, .cartAdd(isScript: true), .cartChange(isScript: true),
            .cartClear(isScript: true), .placeOrder, .order:
            true
        default: false
        }
    }
}

/// What a client would rather have.
enum Preference {
    /// Whether the `Accept` field asks for JSON rather than for a page. A client that has no preference
    /// (`*/*`, or no such field) gets what the path is mostly used for.
    static func wantsJSON(_ accept: String?, otherwise: Bool) -> Bool {
        guard let accept = accept?.lowercased() else { return otherwise }
        var best: (quality: Double, isJSON: Bool)?
        for part in accept.split(separator: ",").prefix(32) {
            let pieces = part.split(separator: ";").map { CatalogueColumns.trimmed(String($0)) }
            guard let type = pieces.first else { continue }
            let isJSON =
                type.hasSuffix("json") || type == "text/javascript" || type == "application/javascript"
            let isPage = type == "text/html" || type == "application/xhtml+xml" || type == "text/*"
            guard isJSON || isPage else { continue }
            let quality = pieces.first { $0.hasPrefix("q=") }.flatMap { Double($0.dropFirst(2)) } ?? 1
            guard quality > 0, quality > best?.quality ?? 0 else { continue }
            best = (quality, isJSON)
        }
        return best?.isJSON ?? otherwise
    }
}
