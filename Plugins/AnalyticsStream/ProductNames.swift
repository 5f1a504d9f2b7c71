/// What products are called, as the catalogue said. Bounded: what does not fit is shown by number.
struct ProductNames {
    /// Names at most.
    let limit: Int
    /// UTF-8 bytes of a name at most.
    static let longest = 120
    private var titles: [Int64: String] = [:]
    /// Names that did not fit.
    private(set) var turnedAway = 0

    init(limit: Int) {
        self.limit = limit
    }
    var count: Int { titles.count }

    /// Replaces all names.
    mutating func replace(_ names: [(product: Int64, title: String)]) {
        titles.removeAll(keepingCapacity: true)
        for name in names.prefix(limit) { titles[name.product] = Self.shortened(name.title) }
        turnedAway += max(0, names.count - limit)
    }
    func title(_ product: Int64) -> String { titles[product] ?? "#\(product)" }

    private static func shortened(_ title: String) -> String {
        guard title.utf8.count > longest else { return title }
        var short = title
        while short.utf8.count > longest - 3 { short.removeLast() }
        return short + "…"
    }
}
