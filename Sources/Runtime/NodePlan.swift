import ModuleKit

/// How an actor that fails is treated.
public struct Supervision: Sendable, Equatable {
    public enum Strategy: String, Sendable, CaseIterable {
        /// Only the actor itself is replaced.
        case oneForOne = "one_for_one"
        /// Those that depend on it, directly or not, are replaced with it.
        case restForOne = "rest_for_one"
    }
    public var strategy: Strategy
    /// Restarts within `period` at most; one more marks the actor failed.
    public var restarts: Int
    /// Nanoseconds.
    public var period: UInt64
    /// Nanoseconds before the first restart; doubled for each further one within the period, up to 64
    /// times.
    public var backoff: UInt64

    public init(
        strategy: Strategy = .oneForOne, restarts: Int = 5, period: UInt64 = 60_000_000_000,
        backoff: UInt64 = 100_000_000
    ) {
        self.strategy = strategy
        self.restarts = restarts
        self.period = period
        self.backoff = backoff
    }
}

/// One actor that a node is to run.
public struct ActorPlan: Sendable {
    public var identity: ActorIdentity
    public var declaration: ModuleDeclaration
    public var settings: Settings
    /// Number of the loop; nil to let the node choose.
    public var loop: Int?
    public var mailbox: MailboxOptions
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
    public let name: String
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
