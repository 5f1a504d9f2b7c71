/// A setting's value after the topology file was read and checked against its declaration.
///
/// Units are fixed by the case: durations are nanoseconds, sizes bytes, percentages fractions
/// (`10%` is 0.1).
public indirect enum SettingValue: Sendable, Equatable {
    case string(String)
    case boolean(Bool)
    case integer(Int)
    case number(Double)
    /// Nanoseconds, never negative.
    case duration(UInt64)
    /// Bytes, never negative.
    case size(Int)
    /// A fraction: `10%` is 0.1.
    case percentage(Double)
    case list([SettingValue])
    /// In the order of the file.
    case object([SettingEntry])

    /// The value of a member of an object; nil when this is no object or has no such member.
    public subscript(_ name: String) -> SettingValue? {
        guard case .object(let entries) = self else { return nil }
        return entries.first { $0.name == name }?.value
    }
}

/// One member of an object of settings.
public struct SettingEntry: Sendable, Equatable {
    /// The key.
    public let name: String
    /// What it is set to.
    public let value: SettingValue

    public init(_ name: String, _ value: SettingValue) {
        self.name = name
        self.value = value
    }
}
