import ModuleKit
import Topology

/// One actor that a node is to run.
public struct ActorPlan: Sendable {
    public var identity: ActorIdentity
    /// Its module.
    public var declaration: ModuleDeclaration
    /// Complete with defaults.
    public var settings: Settings
    /// Number of the loop; nil to let the node choose.
    public var loop: Int?
    /// The bounds of its mailboxes.
    public var mailbox: MailboxOptions
    /// What is done when it throws.
    public var supervision: Supervision
    /// Names of the actors that each link leads to.
    public var links: [(name: String, targets: [String])]

    public init(
        _ identity: ActorIdentity, of declaration: ModuleDeclaration, settings: Settings = Settings(),
        loop: Int? = nil, mailbox: MailboxOptions = MailboxOptions(),
        supervision: Supervision = Supervision(),
        links: [(name: String, targets: [String])] = []
    ) {
        self.identity = identity
        self.declaration = declaration
        self.settings = settings
        self.loop = loop
        self.mailbox = mailbox
        self.supervision = supervision
        self.links = links
    }

    /// Targets that must be ready before this actor starts.
    var dependencies: [String] {
        links.flatMap { link -> [String] in
            let declared =
                declaration.links.first { $0.name == link.name } ?? declaration.links.first { $0.name == "*" }
            return declared?.isOptionalForReadiness == true ? [] : link.targets
        }
    }
}

/// The actors that a node is to run, in an order in which they can be started: targets first.
public struct NodePlan: Sendable {
    /// The node's name in the topology.
    public let name: String
    /// Targets of links first.
    public let actors: [ActorPlan]
    /// Nanoseconds that draining may take before the node stops anyway.
    public var drainTime: UInt64

    /// Orders the actors; those of a cycle stay in the given order.
    public init(name: String = "souk", actors: [ActorPlan], drainTime: UInt64 = 10_000_000_000) {
        self.name = name
        self.drainTime = drainTime
        var ordered: [ActorPlan] = []
        var state: [String: Bool] = [:]
        func visit(_ plan: ActorPlan) {
            guard state[plan.identity.name] == nil else { return }
            state[plan.identity.name] = false
            for name in plan.dependencies {
                if let target = actors.first(where: { $0.identity.name == name }) { visit(target) }
            }
            state[plan.identity.name] = true
            ordered.append(plan)
        }
        for plan in actors { visit(plan) }
        self.actors = ordered
    }
}
