import ModuleKit

/// Understands the tree of a topology file: top level first, then actors, then what lies between them.
struct TopologyDecoder {
    let environment: [String: String]
    let modules: [ModuleDeclaration]
    let collector: DiagnosticCollector

    private static let keys = ["souk", "loops", "seed", "log", "stop", "control", "nodes", "actors"]
    /// Groups under `actors:`.
    static let maximumGroups = 1000
    /// Processes of a deployment.
    private static let maximumNodes = 64

    func decode(_ root: YAMLNode) -> Topology? {
        guard case .mapping = root.content else {
            if !root.isInvalid {
                collector.reportMissing(
                    root.isNull ? "the file is empty" : "the file is \(root.kind)", at: root,
                    expected: "a mapping with 'souk: 1' and 'actors:'")
            }
            return nil
        }
        let reader = MappingReader(
            root, of: "a topology", keys: Self.keys, collector: collector, ignoresExtensions: true)
        if reader["souk"] == nil {
            collector.reportMissing("the version of the format is missing", at: root, expected: "'souk: 1'")
        }
        let version = reader.integer("souk", 1...1) ?? 1
        let loops = loops(reader)
        let nodes = nodes(reader["nodes"])
        let groups = groups(reader["actors"], root, loops: loops, nodes: nodes)
        return Topology(
            version: version, loops: loops, seed: seed(reader), log: log(reader["log"], groups),
            drain: drain(reader["stop"]), control: control(reader["control"], root), nodes: nodes,
            groups: groups, startOrder: StartOrder.names(of: groups))
    }

    private func loops(_ reader: MappingReader) -> LoopCount {
        guard let node = reader["loops"], node.text != "auto" else { return .automatic }
        return LoopSetting.number(node, "loops", 1...Loop.maximumCount, collector).map { .count($0) }
            ?? .automatic
    }
    private func seed(_ reader: MappingReader) -> UInt64? {
        guard let node = reader["seed"], !node.isInvalid else { return nil }
        if let value = node.text.flatMap({ UInt64($0) }) { return value }  // in range: nil for other texts
        collector.report(
            "'seed' is no seed", at: node, expected: "a whole number from 0 to \(UInt64.max)")
        return nil
    }
    private func drain(_ node: YAMLNode?) -> UInt64 {
        let standard: UInt64 = 10_000_000_000
        guard let node else { return standard }
        let reader = MappingReader(node, of: "'stop'", keys: ["drain"], collector: collector)
        return reader.duration("drain", 0...3_600_000_000_000) ?? standard
    }
    /// Where the file says nothing, `SOUK_CONTROL` counts.
    private func control(_ node: YAMLNode?, _ root: YAMLNode) -> SocketAddress {
        let standard = SocketAddress.host("127.0.0.1", port: 8474)
        let reader = MappingReader(
            node ?? YAMLNode(.mapping([]), at: root.position), of: "'control'", keys: ["listen"],
            collector: collector)
        if case .string(let text)? = reader.value("listen", .address) {
            return SocketAddress(text) ?? standard
        }
        guard reader["listen"] == nil, let text = environment["SOUK_CONTROL"], !text.isEmpty else {
            return standard
        }
        guard let address = SocketAddress(text) else {
            collector.report(
                "SOUK_CONTROL is '\(TreePreparation.short(text))'", at: root.position,
                expected: SettingKind.address.expectation())
            return standard
        }
        return address
    }

    private func log(_ node: YAMLNode?, _ groups: [ActorGroup]) -> LogConfiguration {
        var log = LogConfiguration()
        guard let node else { return log }
        let reader = MappingReader(
            node, of: "'log'", keys: ["format", "level", "levels"], collector: collector)
        log.format = reader.choice("format", LogConfiguration.Format.self) ?? log.format
        let words = LogLevel.allCases.map(\.name)
        func level(_ value: SettingValue?) -> LogLevel? {
            guard case .string(let word)? = value else { return nil }
            return LogLevel.allCases.first { $0.name == word }
        }
        log.level = level(reader.value("level", .choice(words))) ?? log.level
        guard let levels = reader["levels"] else { return log }
        let members = MappingReader.members(of: levels, "'levels'", collector)
        let known = groups.map(\.name) + modules.map(\.name) + ["runtime", "control", "plugins"]
        let isKnown = Set(known)
        for member in members {
            guard let name = member.key.text else { continue }
            if !isKnown.contains(name) && !collector.isIncomplete {
                collector.report(
                    "no actor or module is named '\(TreePreparation.short(name))'", at: member.key,
                    suggestion: Suggestion.closest(to: name, among: known), severity: .warning)
            }
            let value = SettingDecoder(collector: collector, links: [])
                .value(.choice(words), member.value, SettingDeclaration(name, .choice(words), ""))
            if let level = level(value) { log.levels.append(.init(name: name, level: level)) }
        }
        return log
    }

    private func nodes(_ node: YAMLNode?) -> [TopologyNode] {
        guard let node else { return [] }
        var nodes: [TopologyNode] = []
        for member in bounded(
            MappingReader.members(of: node, "'nodes'", collector), Self.maximumNodes, "nodes")
        {
            guard let name = NameRule.check(member.key, "a node", collector) else { continue }
            let reader = MappingReader(
                member.value, of: "node '\(name)'", keys: ["address"], collector: collector)
            if reader["address"] == nil && !member.value.isInvalid {
                collector.reportMissing(
                    "node '\(name)' needs an address", at: member.key,
                    expected: "'address: host:port', where the other nodes reach it")
            }
            if case .string(let text)? = reader.value("address", .address), let address = SocketAddress(text)
            {
                if let other = nodes.first(where: { $0.address == address }) {
                    collector.report(
                        "node '\(name)' has the address of '\(other.name)'",
                        at: reader["address"] ?? member.key,
                        expected: "an address of its own")
                }
                nodes.append(TopologyNode(name: name, address: address, position: member.key.position))
            }
        }
        return nodes
    }
    private func bounded(_ members: [YAMLMember], _ limit: Int, _ what: String) -> [YAMLMember] {
        guard members.count > limit else { return members }
        collector.report("\(members.count) \(what)", at: members[limit].key, expected: "at most \(limit)")
        return Array(members.prefix(limit))
    }

    private func groups(
        _ node: YAMLNode?, _ root: YAMLNode, loops: LoopCount, nodes: [TopologyNode]
    ) -> [ActorGroup] {
        let members = node.map { MappingReader.members(of: $0, "'actors'", collector) } ?? []
        var isEmpty = node?.isNull ?? true
        if case .mapping(let members)? = node?.content { isEmpty = members.isEmpty }
        if isEmpty {
            collector.reportMissing(
                "there are no actors", at: node ?? root, expected: "'actors:' with at least one actor")
        }
        var drafts: [ActorDraft] = []
        let decoder = ActorDecoder(modules: modules, nodes: nodes, loops: loops, collector: collector)
        for member in bounded(members, Self.maximumGroups, "actors") {
            guard let name = NameRule.check(member.key, "an actor", collector) else { continue }
            drafts.append(decoder.decode(name, member))
        }
        checkInstances(drafts)
        var checker = LinkChecker(drafts, collector)
        return checker.groups()
    }
    /// Replicas get names of their own, which may be taken.
    private func checkInstances(_ drafts: [ActorDraft]) {
        var taken: [String: String] = [:]
        for draft in drafts { taken[draft.name] = draft.name }
        for draft in drafts where draft.replicas > 1 {
            for index in 0..<draft.replicas {
                let name = "\(draft.name)-\(index)"
                if let other = taken.updateValue(draft.name, forKey: name) {
                    collector.report(
                        "replica \(index) of '\(draft.name)' would be named like '\(other)'", at: draft.key)
                }
            }
        }
    }
}

/// How actors and nodes may be named.
enum NameRule {
    /// The name, or nil if it is none, which is reported.
    static func check(_ key: YAMLNode, _ what: String, _ collector: DiagnosticCollector) -> String? {
        guard let name = key.text else { return nil }
        let isGood =
            name.utf8.count <= 64 && name.utf8.first.map { (0x61...0x7A).contains($0) } ?? false
            && name.utf8.allSatisfy {
                (0x61...0x7A).contains($0) || (0x30...0x39).contains($0) || $0 == 0x2D || $0 == 0x5F
            }
        if isGood { return name }
        collector.report(
            "'\(TreePreparation.short(name))' is no name for \(what)", at: key,
            expected: "a lower case letter, then at most 63 letters, digits, '-' and '_'")
        return nil
    }
}

/// Numbers of loops.
enum LoopSetting {
    static func number(
        _ node: YAMLNode, _ key: String, _ range: ClosedRange<Int>, _ collector: DiagnosticCollector
    ) -> Int? {
        guard !node.isInvalid else { return nil }
        let number = node.text.flatMap { Int($0) }  // in range: nil for other texts
        if let number, range.contains(number) { return number }
        let shown = node.text.map { "'\(TreePreparation.short($0))'" } ?? node.kind
        collector.report(
            "'\(key)' cannot be \(node.isNull ? "nothing" : shown)", at: node,
            expected: "auto, or a whole number from \(range.lowerBound) to \(range.upperBound)")
        return nil
    }
}
