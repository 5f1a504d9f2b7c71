import ModuleKit

/// A JSON Schema (draft 2020-12) of topology files, for editors: completion, documentation and marks at
/// mistakes while one types. It knows what single values and keys may be; `souk check` knows more.
public enum TopologySchema {
    /// The schema for these modules.
    public static func json(_ modules: [ModuleDeclaration]) -> JSON {
        object([
            ("$schema", .string("https://json-schema.org/draft/2020-12/schema")),
            ("title", .string("Souk topology")),
            ("type", .string("object")),
            ("required", strings(["souk", "actors"])),
            ("properties", top(modules)),
            ("patternProperties", object([("^x-", .boolean(true))])),
            ("additionalProperties", .boolean(false)),
            (
                "$defs",
                object([
                    (
                        "variable",
                        object([
                            ("type", .string("string")),
                            ("pattern", .string("\\$\\{[A-Za-z_][A-Za-z0-9_]*(:-[^}]*)?\\}")),
                        ])
                    ),
                    ("mailbox", mailbox), ("restart", restart), ("log", log),
                ])
            ),
        ])
    }

    private static func top(_ modules: [ModuleDeclaration]) -> JSON {
        let names = object([("pattern", .string("^[a-z][a-z0-9_-]{0,63}$"))])
        return object([
            ("souk", described(object([("const", .integer(1))]), "The version of this format.")),
            ("loops", described(loops(1...Loop.maximumCount), "Event loops of each node.")),
            (
                "seed",
                described(
                    object([("type", .string("integer")), ("minimum", .integer(0))]), "Of all randomness.")
            ),
            ("log", reference("log")),
            ("stop", closed([("drain", duration)])),
            ("control", closed([("listen", schema(.address))])),
            (
                "nodes",
                object([
                    ("type", .string("object")), ("propertyNames", names),
                    ("additionalProperties", closed([("address", schema(.address))], required: ["address"])),
                ])
            ),
            (
                "actors",
                object([
                    ("type", .string("object")), ("propertyNames", names), ("minProperties", .integer(1)),
                    ("additionalProperties", actor(modules)),
                ])
            ),
        ])
    }
    private static func actor(_ modules: [ModuleDeclaration]) -> JSON {
        let choices = modules.map { module in
            described(object([("const", .string(module.name))]), module.summary)
        }
        let rules = modules.map { module in
            let settings = settings(module.settings)
            let isRequired = module.settings.contains(where: \.isRequired)
            let links = module.links.filter { $0.isRequired && $0.name != "*" }.map(\.name)
            return object([
                (
                    "if",
                    object([("properties", object([("module", object([("const", .string(module.name))]))]))])
                ),
                (
                    "then",
                    object([
                        ("properties", object([("settings", settings), ("links", self.links(module))])),
                        (
                            "required",
                            strings((isRequired ? ["settings"] : []) + (links.isEmpty ? [] : ["links"]))
                        ),
                    ])
                ),
            ])
        }
        let keys: [(String, JSON)] = [
            (
                "module",
                choices.isEmpty ? object([("type", .string("string"))]) : object([("oneOf", .array(choices))])
            ),
            ("node", object([("type", .string("string"))])),
            ("replicas", schema(.integer(1...64))),
            ("loop", loops(0...(Loop.maximumCount - 1))),
            ("mailbox", reference("mailbox")),
            ("restart", reference("restart")),
            ("settings", object([("type", strings(["object", "null"]))])),
            ("links", object([("type", strings(["object", "null"]))])),
        ]
        guard case .object(var members) = closed(keys, required: ["module"]) else { return .null }
        if !rules.isEmpty { members.append(("allOf", .array(rules))) }
        return .object(members)
    }
    private static func links(_ module: ModuleDeclaration) -> JSON {
        let name = object([("type", .string("string"))])
        func target(_ link: LinkDeclaration) -> JSON {
            let range = if case .many(let range) = link.cardinality { range } else { 1...1 }
            let list = object([
                ("type", .string("array")), ("items", name), ("minItems", .integer(range.lowerBound)),
                ("maxItems", .integer(range.upperBound)), ("uniqueItems", .boolean(true)),
            ])
            return described(object([("anyOf", .array([name, list]))]), link.documentation)
        }
        let known = module.links.filter { $0.name != "*" }
        return object([
            ("type", strings(["object", "null"])),
            ("properties", object(known.map { ($0.name, target($0)) })),
            ("additionalProperties", module.links.first { $0.name == "*" }.map(target) ?? .boolean(false)),
            ("required", strings(known.filter(\.isRequired).map(\.name))),
        ])
    }

    private static var mailbox: JSON {
        let policy = schema(.choice(FullPolicy.allCases.map(\.rawValue)))
        let each = closed(Criticality.allCases.map { ("\($0)", policy) })
        return closed([
            (
                "capacity",
                described(schema(.integer(2...(1 << 20))), "Messages for each sending loop and class.")
            ),
            (
                "full",
                described(object([("anyOf", .array([policy, each]))]), "What happens when it is full.")
            ),
        ])
    }
    private static var restart: JSON {
        closed([
            ("strategy", schema(.choice(Supervision.Strategy.allCases.map(\.rawValue)))),
            ("restarts", schema(.integer(0...1000))), ("period", duration), ("backoff", duration),
        ])
    }
    private static var log: JSON {
        let level = schema(.choice(LogLevel.allCases.map(\.name)))
        return closed([
            ("format", schema(.choice(LogConfiguration.Format.allCases.map(\.rawValue)))), ("level", level),
            ("levels", object([("type", .string("object")), ("additionalProperties", level)])),
        ])
    }
    private static var duration: JSON { schema(.duration(0...UInt64.max)) }

    // MARK: settings

    private static func settings(_ declarations: [SettingDeclaration]) -> JSON {
        let members = declarations.map { declaration -> (String, JSON) in
            var text = declaration.documentation
            if let value = declaration.defaultValue.flatMap(SettingKind.text) {
                text += " Default: \(value)."
            }
            return (declaration.name, described(schema(declaration.kind), text))
        }
        return object([
            ("type", strings(["object", "null"])), ("properties", object(members)),
            ("additionalProperties", .boolean(false)),
            ("required", strings(declarations.filter(\.isRequired).map(\.name))),
        ])
    }
    private static func schema(_ kind: SettingKind) -> JSON {
        switch kind {
        case .string, .address, .path, .link: object([("type", strings(["string", "number", "boolean"]))])
        case .choice(let words): orVariable(object([("enum", strings(words))]))
        case .boolean: orVariable(object([("type", .string("boolean"))]))
        case .integer(let range):
            orVariable(number("integer", .integer(range.lowerBound), .integer(range.upperBound)))
        case .number(let range):
            orVariable(number("number", .number(range.lowerBound), .number(range.upperBound)))
        case .duration: orVariable(pattern("^(0|[0-9]+(\\.[0-9]+)? ?(h|m|s|ms|us|ns))$"))
        case .size:
            orVariable(pattern("^[0-9]+(\\.[0-9]+)? ?([KMGT]i?B|B)$"), number("integer", .integer(0), nil))
        case .percentage: orVariable(pattern("^-?[0-9]+(\\.[0-9]+)?%$"), object([("const", .integer(0))]))
        case .list(let kind, let count):
            object([
                ("type", .string("array")), ("items", schema(kind)), ("minItems", .integer(count.lowerBound)),
                ("maxItems", .integer(count.upperBound)),
            ])
        case .map(let kind, let count):
            object([
                ("type", .string("object")), ("additionalProperties", schema(kind)),
                ("minProperties", .integer(count.lowerBound)), ("maxProperties", .integer(count.upperBound)),
            ])
        case .object(let members): settings(members)
        }
    }
    private static func loops(_ range: ClosedRange<Int>) -> JSON {
        orVariable(
            object([("const", .string("auto"))]),
            number("integer", .integer(range.lowerBound), .integer(range.upperBound)))
    }

    // MARK: pieces

    private static func object(_ members: [(String, JSON)]) -> JSON { .object(members) }
    private static func strings(_ values: [String]) -> JSON { .array(values.map { .string($0) }) }
    private static func reference(_ name: String) -> JSON { object([("$ref", .string("#/$defs/\(name)"))]) }
    private static func closed(_ members: [(String, JSON)], required: [String] = []) -> JSON {
        object([
            ("type", .string("object")), ("properties", object(members)), ("required", strings(required)),
            ("additionalProperties", .boolean(false)),
        ])
    }
    private static func described(_ schema: JSON, _ text: String) -> JSON {
        guard case .object(let members) = schema else { return schema }
        return .object([("description", .string(text))] + members)
    }
    /// Every value may come from the environment.
    private static func orVariable(_ schemas: JSON...) -> JSON {
        object([("anyOf", .array(schemas + [reference("variable")]))])
    }
    private static func pattern(_ text: String) -> JSON {
        object([("type", .string("string")), ("pattern", .string(text))])
    }
    private static func number(_ type: String, _ least: JSON, _ most: JSON?) -> JSON {
        object(
            [("type", .string(type)), ("minimum", least)] + (most.map { [("maximum", $0)] } ?? []))
    }
}
