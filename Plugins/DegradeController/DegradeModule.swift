import ModuleKit

/// The module `degrade-controller`: decides how much the shop gives up.
enum DegradeModule {
    /// The link to the actors that are watched.
    static let link = "watches"
    static let path = "/v1/degrade"

    static let declaration = ModuleDeclaration(
        "degrade-controller", "Watches waiting times, errors and latencies, and turns features off by level.",
        settings: DegradeSettings.declarations,
        links: [
            LinkDeclaration(
                link, nil, .many(1...10_000), isOptionalForReadiness: true,
                "The actors whose load decides.")
        ],
        operations: [
            OperationDeclaration("GET", path, "The level, what is off, and what was measured last."),
            OperationDeclaration(
                "PUT", path,
                "Holds a level: a JSON object with `level` and, if it is to end by itself, `seconds`; null ends it."
            ),
        ],
        make: { try DegradeController($0) })
}
