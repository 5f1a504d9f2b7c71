/// Makes a tree ready to be understood: puts in variables of the environment, and refuses what a
/// topology does not use (tags, merge keys, keys that are no text, the same key twice).
struct TreePreparation {
    let environment: [String: String]
    let collector: DiagnosticCollector
    /// Bytes that variables may bring in all: an alias can repeat them.
    private var budget = 4 << 20

    init(environment: [String: String], collector: DiagnosticCollector) {
        self.environment = environment
        self.collector = collector
    }

    /// As deep as the tree, which is bounded.
    mutating func prepare(_ node: YAMLNode) -> YAMLNode {
        var node = node
        switch node.content {
        case .scalar(let text, let isPlain):
            guard text.utf8.contains(UInt8(ascii: "$")) else { return node }
            node.content = substitute(text, node).map { .scalar($0, isPlain: isPlain) } ?? .invalid
        case .sequence(let items):
            node.content = .sequence(items.map { prepare($0) })
        case .mapping(let members):
            node.content = .mapping(prepare(members))
        case .invalid: break
        }
        return node
    }

    private mutating func prepare(_ members: [YAMLMember]) -> [YAMLMember] {
        var lines: [String: Int] = [:]
        var result: [YAMLMember] = []
        for member in members {
            let key = prepare(member.key)
            let value = prepare(member.value)
            guard let name = key.text else {
                if !key.isInvalid {
                    collector.report("a key must be a text, not \(key.kind)", at: key)
                }
                continue
            }
            if name == "<<", case .scalar(_, isPlain: true) = key.content {
                collector.report(
                    "merge keys ('<<') are not part of YAML 1.2", at: key,
                    expected: "the keys written out, or a whole mapping by alias ('settings: *name')")
            } else if let line = lines[name] {
                collector.report("key '\(Self.short(name))' is there twice; first on line \(line)", at: key)
            } else {
                lines[name] = key.position.line
                result.append(YAMLMember(key: key, value: value))
            }
        }
        return result
    }

    /// `${NAME}`, `${NAME:-default}` (used when the variable is missing or empty) and `$${` for `${`.
    private mutating func substitute(_ text: String, _ node: YAMLNode) -> String? {
        let bytes = Array(text.utf8)
        var result: [UInt8] = []
        var index = 0
        while index < bytes.count {
            guard bytes[index] == UInt8(ascii: "$") else {
                result.append(bytes[index])
                index += 1
                continue
            }
            let rest = bytes[index...]
            if rest.starts(with: "$${".utf8) {
                result.append(contentsOf: "${".utf8)
                index += 3
            } else if rest.starts(with: "${".utf8) {
                guard let end = rest.firstIndex(of: UInt8(ascii: "}")) else {
                    collector.report(
                        "'${' without '}'", at: node,
                        expected: "${NAME} or ${NAME:-default}; '$${' for '${' itself")
                    return nil
                }
                guard let value = variable(bytes[(index + 2)..<end], node) else { return nil }
                result.append(contentsOf: value.utf8)
                budget -= value.utf8.count
                index = end + 1
            } else {
                result.append(bytes[index])
                index += 1
            }
            guard budget >= 0, result.count <= 1 << 20 else {
                collector.report("variables of the environment make the file too large", at: node)
                return nil
            }
        }
        return String(decoding: result, as: UTF8.self)
    }
    private func variable(_ content: ArraySlice<UInt8>, _ node: YAMLNode) -> String? {
        let name = content.prefix { byte in
            switch byte {
            case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
                UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "_"):
                true
            default: false
            }
        }
        let rest = content.dropFirst(name.count)
        let isNumber = name.first.map { (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0) } ?? true
        guard !isNumber, rest.isEmpty || rest.starts(with: ":-".utf8) else {
            let written = Self.short(String(decoding: content, as: UTF8.self))
            collector.report(
                "'${\(written)}' names no variable", at: node,
                expected: "${NAME} or ${NAME:-default}; '$${' for '${' itself")
            return nil
        }
        let key = String(decoding: name, as: UTF8.self)
        let value = environment[key]
        if !rest.isEmpty {
            if let value, !value.isEmpty { return value }
            return String(decoding: rest.dropFirst(2), as: UTF8.self)
        }
        if value == nil {
            collector.report(
                "the environment has no variable '\(Self.short(key))'", at: node,
                expected: "it to be set, or a default: ${\(Self.short(key)):-default}",
                suggestion: Suggestion.closest(to: key, among: environment.keys.sorted()))
        }
        return value
    }

    /// Names in messages are kept short.
    static func short(_ text: String) -> String {
        guard text.utf8.count > 60 else { return printable(text) }
        return printable(String(decoding: Array(text.utf8.prefix(57)), as: UTF8.self)) + "…"
    }
    private static func printable(_ text: String) -> String {
        func steers(_ scalar: Unicode.Scalar) -> Bool { scalar.value < 32 || 127...159 ~= scalar.value }
        guard text.unicodeScalars.contains(where: steers) else { return text }
        return String(String.UnicodeScalarView(text.unicodeScalars.map { steers($0) ? "\u{FFFD}" : $0 }))
    }
}
