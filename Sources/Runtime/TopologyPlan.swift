import ModuleKit
import Topology

extension NodePlan {
    /// What one node runs of a topology. Without a node's name everything runs in one process.
    public init(_ topology: Topology, node: String? = nil) {
        let groups = topology.groups
        // An actor without a node belongs to the first.
        let first = topology.nodes.first?.name
        let instances = topology.instances.filter { node == nil || ($0.group.node ?? first) == node }
        let actors = instances.map { instance in
            ActorPlan(
                instance.identity, of: instance.group.module, settings: instance.settings,
                loop: Self.loop(of: instance.group), mailbox: instance.group.mailbox,
                supervision: instance.group.supervision,
                links: instance.group.links.map { link in
                    let targets = link.targets.flatMap { name in
                        groups.filter { $0.name == name }.flatMap { $0.instances.map(\.name) }
                    }
                    return (name: link.name, targets: targets)
                })
        }
        let order = topology.startOrder
        let sorted = actors.enumerated().sorted { left, right in
            let places = [left, right].map { order.firstIndex(of: $0.element.identity.group) ?? order.count }
            return (places[0], left.offset) < (places[1], right.offset)
        }
        self.init(name: node ?? "souk", actors: sorted.map(\.element), drainTime: topology.drain)
    }

    private static func loop(of group: ActorGroup) -> Int? {
        if case .loop(let number) = group.loop { number } else { nil }
    }
}

/// A topology as `GET /v1/topology` shows it: what was read, completed with defaults.
enum TopologyDescription {
    static func json(_ plan: NodePlan) -> JSON {
        .object([
            ("node", .string(plan.name)),
            ("actors", .array(plan.actors.map(actor))),
        ])
    }

    private static func actor(_ plan: ActorPlan) -> JSON {
        .object([
            ("name", .string(plan.identity.name)), ("module", .string(plan.identity.module)),
            ("group", .string(plan.identity.group)), ("index", .integer(plan.identity.index)),
            ("loop", plan.loop.map { .integer($0) } ?? .string("auto")),
            ("mailbox", .object([("capacity", .integer(plan.mailbox.roundedCapacity))])),
            ("links", .object(plan.links.map { ($0.name, .array($0.targets.map { .string($0) })) })),
            ("settings", .object(plan.settings.entries.map { ($0.name, value($0)) })),
        ])
    }

    /// Secrets are not shown.
    private static func value(_ entry: SettingEntry) -> JSON {
        let isSecret = ["secret", "password", "token"].contains(entry.name)
        return isSecret ? .string("(hidden)") : value(entry.value)
    }

    private static func value(_ value: SettingValue) -> JSON {
        switch value {
        case .string(let text): .string(text)
        case .boolean(let flag): .boolean(flag)
        case .integer(let number): .integer(number)
        case .number(let number): .number(number)
        case .duration(let nanoseconds): .string("\(Double(nanoseconds) / 1e6)ms")
        case .size(let bytes): .integer(bytes)
        case .percentage(let fraction): .string("\(fraction * 100)%")
        case .list(let values): .array(values.map(Self.value))
        case .object(let entries): .object(entries.map { ($0.name, Self.value($0)) })
        }
    }
}
