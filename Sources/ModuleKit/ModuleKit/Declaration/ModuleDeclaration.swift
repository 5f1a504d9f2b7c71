/// Names a contract: what may be asked of an actor, and what it answers.
public struct ContractIdentity: Sendable, Hashable, CustomStringConvertible {
    /// For instance `http` or `orders`.
    public let name: String
    /// Raised when old and new ends can no longer understand each other.
    public let version: Int
    /// Whether links of this contract may not form a cycle: asking would never end.
    public let forbidsCycles: Bool

    public init(_ name: String, version: Int = 1, forbidsCycles: Bool = false) {
        self.name = name
        self.version = version
        self.forbidsCycles = forbidsCycles
    }
    public var description: String { "\(name)/\(version)" }

    public static func == (left: Self, right: Self) -> Bool {
        left.name == right.name && left.version == right.version
    }
    public func hash(into hasher: inout Hasher) {
        hasher.combine(name)
        hasher.combine(version)
    }
}

/// A link that actors of a module need or may have.
public struct LinkDeclaration: Sendable {
    /// How many actors (or groups of replicas) the link may name.
    public enum Cardinality: Sendable, Equatable {
        case one
        case many(ClosedRange<Int>)
    }
    /// The key under `links:`; `*` stands for every name that is not declared otherwise.
    public let name: String
    /// What is spoken on it; nil for links that only watch, to any actor.
    public let contract: ContractIdentity?
    /// How many targets it takes.
    public let cardinality: Cardinality
    /// Whether the topology must name a target.
    public let isRequired: Bool
    /// Whether the actor can be ready, and start, while the other end is not there: such a link does
    /// not order the start, and does not count for readiness.
    public let isOptionalForReadiness: Bool
    /// One sentence for the documentation and for error messages.
    public let documentation: String

    public init(
        _ name: String, _ contract: ContractIdentity?, _ cardinality: Cardinality = .one,
        isRequired: Bool = true, isOptionalForReadiness: Bool = false, _ documentation: String
    ) {
        self.name = name
        self.contract = contract
        self.cardinality = cardinality
        self.isRequired = isRequired
        self.isOptionalForReadiness = isOptionalForReadiness
        self.documentation = documentation
    }
}

/// An operation that operators reach through the control port; it travels on the control lane.
public struct OperationDeclaration: Sendable {
    /// `GET`, `POST`, `PUT` or `DELETE`.
    public let method: String
    /// For instance `/v1/purge`; below `/v1/`, unique among the modules of a node.
    public let path: String
    /// One sentence for the documentation.
    public let documentation: String

    public init(_ method: String, _ path: String, _ documentation: String) {
        self.method = method
        self.path = path
        self.documentation = documentation
    }
}

/// Which contracts actors of a module serve.
public enum Served: Sendable {
    case contracts([ContractIdentity])
    /// Whatever the actors behind this link serve (a balancer).
    case sameAs(link: String)
}

/// A kind of actor: from this one declaration come the decoding of settings, `souk check`, the
/// documentation, and the actors themselves.
public struct ModuleDeclaration: Sendable {
    /// As written after `module:`; lower case words joined by hyphens.
    public let name: String
    /// One sentence.
    public let summary: String
    /// What may be set, in the order of the documentation.
    public let settings: [SettingDeclaration]
    /// What may be asked of its actors.
    public let serves: Served
    /// Whom its actors ask or watch.
    public let links: [LinkDeclaration]
    /// What operators may ask of its actors.
    public let operations: [OperationDeclaration]
    /// Makes one actor, on its loop. Throws a `ModuleError` that names the setting at fault.
    public let make: @Sendable (Context) throws -> any Module

    public init(
        _ name: String, _ summary: String, settings: [SettingDeclaration] = [],
        serves: Served = .contracts([]), links: [LinkDeclaration] = [],
        operations: [OperationDeclaration] = [], make: @escaping @Sendable (Context) throws -> any Module
    ) {
        self.name = name
        self.summary = summary
        self.settings = settings
        self.serves = serves
        self.links = links
        self.operations = operations
        self.make = make
    }
}

/// Why an actor cannot be made or started: shown to the operator as it is.
public struct ModuleError: Error, Sendable, CustomStringConvertible {
    /// What is wrong and what to do.
    public let description: String
    /// The setting at fault, if one is.
    public let setting: String?

    public init(_ description: String, setting: String? = nil) {
        self.description = description
        self.setting = setting
    }
}

/// What a plugin brings.
public struct Plugin: Sendable {
    /// As the folder and the library are called.
    public let name: String
    /// Names are unique among all plugins of a node.
    public let modules: [ModuleDeclaration]

    public init(_ name: String, modules: [ModuleDeclaration]) {
        self.name = name
        self.modules = modules
    }
}
