import ModuleKit

extension SettingKind {
    /// What is expected, with unit, range and an example: "a duration from 1ms to 1h, for instance 250ms".
    func expectation(example: SettingValue? = nil) -> String {
        switch self {
        case .string(let maximum): "a text of at most \(maximum) bytes"
        case .choice(let words): words.count == 1 ? words[0] : "one of " + words.joined(separator: ", ")
        case .boolean: "true or false"
        case .integer(let range):
            "a whole number from \(range.lowerBound) to \(range.upperBound)\(instance(example))"
        case .number(let range):
            "a number from \(Quantity.text(number: range.lowerBound)) to \(Quantity.text(number: range.upperBound))\(instance(example))"
        case .duration(let range):
            "a duration from \(Quantity.text(duration: range.lowerBound)) to \(Quantity.text(duration: range.upperBound))\(instance(example))"
        case .size(let range):
            "a size from \(Quantity.text(size: range.lowerBound)) to \(Quantity.text(size: range.upperBound))\(instance(example))"
        case .percentage(let range):
            "a percentage from \(Quantity.text(percentage: range.lowerBound)) to \(Quantity.text(percentage: range.upperBound))\(instance(example))"
        case .address: "an address: host:port, [v6]:port, :port or unix:/path"
        case .path: "a path in the file system"
        case .link: "the name of one of this actor's links"
        case .list(let kind, let count):
            "a list of \(Self.text(count: count)), each \(kind.expectation())"
        case .map(let kind, let count):
            "a mapping of \(Self.text(count: count)) names, each to \(kind.expectation())"
        case .object(let members):
            members.isEmpty
                ? "a mapping" : "a mapping with " + members.prefix(12).map(\.name).joined(separator: ", ")
        }
    }
    private static func text(count: ClosedRange<Int>) -> String {
        count.lowerBound == 0 ? "at most \(count.upperBound)" : "\(count.lowerBound) to \(count.upperBound)"
    }
    /// An example with its unit: the default, else something ordinary that is in range.
    private func instance(_ value: SettingValue?) -> String {
        if let text = value.flatMap(SettingKind.text) { return ", for instance \(text)" }
        switch self {
        case .duration(let range):
            let ordinary: [UInt64] = [250_000_000, 10_000_000_000, 1_000_000, 3_600_000_000_000]
            let example = ordinary.first { range.contains($0) } ?? range.lowerBound
            return ", for instance \(Quantity.text(duration: example))"
        case .size(let range):
            let example = [1 << 20, 1 << 10, 64, 1 << 30].first { range.contains($0) } ?? range.lowerBound
            return ", for instance \(Quantity.text(size: example))"
        case .percentage(let range):
            let example = [0.1, 0.5, 1].first { range.contains($0) } ?? range.lowerBound
            return ", for instance \(Quantity.text(percentage: example))"
        default: return ""
        }
    }
    /// A value as it is written in a topology; nil for lists and mappings.
    static func text(_ value: SettingValue) -> String? {
        switch value {
        case .string(let text): text
        case .boolean(let flag): flag ? "true" : "false"
        case .integer(let number): "\(number)"
        case .number(let number): Quantity.text(number: number)
        case .duration(let nanoseconds): Quantity.text(duration: nanoseconds)
        case .size(let bytes): Quantity.text(size: bytes)
        case .percentage(let fraction): Quantity.text(percentage: fraction)
        case .list, .object: nil
        }
    }
}
