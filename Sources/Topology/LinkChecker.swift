import ModuleKit

/// Follows the links between actors: whether they lead anywhere, whether both ends speak the same
/// contract, and whether asking could go round in circles.
struct LinkChecker {
    private let drafts: [ActorDraft]
    private let collector: DiagnosticCollector
    private var index: [String: Int] = [:]
    /// What each actor serves; nil if that is unknown, because of a mistake reported elsewhere.
    private var served: [[ContractIdentity]?] = []

    init(_ drafts: [ActorDraft], _ collector: DiagnosticCollector) {
        self.drafts = drafts
        self.collector = collector
        for (number, draft) in drafts.enumerated() { index[draft.name] = number }
    }

    /// Checks everything, and answers the groups; only those whose modules are known.
    mutating func groups() -> [ActorGroup] {
        resolveServed()
        for draft in drafts {
            for link in draft.links { checkTargets(link, of: draft) }
            guard let module = draft.module, !draft.hasBrokenLinks else { continue }
            checkNames(draft, module)
        }
        checkCycles()
        return drafts.compactMap(group)
    }

    /// How a module declares a link: by name, or as one of any name.
    private static func declaration(_ name: String, _ module: ModuleDeclaration) -> LinkDeclaration? {
        module.links.first { $0.name == name && name != "*" } ?? module.links.first { $0.name == "*" }
    }

    // MARK: names and counts

    private func checkNames(_ draft: ActorDraft, _ module: ModuleDeclaration) {
        let names = module.links.map(\.name)
        for link in draft.links {
            if let declaration = Self.declaration(link.name, module) {
                checkCount(link, declaration)
            } else {
                collector.report(
                    "module '\(module.name)' has no link '\(TreePreparation.short(link.name))'", at: link.key,
                    expected: names.isEmpty ? "no links" : "one of " + names.joined(separator: ", "),
                    suggestion: Suggestion.closest(to: link.name, among: names))
            }
        }
        for declaration in module.links where declaration.isRequired {
            let isThere =
                declaration.name == "*"
                ? draft.links.contains { !names.contains($0.name) }
                : draft.links.contains { $0.name == declaration.name }
            if isThere { continue }
            let contract = declaration.contract.map { " that serves \($0)" } ?? ""
            let name = declaration.name == "*" ? "at least one link" : "the link '\(declaration.name)'"
            collector.reportMissing(
                "actor '\(draft.name)' needs \(name): \(declaration.documentation)", at: draft.key,
                expected: "the name of an actor\(contract)")
        }
    }
    private func checkCount(_ link: ActorDraft.Link, _ declaration: LinkDeclaration) {
        guard !link.isBroken else { return }
        let range = if case .many(let range) = declaration.cardinality { range } else { 1...1 }
        guard !range.contains(link.targets.count) else { return }
        let expected =
            range.upperBound == 1
            ? (range.lowerBound == 1 ? "the name of one actor" : "the name of at most one actor")
            : "\(range.lowerBound) to \(range.upperBound) actors"
        collector.report(
            "link '\(link.name)' leads to \(link.targets.count) actors", at: link.key, expected: expected)
    }

    // MARK: targets and contracts

    private func checkTargets(_ link: ActorDraft.Link, of draft: ActorDraft) {
        let declaration = draft.module.flatMap { Self.declaration(link.name, $0) }
        for target in link.targets {
            guard let number = index[target.name] else {
                reportDangling(target, declaration)
                continue
            }
            guard let contract = declaration?.contract, let served = served[number],
                !served.contains(contract)
            else { continue }
            let other = served.isEmpty ? "nothing" : served.map(\.description).joined(separator: ", ")
            collector.report(
                "link '\(link.name)' of '\(draft.name)' speaks \(contract), but '\(target.name)' serves \(other)",
                at: target.node, expected: serving(contract))
        }
    }
    private func reportDangling(_ target: ActorDraft.Target, _ declaration: LinkDeclaration?) {
        guard !collector.isIncomplete else { return }
        collector.report(
            "there is no actor '\(TreePreparation.short(target.name))'", at: target.node,
            expected: declaration?.contract.map { serving($0) },
            suggestion: Suggestion.closest(to: target.name, among: drafts.map(\.name)))
    }
    private func serving(_ contract: ContractIdentity) -> String {
        let names = drafts.indices.lazy.filter { served[$0]?.contains(contract) ?? false }
            .map { drafts[$0].name }.prefix(12)
        return names.isEmpty
            ? "an actor that serves \(contract); there is none"
            : "an actor that serves \(contract): " + names.joined(separator: ", ")
    }

    /// Actors that serve what those behind them serve come after them.
    private mutating func resolveServed() {
        let behind = drafts.map { draft -> [Int] in
            guard case .sameAs(let name)? = draft.module?.serves else { return [] }
            return draft.links.first { $0.name == name }?.targets.compactMap { index[$0.name] } ?? []
        }
        served = drafts.map { draft in
            guard case .contracts(let contracts)? = draft.module?.serves else { return nil }
            return contracts
        }
        let graph = DirectedGraph(edges: behind)
        for number in graph.postorder() where !behind[number].isEmpty {
            let known = behind[number].compactMap { served[$0] }
            guard known.count == behind[number].count, let first = known.first else { continue }
            let common = first.filter { contract in known.allSatisfy { $0.contains(contract) } }
            served[number] = common
            guard common.isEmpty, case .sameAs(let name)? = drafts[number].module?.serves else { continue }
            let key = drafts[number].links.first { $0.name == name }?.key ?? drafts[number].key
            collector.report(
                "the actors behind '\(name)' of '\(drafts[number].name)' have no contract in common", at: key,
                expected: "actors that serve the same")
        }
        for cycle in graph.cycles(limit: 10) {
            collector.report(
                "what '\(drafts[cycle[0]].name)' serves depends on itself: \(path(cycle))",
                at: drafts[cycle[0]].key)
        }
    }
    private func path(_ cycle: [Int]) -> String {
        let names = (cycle + cycle.prefix(1)).map { drafts[$0].name }
        guard names.count > 12 else { return names.joined(separator: " → ") }
        return names.prefix(10).joined(separator: " → ") + " → … → " + (names.last ?? "")
    }

    // MARK: cycles

    /// What is asked over a link: its contract, or what its actor passes on.
    private func contracts(_ link: ActorDraft.Link, of number: Int) -> [ContractIdentity] {
        guard let module = drafts[number].module else { return [] }
        if case .sameAs(link.name) = module.serves { return served[number] ?? [] }
        return Self.declaration(link.name, module)?.contract.map { [$0] } ?? []
    }
    private func checkCycles() {
        var forbidden: [ContractIdentity] = []
        for number in drafts.indices {
            for link in drafts[number].links {
                for contract in contracts(link, of: number)
                where contract.forbidsCycles && !forbidden.contains(contract) {
                    forbidden.append(contract)
                }
            }
        }
        for contract in forbidden {
            let edges = drafts.indices.map { number in
                drafts[number].links.filter { contracts($0, of: number).contains(contract) }
                    .flatMap { $0.targets.compactMap { index[$0.name] } }
            }
            for cycle in DirectedGraph(edges: edges).cycles(limit: 10) { report(cycle, contract) }
        }
    }
    private func report(_ cycle: [Int], _ contract: ContractIdentity) {
        let next = cycle.count > 1 ? cycle[1] : cycle[0]
        let target = drafts[cycle[0]].links.filter { contracts($0, of: cycle[0]).contains(contract) }
            .flatMap(\.targets).first { index[$0.name] == next }
        collector.report(
            "links of \(contract) form a cycle, asking would never end: \(path(cycle))",
            at: target?.node ?? drafts[cycle[0]].key,
            expected: "one of these links to lead elsewhere")
    }

    // MARK: the result

    private func group(_ draft: ActorDraft) -> ActorGroup? {
        guard let module = draft.module else { return nil }
        let links = draft.links.compactMap { link -> TopologyLink? in
            Self.declaration(link.name, module).map {
                TopologyLink(
                    name: link.name, declaration: $0, targets: link.targets.map(\.name),
                    positions: link.targets.map(\.node.position))
            }
        }
        return ActorGroup(
            name: draft.name, module: module, node: draft.node, replicas: draft.replicas, loop: draft.loop,
            mailbox: draft.mailbox, supervision: draft.supervision, settings: draft.settings, links: links,
            position: draft.key.position)
    }
}
