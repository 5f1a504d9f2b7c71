import ModuleKit

/// Makes other actors of its node fail, as if one of their handlers had thrown.
actor Saboteur: Module {
    static let declaration = ModuleDeclaration(
        "saboteur", "Makes other actors of its node fail, for tests of supervision.",
        operations: [
            OperationDeclaration(
                "POST", "/v1/sabotage",
                "Fails the actor that ?victim= names, a replica or a whole group; without it, itself.")
        ],
        make: { Saboteur($0) })

    nonisolated let context: Context

    init(_ context: Context) {
        self.context = context
    }

    func start() {}

    func operate(_ request: OperationRequest, reply: consuming Reply<OperationResponse>) {
        guard let name = request.parameter("victim") else {
            reply(OperationResponse(json: .object([("failed", .array([.string(context.actor.name)]))])))
            return context.fail(Sabotage(), while: "sabotage")
        }
        let victims = context.host.cells.filter { $0.identity.name == name || $0.identity.group == name }
        guard !victims.isEmpty else {
            return reply(OperationResponse(status: 404, problem: "no actor is called '\(name)'"))
        }
        for cell in victims {
            cell.loop.execute { cell.module?.context.fail(Sabotage(), while: "sabotage") }
        }
        let names = victims.map { JSON.string($0.identity.name) }
        reply(OperationResponse(json: .object([("failed", .array(names))])))
    }
}

/// The error that a sabotaged actor seems to throw.
struct Sabotage: Error, CustomStringConvertible {
    var description: String { "sabotaged by a test" }
}
