import ModuleKit

/// The module `balancer`: one actor for whatever contract its members serve.
enum BalancerModule {
    /// The link to the group.
    static let link = "members"
    /// Contracts that balancers are compiled for, in order of preference where members serve several.
    static let contracts = [
        HTTPContract.identity, OrdersContract.identity, BehaviourContract.identity, SnapshotContract.identity,
    ]

    static let declaration = ModuleDeclaration(
        "balancer", "Spreads requests over the members of a group, by key, turn, load or latency.",
        settings: BalancerSettings.declarations,
        serves: .sameAs(link: link),
        links: [
            LinkDeclaration(
                link, nil, .many(1...BalancerSettings.memberLimit),
                "The members of the group; all serve one contract.")
        ],
        make: { try make($0) })

    /// Makes the actor in code that knows the contract, so that its handlers are compiled for it.
    static func make(_ context: Context) throws(ModuleError) -> any Module {
        switch try contract(of: context) {
        case HTTPContract.identity:
            try BalancerActor<HTTPContract>(context, bind: { $0.bindHandlers() })
        case OrdersContract.identity:
            try BalancerActor<OrdersContract>(context, bind: { $0.bindHandlers() })
        case BehaviourContract.identity:
            try BalancerActor<BehaviourContract>(context, bind: { $0.bindHandlers() })
        default:
            try BalancerActor<SnapshotContract>(context, bind: { $0.bindHandlers() })
        }
    }

    /// The setting, or what the members say they serve.
    static func contract(of context: Context) throws(ModuleError) -> ContractIdentity {
        if let name = context.settings.optionalString("contract"),
            let contract = contracts.first(where: { $0.name == name })
        {
            return contract
        }
        let members = context.links.targets(link)
        guard !members.isEmpty else { throw ModuleError("link '\(link)' names no members") }
        var known = contracts
        for member in members {
            // A balancer among the members says nothing of itself.
            guard case .contracts(let served) = member.declaration.serves else { continue }
            known.removeAll { !served.contains($0) }
            guard known.isEmpty else { continue }
            let names = served.map(\.description).joined(separator: ", ")
            throw ModuleError(
                """
                link '\(link)': \(member.identity.name) serves \(names.isEmpty ? "nothing" : names); members \
                must share one of \(contracts.map(\.description).joined(separator: ", "))
                """)
        }
        guard known.count < contracts.count, let contract = known.first else {
            throw ModuleError(
                "what the members of link '\(link)' serve is not known here: name it", setting: "contract")
        }
        return contract
    }
}
