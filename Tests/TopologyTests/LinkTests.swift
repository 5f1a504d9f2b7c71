import ModuleKit
import Testing

@testable import Topology

struct LinkTests {
    private static let tail = """

          pages: { module: dynamic-fragment, links: { data: shard } }
          shard: { module: db-shard }
          sink: { module: analytics-stream }
        """
    private static func problems(_ actors: String) -> [String] {
        Samples.problems("souk: 1\nactors:\n  \(actors)\(tail)")
    }

    @Test(
        arguments: [
            ("g: { module: http-gate, links: { pages: pages, search: pages } }", []),
            ("g: { module: http-gate, links: { pages: [pages] } }", []),
            (
                "g: { module: http-gate, links: { pages: [pages, pages] } }",
                ["3:51 link 'pages' names 'pages' twice"]
            ),
            ("g: { module: http-gate, links: { pages: [] } }", ["3:36 link 'pages' leads to 0 actors"]),
            (
                "g: { module: http-gate, links: { pages: [pages, g] } }",
                [
                    "3:36 link 'pages' leads to 2 actors",
                    "3:51 link 'pages' of 'g' speaks pages/1, but 'g' serves nothing",
                    "3:51 links of pages/1 form a cycle, asking would never end: g → g",
                ]
            ),
            ("g: { module: http-gate, links: { pages: } }", ["3:43 link 'pages' leads to nothing"]),
            (
                "g: { module: http-gate, links: { pages: { a: b } } }",
                ["3:43 link 'pages' leads to a mapping"]
            ),
            ("g: { module: http-gate, links: { pages: page } }", ["3:43 there is no actor 'page'"]),
            (
                "g: { module: http-gate, links: pages }",
                ["3:34 'links' of actor 'g' must be a mapping, not a single value"]
            ),
            (
                "g: { module: http-gate, links: { pages: pages, search: shard } }",
                ["3:58 link 'search' of 'g' speaks pages/1, but 'shard' serves data/1"]
            ),
            (
                "g: { module: http-gate, links: { pages: pages }, settings: { routes: [{ path: /, to: pages }] } }",
                []
            ),
            (
                "g: { module: http-gate, links: { pages: pages }, settings: { routes: [{ path: /, to: page }] } }",
                ["3:88 this actor has no link 'page'"]
            ),
            (
                "g: { module: http-gate, links: { pages: pages }, settings: { routes: [{ to: pages }] } }",
                ["3:73 'routes' needs the setting 'path': The pattern."]
            ),
            ("b: { module: balancer, settings: { by: key }, links: { members: [shard] } }", []),
            (
                "b: { module: balancer, settings: { by: key }, links: { members: [shard, sink] } }",
                ["3:58 the actors behind 'members' of 'b' have no contract in common"]
            ),
            (
                "b: { module: balancer, settings: { by: key }, links: { members: b } }",
                ["3:3 what 'b' serves depends on itself: b → b"]
            ),
            (
                "b: { module: balancer, links: { members: shard } }",
                ["3:3 actor 'b' needs the setting 'by': How to choose."]
            ),
            ("d: { module: degrade-controller, links: { watches: [pages, shard, sink] } }", []),
            ("d: { module: degrade-controller }", ["3:3 actor 'd' needs the link 'watches': Is watched."]),
        ] as [(String, [String])])
    func links(_ actor: String, _ problems: [String]) {
        #expect(Self.problems(actor) == problems)
    }

    /// A balancer serves what stands behind it, even behind another balancer.
    @Test func servedThroughBalancers() {
        let chain = """
            souk: 1
            actors:
              cache: { module: static-cache, links: { origin: outer } }
              outer: { module: balancer, settings: { by: key }, links: { members: inner } }
              inner: { module: balancer, settings: { by: key }, links: { members: TARGET } }
              pages: { module: dynamic-fragment, links: { data: shard } }
              shard: { module: db-shard }
            """
        func problems(_ target: String) -> [String] {
            Samples.problems(
                chain.split(separator: "TARGET", omittingEmptySubsequences: false).joined(separator: target))
        }
        #expect(problems("pages") == [])
        #expect(
            problems("shard") == ["3:51 link 'origin' of 'cache' speaks pages/1, but 'outer' serves data/1"])
        // Around: what the balancers pass on is asked in a circle.
        #expect(
            problems("cache") == [
                "3:51 links of pages/1 form a cycle, asking would never end: cache → outer → inner → cache"
            ])
    }

    @Test func cyclesOfOneContract() {
        let caches = (0..<3).map { "c\($0): { module: static-cache, links: { origin: c\(($0 + 1) % 3) } }" }
        #expect(
            Self.problems(caches.joined(separator: "\n  ")) == [
                "3:48 links of pages/1 form a cycle, asking would never end: c0 → c1 → c2 → c0"
            ])
        #expect(
            Self.problems("c: { module: static-cache, links: { origin: c } }") == [
                "3:47 links of pages/1 form a cycle, asking would never end: c → c"
            ])
    }

    /// Watching in a circle is allowed; the order is the same each time.
    @Test func allowedCycles() throws {
        let peer = Samples.module(
            "peer", serves: .contracts([Samples.data]),
            links: [LinkDeclaration("peers", Samples.data, .many(0...9), isRequired: false, "Others.")])
        let text = """
            souk: 1
            actors:
              a: { module: peer, links: { peers: [b, c] } }
              b: { module: peer, links: { peers: [c, a] } }
              c: { module: peer, links: { peers: [a, b] } }
            """
        let (loaded, diagnostics) = Samples.load(text, modules: [peer])
        #expect(diagnostics == [])
        #expect(try #require(loaded).startOrder == ["c", "b", "a"])
    }

    @Test func wrongVersionOfAContract() {
        let newer = Samples.module("newer", serves: .contracts([ContractIdentity("pages", version: 2)]))
        let text = """
            souk: 1
            actors:
              cache: { module: static-cache, links: { origin: new } }
              new: { module: newer }
            """
        let diagnostics = Samples.load(text, modules: Samples.all + [newer]).diagnostics
        #expect(
            diagnostics.map(\.message) == [
                "link 'origin' of 'cache' speaks pages/1, but 'new' serves pages/2"
            ])
        #expect(diagnostics.first?.expected == "an actor that serves pages/1: cache")
    }

    @Test(arguments: 0..<20)
    func graphsAreOrderedAndCyclesFound(_ seed: UInt64) {
        var random = Random(seed: seed)
        let count = 1 + Int(random.next() % 30)
        let edges = (0..<count).map { _ in
            (0..<Int(random.next() % 3)).map { _ in Int(random.next() % UInt64(count)) }
        }
        let graph = DirectedGraph(edges: edges)
        let order = graph.postorder()
        #expect(order.sorted() == Array(0..<count), "seed \(seed)")
        let cycles = graph.cycles(limit: 100)
        for cycle in cycles {
            for (index, vertex) in cycle.enumerated() {
                #expect(edges[vertex].contains(cycle[(index + 1) % cycle.count]), "seed \(seed)")
            }
        }
        guard cycles.isEmpty else { return }
        var place: [Int: Int] = [:]
        for (index, vertex) in order.enumerated() { place[vertex] = index }
        for vertex in 0..<count {
            for target in edges[vertex] {
                #expect((place[target] ?? 0) < (place[vertex] ?? 0), "seed \(seed)")
            }
        }
    }
}
