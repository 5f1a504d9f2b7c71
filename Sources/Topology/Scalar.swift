import ModuleKit

/// Reads single values.
enum Scalar {
    /// Why a number, with or without unit, is not taken.
    enum Problem: Error {
        case quantity(Quantity.Problem)
        case outOfRange

        func message(_ shown: String) -> String {
            switch self {
            case .outOfRange: "\(shown) is out of range"
            case .quantity(.noNumber): shown.isEmpty ? "an empty text" : "'\(shown)' is no number"
            case .quantity(.noUnit): "'\(shown)' has no unit"
            case .quantity(.unknownUnit(let unit)): "'\(TreePreparation.short(unit))' is no unit"
            case .quantity(.tooLarge): "\(shown) is too large"
            case .quantity(.tooFine): "\(shown) is finer than the smallest unit"
            }
        }
        /// The same number with a unit that exists.
        func suggestion(_ text: String, _ kind: SettingKind) -> String? {
            guard text.utf8.count <= 24 else { return nil }
            let number = String(text.prefix { $0.isNumber || $0 == "." })
            switch (self, kind) {
            case (.quantity(.noUnit), .duration): return "\(number)s"
            case (.quantity(.noUnit), .percentage): return "\(number)%"
            case (.quantity(.unknownUnit(let unit)), .duration):
                return Self.unit(unit, durations).map { number + $0 }
            case (.quantity(.unknownUnit(let unit)), .size): return Self.unit(unit, sizes).map { number + $0 }
            default: return nil
            }
        }
        private static func unit(_ written: String, _ known: [(written: String, unit: String)]) -> String? {
            known.first { $0.written == written.lowercased() }?.unit
        }
    }
    private static let durations = [
        ("sec", "s"), ("secs", "s"), ("second", "s"), ("seconds", "s"), ("min", "m"), ("mins", "m"),
        ("minute", "m"), ("minutes", "m"), ("hour", "h"), ("hours", "h"), ("hr", "h"), ("µs", "us"),
        ("msec", "ms"), ("millis", "ms"), ("usec", "us"), ("s", "s"), ("ms", "ms"), ("h", "h"), ("m", "m"),
        ("us", "us"), ("ns", "ns"),
    ].map { (written: $0.0, unit: $0.1) }
    private static let sizes = [
        ("k", "KiB"), ("m", "MiB"), ("g", "GiB"), ("t", "TiB"), ("ki", "KiB"), ("mi", "MiB"), ("gi", "GiB"),
        ("kb", "KB"), ("mb", "MB"), ("gb", "GB"), ("tb", "TB"), ("kib", "KiB"), ("mib", "MiB"),
        ("gib", "GiB"), ("tib", "TiB"), ("b", "B"), ("bytes", "B"),
    ].map { (written: $0.0, unit: $0.1) }

    /// A number, duration, size or percentage in its range.
    static func quantity(_ kind: SettingKind, _ text: String) -> Result<SettingValue, Problem> {
        func checked<T: Comparable>(
            _ value: Result<T, Quantity.Problem>, _ range: ClosedRange<T>, _ make: (T) -> SettingValue
        ) -> Result<SettingValue, Problem> {
            switch value {
            case .success(let value): range.contains(value) ? .success(make(value)) : .failure(.outOfRange)
            case .failure(let problem): .failure(.quantity(problem))
            }
        }
        switch kind {
        case .integer(let range): return checked(integer(text), range) { .integer($0) }
        case .number(let range):
            let number = Quantity.number(text)
            return checked(number.map { .success($0) } ?? .failure(.noNumber), range) { .number($0) }
        case .duration(let range): return checked(Quantity.duration(text), range) { .duration($0) }
        case .size(let range): return checked(Quantity.size(text), range) { .size($0) }
        case .percentage(let range): return checked(Quantity.percentage(text), range) { .percentage($0) }
        default: return .failure(.quantity(.noNumber))
        }
    }
    private static func integer(_ text: String) -> Result<Int, Quantity.Problem> {
        if let value = Int(text) { return .success(value) }
        let digits = text.first == "-" || text.first == "+" ? text.dropFirst() : text[...]
        let isNumber = !digits.isEmpty && digits.utf8.allSatisfy { (0x30...0x39).contains($0) }
        return .failure(isNumber ? .tooLarge : .noNumber)
    }

    /// YAML 1.2: `true` and `false`, nothing else.
    static func boolean(_ text: String) -> Bool? {
        switch text {
        case "true": true
        case "false": false
        default: nil
        }
    }
    /// The words that YAML 1.1 took for truth values, and other spellings.
    static func likelyBoolean(_ text: String) -> String? {
        switch text.utf8.count > 8 ? "" : text.lowercased() {
        case "yes", "on", "y", "1", "true": "true"
        case "no", "off", "n", "0", "false": "false"
        default: nil
        }
    }
    static func booleanProblem(_ shown: String, _ name: String) -> String {
        likelyBoolean(shown) == nil
            ? "'\(shown)' is no value of '\(name)'"
            : "'\(shown)' is not read as a truth value (YAML 1.2); write true or false"
    }

    /// The text with each `{index}` replaced.
    static func replacingIndex(_ text: String, _ index: Int) -> String {
        let mark = Array("{index}".utf8)
        let bytes = Array(text.utf8)
        guard bytes.count >= mark.count, bytes.contains(UInt8(ascii: "{")) else { return text }
        var result: [UInt8] = []
        var place = 0
        while place < bytes.count {
            if bytes[place] == mark[0] && bytes[place...].starts(with: mark) {
                result.append(contentsOf: String(index).utf8)
                place += mark.count
            } else {
                result.append(bytes[place])
                place += 1
            }
        }
        return String(decoding: result, as: UTF8.self)
    }
}
