import ModuleKit

@testable import Topology

/// Modules to write topologies with; they are declared, never made.
enum Samples {
    static let pages = ContractIdentity("pages", forbidsCycles: true)
    static let data = ContractIdentity("data")
    static let events = ContractIdentity("events")

    static func module(
        _ name: String, settings: [SettingDeclaration] = [], serves: Served = .contracts([]),
        links: [LinkDeclaration] = []
    ) -> ModuleDeclaration {
        ModuleDeclaration(name, "A sample.", settings: settings, serves: serves, links: links) { _ in
            throw ModuleError("a sample is never made")
        }
    }

    static let gate = module(
        "http-gate",
        settings: [
            SettingDeclaration("listen", .address, default: .string("127.0.0.1:8080"), "Where to listen."),
            SettingDeclaration("max_connections", .integer(1...100_000), default: .integer(1000), "At most."),
            SettingDeclaration(
                "routes",
                .list(
                    of: .object([
                        SettingDeclaration(required: "path", .string(maximum: 100), "The pattern."),
                        SettingDeclaration("to", .link, default: .string("pages"), "The link."),
                    ]), count: 0...10), "Where requests go."),
        ],
        links: [
            LinkDeclaration("pages", pages, .one, "Answers requests."),
            LinkDeclaration("events", events, isRequired: false, isOptionalForReadiness: true, "Is told."),
            LinkDeclaration("*", pages, isRequired: false, "Answers the routes that name it."),
        ])
    static let cache = module(
        "static-cache",
        settings: [
            SettingDeclaration("capacity", .size(1024...(1 << 40)), default: .size(64 << 20), "Memory."),
            SettingDeclaration(
                "ttl", .duration(1_000_000...3_600_000_000_000), default: .duration(60_000_000_000), "Time."),
            SettingDeclaration("jitter", .percentage(0...0.5), default: .percentage(0.1), "Spread."),
            SettingDeclaration("vary", .boolean, default: .boolean(false), "By header."),
            SettingDeclaration("weight", .number(0...10), "How much."),
        ],
        serves: .contracts([pages]), links: [LinkDeclaration("origin", pages, .one, "Makes the pages.")])
    static let fragments = module(
        "dynamic-fragment", serves: .contracts([pages]),
        links: [LinkDeclaration("data", data, .one, "Answers questions.")])
    static let balancer = module(
        "balancer",
        settings: [SettingDeclaration(required: "by", .choice(["key", "load", "turn"]), "How to choose.")],
        serves: .sameAs(link: "members"),
        links: [LinkDeclaration("members", nil, .many(1...64), "What is balanced.")])
    static let shard = module(
        "db-shard",
        settings: [
            SettingDeclaration("path", .path, default: .string("data/shard-{index}.db"), "The file."),
            SettingDeclaration("labels", .map(of: .string(maximum: 20)), "Free."),
        ],
        serves: .contracts([data]))
    static let degrade = module(
        "degrade-controller",
        links: [LinkDeclaration("watches", nil, .many(1...64), isOptionalForReadiness: true, "Is watched.")])
    static let analytics = module("analytics-stream", serves: .contracts([events]))
    static let all = [gate, cache, fragments, balancer, shard, degrade, analytics]

    static let shop = """
        souk: 1
        loops: auto
        nodes:
          front: { address: 127.0.0.1:7401 }
          back:  { address: 127.0.0.1:7402 }
        actors:
          gate:
            module: http-gate
            node: front
            settings: { listen: "${SOUK_HTTP:-127.0.0.1:8080}", max_connections: 20000 }
            links: { pages: cache, events: behaviour }
          cache:
            module: static-cache
            node: front
            replicas: 2
            mailbox: { capacity: 4096, full: { normal: refuse, background: drop_newest } }
            settings: { capacity: 64MiB, ttl: 60s, jitter: 10% }
            links: { origin: fragments }
          fragments: { module: dynamic-fragment, node: front, links: { data: shards } }
          shards:    { module: balancer, node: front, settings: { by: key }, links: { members: shard } }
          shard:
            module: db-shard
            node: back
            loop: 1
            replicas: 4
            restart: { strategy: rest_for_one, restarts: 3, period: 30s, backoff: 50ms }
            settings: { labels: { a: "n{index}" } }
          degrade:   { module: degrade-controller, links: { watches: [gate, cache, shard] } }
          behaviour: { module: analytics-stream }
        """

    static func load(
        _ text: String, _ environment: [String: String] = [:], modules: [ModuleDeclaration] = all
    ) -> (topology: Topology?, diagnostics: [Diagnostic]) {
        TopologyFile.load(Array(text.utf8), path: "t.yaml", environment: environment, modules: modules)
    }
    /// `line:column message` of each diagnostic.
    static func problems(_ text: String, _ environment: [String: String] = [:]) -> [String] {
        load(text, environment).diagnostics.map { "\($0.line):\($0.column) \($0.message)" }
    }
    /// A topology of one cache and what it links to, with these lines under the cache.
    static func cache(_ lines: String) -> String {
        """
        souk: 1
        actors:
          cache:
            module: static-cache
            links: { origin: pages }
            \(lines)
          pages: { module: dynamic-fragment, links: { data: shard } }
          shard: { module: db-shard }
        """
    }
}
