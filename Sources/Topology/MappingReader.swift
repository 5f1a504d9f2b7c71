import ModuleKit

/// Reads a mapping whose keys are known; reports those that are not.
struct MappingReader {
    /// For messages: "actor 'gate'".
    let owner: String
    let node: YAMLNode
    private let members: [YAMLMember]
    private let collector: DiagnosticCollector

    /// An empty value is an empty mapping; anything else that is no mapping is reported.
    init(
        _ node: YAMLNode, of owner: String, keys: [String], collector: DiagnosticCollector,
        ignoresExtensions: Bool = false
    ) {
        self.owner = owner
        self.node = node
        self.collector = collector
        members = Self.members(of: node, owner, collector)
        for member in members {
            guard let key = member.key.text, !keys.contains(key) else { continue }
            if ignoresExtensions && key.hasPrefix("x-") { continue }
            collector.report(
                "\(owner) has no key '\(TreePreparation.short(key))'", at: member.key,
                expected: "one of " + keys.joined(separator: ", "),
                suggestion: Suggestion.closest(to: key, among: keys))
        }
    }
    /// The members of a mapping with free keys.
    static func members(
        of node: YAMLNode, _ owner: String, _ collector: DiagnosticCollector
    ) -> [YAMLMember] {
        switch node.content {
        case .mapping(let members): return members
        case .invalid: return []
        case .scalar where node.isNull: return []
        case .scalar, .sequence:
            collector.report(
                "\(owner) must be a mapping, not \(node.kind)", at: node, expected: "'key: value' lines")
            return []
        }
    }

    subscript(_ key: String) -> YAMLNode? { members.first { $0.key.text == key }?.value }

    /// A value of the kind, or nil if it is missing or wrong; the latter is reported.
    func value(_ key: String, _ kind: SettingKind) -> SettingValue? {
        self[key].flatMap { node in
            SettingDecoder(collector: collector, links: [])
                .value(kind, node, SettingDeclaration(key, kind, ""))
        }
    }
    func integer(_ key: String, _ range: ClosedRange<Int>) -> Int? {
        if case .integer(let value)? = value(key, .integer(range)) { value } else { nil }
    }
    func duration(_ key: String, _ range: ClosedRange<UInt64>) -> UInt64? {
        if case .duration(let value)? = value(key, .duration(range)) { value } else { nil }
    }
    func choice<T: RawRepresentable & CaseIterable>(_ key: String, _ type: T.Type) -> T?
    where T.RawValue == String {
        guard case .string(let word)? = value(key, .choice(T.allCases.map(\.rawValue))) else { return nil }
        return T(rawValue: word)
    }
}
