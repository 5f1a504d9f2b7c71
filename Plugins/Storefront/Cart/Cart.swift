/// What a visitor wants to buy. Lives in a signed cookie: the shop keeps nothing for those who only
/// look.
struct Cart: Sendable, Equatable {
    struct Line: Sendable, Equatable {
        var variant: Int64
        /// From 1.
        var quantity: Int
    }
    /// Each variant once, in the order in which they came.
    private(set) var lines: [Line] = []
    static let empty = Cart()

    var itemCount: Int { lines.reduce(0) { $0 + $1.quantity } }
    var isEmpty: Bool { lines.isEmpty }

    func quantity(of variant: Int64) -> Int { lines.first { $0.variant == variant }?.quantity ?? 0 }

    /// Sets how many pieces of a variant there are; 0 takes the line out.
    mutating func set(_ variant: Int64, to quantity: Int) {
        if let index = lines.firstIndex(where: { $0.variant == variant }) {
            if quantity > 0 { lines[index].quantity = quantity } else { lines.remove(at: index) }
        } else if quantity > 0 {
            lines.append(Line(variant: variant, quantity: quantity))
        }
    }

    /// Leaves out what the shop no longer sells.
    func keeping(_ isSold: (Int64) -> Bool) -> Cart {
        var copy = self
        copy.lines.removeAll { !isSold($0.variant) }
        return copy
    }

    // MARK: cookie

    static let cookieName = "souk_cart"
    /// Bytes that a cart's cookie may have: browsers keep 4,096.
    static let cookieLimit = 3_800

    /// `1.<variant>_<quantity>-<variant>_<quantity>.<signature>`; variants in base 36.
    func encoded(_ signer: Signer) -> String {
        let body = lines.map { String($0.variant, radix: 36) + "_" + String($0.quantity) }
        let text = "1." + body.joined(separator: "-")
        return text + "." + signer.signature("cart", text)
    }

    /// Nil unless the shop signed it.
    init?(_ cookie: String, _ signer: Signer, lineLimit: Int, quantityLimit: Int) {
        guard cookie.utf8.count <= Self.cookieLimit, let dot = cookie.lastIndex(of: ".") else { return nil }
        let text = String(cookie[..<dot])
        guard text.hasPrefix("1."),
            signer.isValid(String(cookie[cookie.index(after: dot)...]), "cart", text)
        else { return nil }
        for part in text.dropFirst(2).split(separator: "-").prefix(lineLimit) {
            let pair = part.split(separator: "_")
            guard pair.count == 2, let variant = Int64(pair[0], radix: 36), let quantity = Int(pair[1]),
                variant > 0, (1...quantityLimit).contains(quantity)
            else { continue }
            set(variant, to: quantity)
        }
    }
    init() {}
}
