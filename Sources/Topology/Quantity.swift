/// Reads and writes numbers with units. Nothing here traps, whatever the text.
enum Quantity {
    private static let nanoseconds: [(unit: String, factor: UInt64)] = [
        ("h", 3_600_000_000_000), ("m", 60_000_000_000), ("s", 1_000_000_000), ("ms", 1_000_000),
        ("us", 1000), ("ns", 1),
    ]
    private static let binary: [(unit: String, factor: UInt64)] = [
        ("TiB", 1 << 40), ("GiB", 1 << 30), ("MiB", 1 << 20), ("KiB", 1 << 10),
    ]
    private static let decimal: [(unit: String, factor: UInt64)] = [
        ("TB", 1_000_000_000_000), ("GB", 1_000_000_000), ("MB", 1_000_000), ("KB", 1000), ("B", 1),
    ]

    /// Why a text is no quantity.
    enum Problem: Error {
        case noNumber
        case noUnit
        case unknownUnit(String)
        /// More than 64 bits can hold.
        case tooLarge
        /// A fraction of the smallest unit.
        case tooFine
    }

    /// `250ms`, `1.5s`; nanoseconds.
    static func duration(_ text: String) -> Result<UInt64, Problem> {
        quantity(text, nanoseconds, unitless: nil)
    }
    /// `64MiB`, `10KB`, `512`; bytes.
    static func size(_ text: String) -> Result<Int, Problem> {
        quantity(text, binary + decimal, unitless: 1).flatMap { value in
            Int(exactly: value).map { .success($0) } ?? .failure(.tooLarge)
        }
    }
    /// `10%` as 0.1; a zero needs no unit.
    static func percentage(_ text: String) -> Result<Double, Problem> {
        guard text.hasSuffix("%") else {
            guard let value = number(text) else { return .failure(.noNumber) }
            return value == 0 ? .success(0) : .failure(.noUnit)
        }
        guard let value = number(String(text.dropLast())) else { return .failure(.noNumber) }
        return .success(value / 100)
    }
    /// A finite decimal number; no `inf`, `nan` or hexadecimal digits.
    static func number(_ text: String) -> Double? {
        let allowed = text.utf8.allSatisfy { byte in
            switch byte {
            case UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "."), UInt8(ascii: "+"),
                UInt8(ascii: "-"), UInt8(ascii: "e"), UInt8(ascii: "E"):
                true
            default: false
            }
        }
        guard allowed, text.utf8.count <= 64, let value = Double(text), value.isFinite else { return nil }
        return value
    }

    private static func quantity(
        _ text: String, _ units: [(unit: String, factor: UInt64)], unitless: UInt64?
    ) -> Result<UInt64, Problem> {
        let bytes = Array(text.utf8.prefix(65))
        guard bytes.count <= 64 else { return .failure(.noNumber) }
        let digits = UInt8(ascii: "0")...UInt8(ascii: "9")
        let whole = bytes.prefix { digits.contains($0) }
        var rest = bytes[whole.endIndex...]
        var fraction: ArraySlice<UInt8> = []
        if rest.first == UInt8(ascii: ".") {
            fraction = rest.dropFirst().prefix { digits.contains($0) }
            guard !fraction.isEmpty else { return .failure(.noNumber) }
            rest = rest[fraction.endIndex...]
        }
        guard !whole.isEmpty else { return .failure(.noNumber) }
        let unit = String(decoding: rest.drop { $0 == 32 }, as: UTF8.self)
        let factor: UInt64
        if unit.isEmpty {
            guard let plain = whole.allSatisfy({ $0 == UInt8(ascii: "0") }) ? 1 : unitless else {
                return .failure(.noUnit)
            }
            factor = plain
        } else if let known = units.first(where: { $0.unit == unit }) {
            factor = known.factor
        } else {
            return .failure(.unknownUnit(unit))
        }
        return scaled(whole, fraction, factor)
    }
    private static func scaled(
        _ whole: ArraySlice<UInt8>, _ fraction: ArraySlice<UInt8>, _ factor: UInt64
    ) -> Result<UInt64, Problem> {
        guard let number = UInt64(String(decoding: whole, as: UTF8.self)) else { return .failure(.tooLarge) }
        let (product, isTooLarge) = number.multipliedReportingOverflow(by: factor)
        guard !isTooLarge else { return .failure(.tooLarge) }
        guard let part = portion(fraction, of: factor) else { return .failure(.tooFine) }
        let (sum, isOver) = product.addingReportingOverflow(part)
        return isOver ? .failure(.tooLarge) : .success(sum)
    }
    /// A decimal fraction of a unit. Of binary units it is rounded down (1.1MiB is no whole number of
    /// bytes); of others it must be exact, otherwise nil.
    private static func portion(_ fraction: ArraySlice<UInt8>, of factor: UInt64) -> UInt64? {
        guard fraction.count <= 18 else { return nil }
        var numerator: UInt64 = 0
        var denominator: UInt64 = 1
        for byte in fraction {
            numerator = numerator * 10 + UInt64(byte - UInt8(ascii: "0"))
            denominator *= 10
        }
        // The quotient is less than the factor, so it fits.
        let (quotient, remainder) = denominator.dividingFullWidth(factor.multipliedFullWidth(by: numerator))
        let isBinary = factor > 1 && factor.nonzeroBitCount == 1
        return remainder == 0 || isBinary ? quotient : nil
    }

    /// In the largest unit that divides it: `1h`, `1500ms`.
    static func text(duration: UInt64) -> String {
        guard duration > 0 else { return "0s" }
        let unit = nanoseconds.first { duration % $0.factor == 0 } ?? ("ns", 1)
        return "\(duration / unit.factor)\(unit.unit)"
    }
    /// In the largest binary unit that divides it, else in bytes.
    static func text(size: Int) -> String {
        let value = UInt64(max(size, 0))
        guard value > 0, let unit = binary.first(where: { value % $0.factor == 0 }) else { return "\(size)" }
        return "\(value / unit.factor)\(unit.unit)"
    }
    /// As a percentage.
    static func text(percentage: Double) -> String { text(number: percentage * 100) + "%" }
    /// Without a fraction where there is none.
    static func text(number: Double) -> String {
        if let whole = Int(exactly: number) { return "\(whole)" }
        // One tenth times a hundred is not quite ten.
        let rounded = (number * 1e9).rounded() / 1e9
        if let whole = Int(exactly: rounded) { return "\(whole)" }
        return "\(rounded)"
    }
}
