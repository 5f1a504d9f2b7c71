import ModuleKit

/// Turns values of the file into settings, as the module declares them.
struct SettingDecoder {
    let collector: DiagnosticCollector
    /// The names that `SettingKind.link` may take: those that the actor has under `links:`.
    let links: [String]

    /// The members of an object, completed with defaults, in the order of the declaration. `node` is nil
    /// where the file says nothing; then what is required is missing at `place`.
    func object(
        _ declarations: [SettingDeclaration], _ node: YAMLNode?, of owner: String, missingAt place: YAMLNode
    ) -> [SettingEntry] {
        var members: [YAMLMember] = []
        if let node, !node.isNull {
            guard let found = mapping(node, of: owner, expected: "a mapping of settings") else { return [] }
            members = found
        }
        reportUnknown(members, declarations, owner)
        var values: [String: YAMLNode] = [:]
        for member in members { values[member.key.text ?? ""] = member.value }
        var entries: [SettingEntry] = []
        for declaration in declarations {
            if let node = values[declaration.name] {
                if let value = value(declaration.kind, node, declaration) {
                    entries.append(SettingEntry(declaration.name, value))
                }
            } else if let value = declaration.defaultValue {
                entries.append(SettingEntry(declaration.name, Self.complete(value, declaration.kind)))
            } else if declaration.isRequired {
                collector.reportMissing(
                    "\(owner) needs the setting '\(declaration.name)': \(declaration.documentation)",
                    at: node ?? place, expected: declaration.kind.expectation())
            }
        }
        return entries
    }
    private func reportUnknown(
        _ members: [YAMLMember], _ declarations: [SettingDeclaration], _ owner: String
    ) {
        let known = Set(declarations.map(\.name))
        for member in members {
            guard let name = member.key.text, !known.contains(name) else { continue }
            collector.report(
                "\(owner) has no setting '\(TreePreparation.short(name))'", at: member.key,
                expected: declarations.isEmpty
                    ? "no settings" : "one of " + declarations.prefix(40).map(\.name).joined(separator: ", "),
                suggestion: Suggestion.closest(to: name, among: declarations.map(\.name)))
        }
    }
    private func mapping(_ node: YAMLNode, of owner: String, expected: String) -> [YAMLMember]? {
        switch node.content {
        case .mapping(let members): return members
        case .invalid: return nil
        case .scalar, .sequence:
            collector.report("\(owner): \(node.kind) where a mapping belongs", at: node, expected: expected)
            return nil
        }
    }

    /// Defaults of a module may leave out members that have defaults themselves.
    static func complete(_ value: SettingValue, _ kind: SettingKind) -> SettingValue {
        switch (value, kind) {
        case (.object(let entries), .object(let declarations)):
            let members = declarations.compactMap { declaration -> SettingEntry? in
                let given = entries.first { $0.name == declaration.name }?.value ?? declaration.defaultValue
                return given.map { SettingEntry(declaration.name, complete($0, declaration.kind)) }
            }
            return .object(members)
        case (.object(let entries), .map(let kind, _)):
            return .object(entries.map { SettingEntry($0.name, complete($0.value, kind)) })
        case (.list(let values), .list(let kind, _)):
            return .list(values.map { complete($0, kind) })
        default: return value
        }
    }

    /// Nil if the value is wrong, which is reported then.
    func value(_ kind: SettingKind, _ node: YAMLNode, _ declaration: SettingDeclaration) -> SettingValue? {
        let name = declaration.name
        switch kind {
        case .list(let kind, let count):
            guard case .sequence(let items) = node.content else {
                return refuse(
                    "'\(name)' must be a list, not \(node.kind)", kind: .list(of: kind, count: count), node,
                    declaration)
            }
            check(items.count, count, "items", node, declaration)
            let values = items.map { value(kind, $0, declaration) }
            return values.contains { $0 == nil } ? nil : .list(values.compactMap(\.self))
        case .map(let kind, let count):
            guard case .mapping(let members) = node.content else {
                return refuse(
                    "'\(name)' must be a mapping, not \(node.kind)", kind: .map(of: kind, count: count), node,
                    declaration)
            }
            check(members.count, count, "members", node, declaration)
            let entries = members.map { member in
                value(kind, member.value, declaration).map { SettingEntry(member.key.text ?? "", $0) }
            }
            return entries.contains { $0 == nil } ? nil : .object(entries.compactMap(\.self))
        case .object(let members):
            guard case .mapping = node.content else {
                return refuse("'\(name)' must be a mapping, not \(node.kind)", kind: kind, node, declaration)
            }
            return .object(object(members, node, of: "'\(name)'", missingAt: node))
        default:
            guard case .scalar(let text, _) = node.content, !node.isNull else {
                return refuse(
                    "'\(name)' has \(node.kind) where one value belongs", kind: kind, node, declaration)
            }
            return scalar(kind, text, node, declaration)
        }
    }
    private func check(
        _ count: Int, _ range: ClosedRange<Int>, _ what: String, _ node: YAMLNode,
        _ declaration: SettingDeclaration
    ) {
        guard !range.contains(count) else { return }
        let message = "'\(declaration.name)' has \(count) \(what)"
        let expected = "\(range.lowerBound) to \(range.upperBound) \(what)"
        if count < range.lowerBound {
            collector.reportMissing(message, at: node, expected: expected)
        } else {
            collector.report(message, at: node, expected: expected)
        }
    }
    private func refuse(
        _ message: @autoclosure () -> String, kind: SettingKind, _ node: YAMLNode,
        _ declaration: SettingDeclaration, suggestion: @autoclosure () -> String? = nil
    ) -> SettingValue? {
        guard !node.isInvalid else { return nil }
        collector.report(
            message(), at: node, expected: kind.expectation(example: declaration.defaultValue),
            suggestion: suggestion())
        return nil
    }

    private func scalar(
        _ kind: SettingKind, _ text: String, _ node: YAMLNode, _ declaration: SettingDeclaration
    ) -> SettingValue? {
        let name = declaration.name
        let shown = TreePreparation.short(text)
        func refuse(
            _ message: @autoclosure () -> String, suggestion: @autoclosure () -> String? = nil
        ) -> SettingValue? {
            self.refuse(message(), kind: kind, node, declaration, suggestion: suggestion())
        }
        switch kind {
        case .string(let maximum):
            let count = text.utf8.count
            return count <= maximum ? .string(text) : refuse("'\(name)' has \(count) bytes")
        case .choice(let words):
            guard words.contains(text) else {
                return refuse(
                    "'\(shown)' is no value of '\(name)'",
                    suggestion: Suggestion.closest(to: text, among: words))
            }
            return .string(text)
        case .boolean:
            return Scalar.boolean(text).map { .boolean($0) }
                ?? refuse(Scalar.booleanProblem(shown, name), suggestion: Scalar.likelyBoolean(text))
        case .link:
            guard links.contains(text) else {
                return refuse(
                    "this actor has no link '\(shown)'",
                    suggestion: Suggestion.closest(to: text, among: links))
            }
            return .string(text)
        case .address:
            return SocketAddress(text) == nil ? refuse("'\(shown)' is no address") : .string(text)
        case .path:
            guard !text.isEmpty, text.utf8.count <= 4096 else { return refuse("'\(shown)' is no path") }
            return .string(text)
        case .integer, .number, .duration, .size, .percentage:
            switch Scalar.quantity(kind, text) {
            case .success(let value): return value
            case .failure(let problem):
                return refuse(
                    "'\(name)': \(problem.message(shown))", suggestion: problem.suggestion(text, kind))
            }
        case .list, .map, .object: return nil
        }
    }
}

extension SettingValue {
    /// The value with `{index}` in every text replaced by the number of the replica.
    func replacingIndex(_ index: Int) -> SettingValue {
        switch self {
        case .string(let text): .string(Scalar.replacingIndex(text, index))
        case .list(let values): .list(values.map { $0.replacingIndex(index) })
        case .object(let entries):
            .object(entries.map { SettingEntry($0.name, $0.value.replacingIndex(index)) })
        default: self
        }
    }
}
