import ModuleKit

/// Numbers for products and variants that stay the same from import to import, as the file has none:
/// 53 bits of a hash, so that JavaScript holds them exactly.
struct StableIdentifiers {
    private var taken: [Int64: String] = [:]

    /// A number for the text; another one if a different text has it already.
    mutating func number(_ text: String) -> Int64 {
        var salt = 0
        while true {
            let hash = StableHash.hash(salt == 0 ? text : "\(text)\u{1F}\(salt)")
            let number = max(1, Int64(truncatingIfNeeded: hash >> 11))
            if let other = taken[number], other != text {
                salt += 1
                continue
            }
            taken[number] = text
            return number
        }
    }
    mutating func product(_ handle: String) -> Int64 { number("product/" + handle) }
    mutating func variant(_ handle: String, _ options: [String]) -> Int64 {
        number("variant/" + ([handle] + options).joined(separator: "\u{1F}"))
    }
}
