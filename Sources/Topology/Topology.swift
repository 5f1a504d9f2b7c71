import ModuleKit

/// A deployment, read from a file and checked: what `souk run` starts.
public struct Topology: Sendable {
    /// Of the file's format; this reader knows 1.
    public var version: Int
    /// Event loops of each node.
    public var loops: LoopCount
    /// Where all randomness of actors comes from; nil for a new one at each start.
    public var seed: UInt64?
    /// What is logged, and how.
    public var log: LogConfiguration
    /// How long a node may take to answer what is in flight when it stops, in nanoseconds.
    public var drain: UInt64
    /// Where operators talk to a node.
    public var control: SocketAddress
    /// In the order of the file; empty if everything runs in one process.
    public var nodes: [TopologyNode]
    /// In the order of the file.
    public var groups: [ActorGroup]
    /// Names of groups: each after those that it links to, as far as it cannot be ready without them.
    public var startOrder: [String]

    /// The group of this name.
    public func group(_ name: String) -> ActorGroup? { groups.first { $0.name == name } }

    /// All actors, replicas one by one, in the order of the file.
    public var instances: [ActorInstance] { groups.flatMap(\.instances) }
}

/// How many event loops a node has.
public enum LoopCount: Sendable, Equatable {
    /// As many as the machine has cores to spare, decided at start.
    case automatic
    /// 1 to 15.
    case count(Int)
}

/// Which event loop an actor runs on.
public enum LoopPlacement: Sendable, Equatable {
    /// The runtime spreads actors over the loops.
    case automatic
    /// The number of the loop, from 0.
    case loop(Int)
}

/// One process of a deployment.
public struct TopologyNode: Sendable, Equatable {
    /// The key under `nodes:`.
    public let name: String
    /// Where the other nodes reach it.
    public let address: SocketAddress
    /// Of the name in the file.
    public let position: SourcePosition
}

/// What is logged, and how.
public struct LogConfiguration: Sendable, Equatable {
    /// How a line of the log looks.
    public enum Format: String, Sendable, CaseIterable {
        /// For people.
        case text
        /// One JSON object a line.
        case json
    }
    /// The level of one actor group or of all actors of a module.
    public struct Level: Sendable, Equatable {
        /// An actor's group, a module or a part of the runtime.
        public let name: String
        /// Below it nothing is logged.
        public let level: LogLevel
    }
    /// How a line of the log looks.
    public var format = Format.text
    /// Where nothing else is said.
    public var level = LogLevel.info
    /// In the order of the file.
    public var levels: [Level] = []

    /// Text on level info.
    public init() {}

    /// The level for an actor: that of its group, else of its module, else the general one.
    public func level(group: String, module: String) -> LogLevel {
        let given = levels.first { $0.name == group } ?? levels.first { $0.name == module }
        return given?.level ?? level
    }
}

/// What happens when an actor fails.
public struct Supervision: Sendable, Equatable {
    /// Which actors start anew when one fails.
    public enum Strategy: String, Sendable, CaseIterable {
        /// Only the actor that failed starts anew.
        case oneForOne = "one_for_one"
        /// So do those that were started after it and depend on it.
        case restForOne = "rest_for_one"
    }
    /// Which actors start anew when one fails.
    public var strategy = Strategy.oneForOne
    /// Restarts within `period` at most, 0 to 1,000; then the actor is given up.
    public var restarts = 5
    /// Nanoseconds, 1 s to 24 h.
    public var period: UInt64 = 60_000_000_000
    /// Before the first restart; doubled for each one that follows. Nanoseconds, 0 to 1 min.
    public var backoff: UInt64 = 100_000_000

    /// One for one, at most 5 restarts a minute, 100 ms before the first.
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

/// A named edge from an actor to others.
public struct TopologyLink: Sendable {
    /// The key under `links:`.
    public let name: String
    /// How the module declares it; that of `*` if it is not named there.
    public let declaration: LinkDeclaration
    /// Groups, in the order of the file.
    public let targets: [String]
    /// Of each target in the file.
    public let positions: [SourcePosition]
}

/// The actors under one key of `actors:`: one, or several replicas.
public struct ActorGroup: Sendable {
    /// The key under `actors:`.
    public let name: String
    /// What kind of actor it is.
    public let module: ModuleDeclaration
    /// The node that runs it; nil if the file names none.
    public let node: String?
    /// 1 to 64.
    public let replicas: Int
    /// Where all its replicas run.
    public let loop: LoopPlacement
    /// The bounds of each of its mailboxes.
    public let mailbox: MailboxOptions
    /// What happens when one of its actors fails.
    public let supervision: Supervision
    /// As written and completed with defaults, `{index}` still in place.
    public let settings: Settings
    /// In the order of the file.
    public let links: [TopologyLink]
    /// Of the name in the file.
    public let position: SourcePosition

    /// The settings of one replica: `{index}` replaced by its number.
    public func settings(ofReplica index: Int) -> Settings {
        Settings(settings.entries.map { SettingEntry($0.name, $0.value.replacingIndex(index)) })
    }
    /// The link of this name.
    public func link(_ name: String) -> TopologyLink? { links.first { $0.name == name } }

    /// The actors: one named like the group, or `shard-0`, `shard-1`, … .
    public var instances: [ActorInstance] {
        (0..<replicas).map { ActorInstance(identity: identity(ofReplica: $0), group: self) }
    }
    /// Who a replica is; `index` from 0.
    public func identity(ofReplica index: Int) -> ActorIdentity {
        ActorIdentity(
            name: replicas == 1 ? name : "\(name)-\(index)", group: name, index: index,
            replicas: replicas, module: module.name)
    }
}

/// One actor of a topology.
public struct ActorInstance: Sendable {
    /// Who it is.
    public let identity: ActorIdentity
    /// The group that it belongs to.
    public let group: ActorGroup

    /// Unique in the topology.
    public var name: String { identity.name }
    /// With `{index}` replaced.
    public var settings: Settings { group.settings(ofReplica: identity.index) }
}
