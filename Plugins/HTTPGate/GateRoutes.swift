import ModuleKit

/// The routes of the settings, with the links that they name.
struct GateRoutes {
    private(set) var links: [Link<HTTPContract>] = []
    private(set) var targets: [RouteTarget] = []
    private(set) var patterns: [RoutePattern] = []

    init(_ settings: Settings, _ context: Context) throws {
        var names: [String] = []
        for (number, route) in settings.objects("routes").enumerated() {
            let setting = "routes[\(number)]"
            do {
                patterns.append(try RoutePattern(route.string("match")))
            } catch {
                throw ModuleError(error.description, setting: "\(setting).match")
            }
            let name = route.string("link")
            guard !context.links.targets(name).isEmpty else {
                throw ModuleError("there is no link '\(name)'", setting: "\(setting).link")
            }
            if !names.contains(name) {
                names.append(name)
                links.append(try context.link(name, HTTPContract.self))
            }
            let link = names.firstIndex(of: name) ?? 0
            targets.append(Self.target(route, link: link, members: links[link].addresses.count))
        }
        guard !patterns.isEmpty else { throw ModuleError("there are no routes", setting: "routes") }
    }

    private static func target(_ route: Settings, link: Int, members: Int) -> RouteTarget {
        let criticality = Criticality.allCases.first { "\($0)" == route.optionalString("criticality") }
        let event: BehaviourKind? =
            switch route.optionalString("event") {
            case "page": .page
            case "product_view": .productView
            default: nil
            }
        return RouteTarget(
            link: link, members: members,
            timeout: route["timeout"] == nil ? 5_000_000_000 : route.duration("timeout"),
            criticality: criticality ?? .normal, event: event, name: route.string("match"))
    }
}
