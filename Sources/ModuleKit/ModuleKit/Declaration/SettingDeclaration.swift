/// What kind of value a setting takes, with its range. Ranges are inclusive.
public indirect enum SettingKind: Sendable {
    /// Text of at most `maximum` UTF-8 bytes.
    case string(maximum: Int = 65_536)
    /// One of a few words.
    case choice([String])
    case boolean
    case integer(ClosedRange<Int>)
    case number(ClosedRange<Double>)
    /// Nanoseconds; written `250ms`, `1.5s`, `2m`, `1h`.
    case duration(ClosedRange<UInt64>)
    /// Bytes; written `64MiB`, `10KB`, `512`.
    case size(ClosedRange<Int>)
    /// A fraction; written `10%`.
    case percentage(ClosedRange<Double>)
    /// `host:port`, `[v6]:port`, `:port` or `unix:/path`.
    case address
    /// A path in the file system, relative to the folder that the process was started in.
    case path
    /// The name of one of the actor's own links.
    case link
    case list(of: SettingKind, count: ClosedRange<Int> = 0...10_000)
    /// A mapping of free keys to values of one kind.
    case map(of: SettingKind, count: ClosedRange<Int> = 0...10_000)
    case object([SettingDeclaration])
}

/// One setting of a module: what it is called, what it takes, and what it means.
public struct SettingDeclaration: Sendable {
    /// The key in the topology; lower case words joined by underscores.
    public let name: String
    /// What it takes, with the range.
    public let kind: SettingKind
    /// Used where the file says nothing; nil with `isRequired` false means "absent".
    public let defaultValue: SettingValue?
    /// Whether the topology must give it.
    public let isRequired: Bool
    /// One sentence for the documentation and for error messages.
    public let documentation: String

    /// A setting that may be left out.
    public init(
        _ name: String, _ kind: SettingKind, default defaultValue: SettingValue? = nil,
        _ documentation: String
    ) {
        self.name = name
        self.kind = kind
        self.defaultValue = defaultValue
        self.isRequired = false
        self.documentation = documentation
    }

    /// A setting that every actor of the module must have.
    public init(required name: String, _ kind: SettingKind, _ documentation: String) {
        self.name = name
        self.kind = kind
        self.defaultValue = nil
        self.isRequired = true
        self.documentation = documentation
    }
}
