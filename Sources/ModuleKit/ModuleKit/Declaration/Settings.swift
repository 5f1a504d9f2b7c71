/// The settings of one actor, checked and completed with the defaults of its module.
///
/// The accessors do not throw: the topology was checked against the declaration before the actor was
/// made, so a wrong type here is a mistake in the module itself. They answer the neutral value then.
public struct Settings: Sendable, Equatable {
    /// All members, in the order of the declaration.
    public let entries: [SettingEntry]

    public init(_ entries: [SettingEntry] = []) {
        self.entries = entries
    }

    /// Settings of an object inside a list, map or setting; nil if the value is no object.
    public init?(_ value: SettingValue?) {
        guard case .object(let entries)? = value else { return nil }
        self.entries = entries
    }

    /// The value, or nil where the file says nothing and there is no default.
    public subscript(_ name: String) -> SettingValue? {
        entries.first { $0.name == name }?.value
    }

    /// Empty where absent.
    public func string(_ name: String) -> String {
        if case .string(let value)? = self[name] { value } else { "" }
    }
    /// Nil where absent.
    public func optionalString(_ name: String) -> String? {
        if case .string(let value)? = self[name] { value } else { nil }
    }
    /// False where absent.
    public func boolean(_ name: String) -> Bool {
        if case .boolean(let value)? = self[name] { value } else { false }
    }
    /// 0 where absent.
    public func integer(_ name: String) -> Int {
        if case .integer(let value)? = self[name] { value } else { 0 }
    }
    /// Also of integers and percentages; 0 where absent.
    public func number(_ name: String) -> Double {
        switch self[name] {
        case .number(let value)?, .percentage(let value)?: value
        case .integer(let value)?: Double(value)
        default: 0
        }
    }
    /// Nanoseconds.
    public func duration(_ name: String) -> UInt64 {
        if case .duration(let value)? = self[name] { value } else { 0 }
    }
    /// Bytes.
    public func size(_ name: String) -> Int {
        if case .size(let value)? = self[name] { value } else { 0 }
    }
    /// A fraction: `10%` is 0.1.
    public func percentage(_ name: String) -> Double { number(name) }

    /// Empty where absent.
    public func list(_ name: String) -> [SettingValue] {
        if case .list(let values)? = self[name] { values } else { [] }
    }
    /// The members of a map or object, in the order of the file.
    public func map(_ name: String) -> [SettingEntry] {
        if case .object(let entries)? = self[name] { entries } else { [] }
    }
    /// The objects of a list of objects.
    public func objects(_ name: String) -> [Settings] { list(name).compactMap(Settings.init) }
}
