/// Amounts in the smallest unit of a currency with two decimals, read and written without floating
/// point.
enum Money {
    /// One hundred million in the large unit: beyond it a price is a mistake.
    static let limit = 10_000_000_000

    /// `50`, `50.5` and `50.00` as 5000, 5050 and 5000; nil for anything else, for more than two
    /// decimals that count, and beyond `limit`.
    static func cents(_ text: some StringProtocol) -> Int? {
        var whole = 0
        var fraction = 0
        var decimals = -1
        var digits = 0
        for byte in text.utf8 {
            if byte == UInt8(ascii: "."), decimals < 0, digits > 0 {
                decimals = 0
                continue
            }
            guard byte &- 48 < 10 else { return nil }
            let digit = Int(byte &- 48)
            if decimals < 0 {
                digits += 1
                whole = whole * 10 + digit
                guard whole <= limit / 100 else { return nil }
            } else {
                decimals += 1
                if decimals <= 2 {
                    fraction = fraction * 10 + digit
                } else if digit != 0 {
                    return nil
                }
            }
        }
        guard digits > 0, decimals != 0 else { return nil }
        let result = whole * 100 + (decimals == 1 ? fraction * 10 : fraction)
        return result <= limit ? result : nil
    }

    /// `12.00`.
    static func plain(_ cents: Int) -> String {
        let magnitude = cents.magnitude
        let rest = magnitude % 100
        return (cents < 0 ? "-" : "") + "\(magnitude / 100)." + (rest < 10 ? "0\(rest)" : "\(rest)")
    }

    /// As people read it: `€12.00`, or `12.00 CHF`.
    static func display(_ cents: Int, _ currency: String) -> String {
        switch currency {
        case "EUR": "€" + plain(cents)
        case "USD", "AUD", "CAD", "NZD": "$" + plain(cents)
        case "GBP": "£" + plain(cents)
        default: plain(cents) + " " + currency
        }
    }
}
