import ModuleKit

/// An actor group as written, before its links are followed.
struct ActorDraft {
    struct Target {
        let name: String
        let node: YAMLNode
    }
    struct Link {
        let name: String
        let key: YAMLNode
        let targets: [Target]
        /// A list or target is wrong, which was reported: do not complain about its count.
        let isBroken: Bool
    }
    let name: String
    let key: YAMLNode
    /// Nil if there is no such module, which was reported.
    var module: ModuleDeclaration?
    var node: String?
    var replicas = 1
    var loop = LoopPlacement.automatic
    var mailbox = MailboxOptions()
    var supervision = Supervision()
    var settings = Settings()
    var links: [Link] = []
    /// The value under `links:` is no mapping, which was reported.
    var hasBrokenLinks = false
}

/// Understands one member of `actors:`.
struct ActorDecoder {
    let modules: [ModuleDeclaration]
    let nodes: [TopologyNode]
    let loops: LoopCount
    let collector: DiagnosticCollector

    /// More actors than a topology can have, a link cannot name.
    private static let maximumTargets = TopologyDecoder.maximumGroups
    private static let keys = [
        "module", "node", "replicas", "loop", "mailbox", "restart", "settings", "links",
    ]

    func decode(_ name: String, _ member: YAMLMember) -> ActorDraft {
        var draft = ActorDraft(name: name, key: member.key)
        let owner = "actor '\(name)'"
        let reader = MappingReader(member.value, of: owner, keys: Self.keys, collector: collector)
        draft.module = module(reader, draft)
        draft.node = node(reader["node"])
        draft.replicas = reader.integer("replicas", 1...64) ?? 1
        draft.loop = loop(reader["loop"])
        draft.mailbox = mailbox(reader["mailbox"])
        draft.supervision = supervision(reader["restart"])
        (draft.links, draft.hasBrokenLinks) = links(reader["links"], owner)
        if let module = draft.module {
            let decoder = SettingDecoder(collector: collector, links: draft.links.map(\.name))
            draft.settings = Settings(
                decoder.object(module.settings, reader["settings"], of: owner, missingAt: member.key))
        }
        return draft
    }

    private func module(_ reader: MappingReader, _ draft: ActorDraft) -> ModuleDeclaration? {
        guard let node = reader["module"] else {
            if case .mapping = reader.node.content {
                collector.reportMissing(
                    "actor '\(draft.name)' names no module", at: draft.key, expected: "'module: name'")
            } else if reader.node.isNull {
                collector.reportMissing(
                    "actor '\(draft.name)' is empty", at: draft.key, expected: "at least 'module: name'")
            }
            return nil
        }
        guard !node.isInvalid else { return nil }
        if let module = node.text.flatMap({ name in modules.first { $0.name == name } }) { return module }
        let names = modules.map(\.name)
        let shown = node.text.map { "'\(TreePreparation.short($0))'" } ?? node.kind
        collector.report(
            node.isNull ? "the module is missing" : "there is no module \(shown)", at: node,
            expected: names.isEmpty
                ? "a module of a plugin; no plugin is loaded"
                : "one of " + names.sorted().prefix(40).joined(separator: ", "),
            suggestion: node.text.flatMap { Suggestion.closest(to: $0, among: names) })
        return nil
    }
    /// The first node runs what names none.
    private func node(_ node: YAMLNode?) -> String? {
        guard let node else { return nodes.first?.name }
        guard !node.isInvalid else { return nil }
        let names = nodes.map(\.name)
        if let name = node.text, names.contains(name) { return name }
        let shown = node.text.map { "'\(TreePreparation.short($0))'" } ?? node.kind
        if !collector.isIncomplete {
            collector.report(
                "there is no node \(shown)", at: node,
                expected: names.isEmpty
                    ? "no 'node:', since there is no 'nodes:'" : "one of " + names.joined(separator: ", "),
                suggestion: node.text.flatMap { Suggestion.closest(to: $0, among: names) })
        }
        return nil
    }
    private func loop(_ node: YAMLNode?) -> LoopPlacement {
        guard let node, node.text != "auto" else { return .automatic }
        let count = if case .count(let count) = loops { count } else { Loop.maximumCount }
        return LoopSetting.number(node, "loop", 0...(count - 1), collector).map { .loop($0) } ?? .automatic
    }
    private func mailbox(_ node: YAMLNode?) -> MailboxOptions {
        var options = MailboxOptions()
        guard let node else { return options }
        let reader = MappingReader(node, of: "'mailbox'", keys: ["capacity", "full"], collector: collector)
        options.capacity = reader.integer("capacity", 2...(1 << 20)) ?? options.capacity
        guard let full = reader["full"] else { return options }
        guard case .mapping = full.content else {
            if let policy = reader.choice("full", FullPolicy.self) {
                options = MailboxOptions(capacity: options.capacity, policy: policy)
            }
            return options
        }
        let policies = MappingReader(
            full, of: "'full'", keys: Criticality.allCases.map { "\($0)" }, collector: collector)
        for criticality in Criticality.allCases {
            guard let policy = policies.choice("\(criticality)", FullPolicy.self) else { continue }
            options.policies[Int(criticality.rawValue)] = policy  // in range: one of four
        }
        return options
    }
    private func supervision(_ node: YAMLNode?) -> Supervision {
        var supervision = Supervision()
        guard let node else { return supervision }
        let reader = MappingReader(
            node, of: "'restart'", keys: ["strategy", "restarts", "period", "backoff"], collector: collector)
        supervision.strategy = reader.choice("strategy", Supervision.Strategy.self) ?? supervision.strategy
        supervision.restarts = reader.integer("restarts", 0...1000) ?? supervision.restarts
        supervision.period =
            reader.duration("period", 1_000_000_000...86_400_000_000_000) ?? supervision.period
        supervision.backoff = reader.duration("backoff", 0...60_000_000_000) ?? supervision.backoff
        return supervision
    }

    private func links(_ node: YAMLNode?, _ owner: String) -> ([ActorDraft.Link], Bool) {
        guard let node else { return ([], false) }
        let isMapping = if case .mapping = node.content { true } else { node.isNull }
        let members = MappingReader.members(of: node, "'links' of \(owner)", collector)
        return (members.map(link), !isMapping)
    }
    private func link(_ member: YAMLMember) -> ActorDraft.Link {
        let name = member.key.text ?? ""
        var items = [member.value]
        var isBroken = false
        if case .sequence(let list) = member.value.content {
            items = list
            if list.count > Self.maximumTargets {
                isBroken = true
                items = Array(list.prefix(Self.maximumTargets))
                collector.report(
                    "link '\(TreePreparation.short(name))' leads to \(list.count) actors", at: member.value,
                    expected: "at most \(Self.maximumTargets)")
            }
        }
        var targets: [ActorDraft.Target] = []
        var names: Set<String> = []
        for item in items {
            guard let target = item.text, !item.isNull else {
                isBroken = true
                if !item.isInvalid {
                    collector.report(
                        "link '\(TreePreparation.short(name))' leads to \(item.kind)", at: item,
                        expected: "the name of an actor, or a list of names")
                }
                continue
            }
            if names.insert(target).inserted {
                targets.append(ActorDraft.Target(name: target, node: item))
            } else {
                collector.report(
                    "link '\(TreePreparation.short(name))' names '\(TreePreparation.short(target))' twice",
                    at: item)
            }
        }
        return ActorDraft.Link(name: name, key: member.key, targets: targets, isBroken: isBroken)
    }
}
