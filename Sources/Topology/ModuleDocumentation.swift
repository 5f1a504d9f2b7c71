import ModuleKit

/// Writes down what a module's declaration says, for people: the same source from which `souk check`
/// and the editors' schema come.
public enum ModuleDocumentation {
    /// A section in Markdown: summary, contracts served, settings, links and operations.
    public static func markdown(_ module: ModuleDeclaration) -> String {
        var text = "# \(module.name)\n\n\(module.summary)\n"
        switch module.serves {
        case .contracts(let contracts) where contracts.isEmpty: break
        case .contracts(let contracts):
            text += "\nServes " + contracts.map { "`\($0)`" }.joined(separator: ", ") + ".\n"
        case .sameAs(let link): text += "\nServes what the actors behind `\(link)` serve.\n"
        }
        text += settings(module.settings)
        text += links(module.links)
        if !module.operations.isEmpty {
            text += "\n## Operations\n\n| operation | what it does |\n| --- | --- |\n"
            for operation in module.operations {
                text += "| `\(operation.method) \(operation.path)` | \(cell(operation.documentation)) |\n"
            }
        }
        return text
    }

    private static func settings(_ declarations: [SettingDeclaration]) -> String {
        guard !declarations.isEmpty else { return "" }
        var rows: [String] = []
        collect(declarations, prefix: "", into: &rows)
        return "\n## Settings\n\n| setting | takes | default | meaning |\n| --- | --- | --- | --- |\n"
            + rows.joined()
    }
    /// Members of mappings get rows of their own: `limits.head`, `routes[].path`, `labels.*`.
    private static func collect(
        _ declarations: [SettingDeclaration], prefix: String, into rows: inout [String]
    ) {
        for declaration in declarations {
            let name = prefix + declaration.name
            let standard =
                declaration.isRequired
                ? "required"
                : declaration.defaultValue.map { SettingKind.text($0).map { "`\($0)`" } ?? "see the module" }
                    ?? ""
            rows.append(
                "| `\(name)` | \(cell(takes(declaration.kind))) | \(cell(standard)) | \(cell(declaration.documentation)) |\n"
            )
            collectMembers(declaration.kind, name, into: &rows)
        }
    }
    private static func collectMembers(_ kind: SettingKind, _ path: String, into rows: inout [String]) {
        switch kind {
        case .list(let inner, _): collectMembers(inner, path + "[]", into: &rows)
        case .map(let inner, _): collectMembers(inner, path + ".*", into: &rows)
        case .object(let members): collect(members, prefix: path + ".", into: &rows)
        default: break
        }
    }
    private static func takes(_ kind: SettingKind) -> String {
        switch kind {
        case .object: "a mapping"
        case .list(.object, let count): "a list of \(count.lowerBound) to \(count.upperBound) mappings"
        case .map(.object, let count): "\(count.lowerBound) to \(count.upperBound) names, each to a mapping"
        default: kind.expectation()
        }
    }
    private static func links(_ declarations: [LinkDeclaration]) -> String {
        guard !declarations.isEmpty else { return "" }
        var text = "\n## Links\n\n| link | contract | leads to | meaning |\n| --- | --- | --- | --- |\n"
        for link in declarations {
            let contract = link.contract.map { "`\($0)`" } ?? "any"
            var count = "one actor"
            if case .many(let range) = link.cardinality {
                count = "\(range.lowerBound) to \(range.upperBound) actors"
            }
            if !link.isRequired { count += ", if any" }
            text += "| `\(link.name)` | \(contract) | \(count) | \(cell(link.documentation)) |\n"
        }
        return text
    }
    private static func cell(_ text: String) -> String {
        text.split(separator: "|", omittingEmptySubsequences: false).joined(separator: "\\|")
            .split(whereSeparator: \.isNewline).joined(separator: " ")
    }
}
