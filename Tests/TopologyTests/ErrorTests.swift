import ModuleKit
import Testing

@testable import Topology

/// Each mistake is named at its place.
struct ErrorTests {
    @Test(arguments: [
        ("settings: { ttl: 1d }", "6:22 'ttl': 'd' is no unit"),
        ("settings: { ttl: 2h }", "6:22 'ttl': 2h is out of range"),
        ("settings: { ttl: }", "6:22 'ttl' has nothing where one value belongs"),
        ("settings: { ttl: [1s] }", "6:22 'ttl' has a list where one value belongs"),
        ("settings: { capacity: big }", "6:27 'capacity': 'big' is no number"),
        ("settings: { capacity: 12 }", "6:27 'capacity': 12 is out of range"),
        ("settings: { jitter: 0.1 }", "6:25 'jitter': '0.1' has no unit"),
        ("settings: { jitter: 60% }", "6:25 'jitter': 60% is out of range"),
        (
            "settings: { vary: yes }",
            "6:23 'yes' is not read as a truth value (YAML 1.2); write true or false"
        ),
        ("settings: { weight: heavy }", "6:25 'weight': 'heavy' is no number"),
        ("settings: { tll: 1s }", "6:17 actor 'cache' has no setting 'tll'"),
        ("settings: [a]", "6:15 actor 'cache': a list where a mapping belongs"),
        ("replicas: 65", "6:15 'replicas': 65 is out of range"),
        ("replicas: 0", "6:15 'replicas': 0 is out of range"),
        ("replicas: 1.5", "6:15 'replicas': '1.5' is no number"),
        ("replicas: 99999999999999999999", "6:15 'replicas': 99999999999999999999 is too large"),
        ("loop: 15", "6:11 'loop' cannot be '15'"),
        ("loop: -1", "6:11 'loop' cannot be '-1'"),
        ("node: front", "6:11 there is no node 'front'"),
        ("mailbox: { capacity: 1 }", "6:26 'capacity': 1 is out of range"),
        ("mailbox: { full: drop }", "6:22 'drop' is no value of 'full'"),
        ("mailbox: { full: { usual: refuse } }", "6:24 'full' has no key 'usual'"),
        ("restart: { strategy: all }", "6:26 'all' is no value of 'strategy'"),
        ("restart: { period: 60 }", "6:24 'period': '60' has no unit"),
        ("setings: {}", "6:5 actor 'cache' has no key 'setings'"),
        ("module: static-cache", "6:5 key 'module' is there twice; first on line 4"),
        ("<<: {}", "6:5 merge keys ('<<') are not part of YAML 1.2"),
        ("? [a]\n    : b", "6:7 a key must be a text, not a list"),
        ("settings: !!map {}", "6:15 tags such as 'tag:yaml.org,2002:map' are not used in a topology"),
        ("settings: *none", "6:15 there is no anchor '&none' before this alias"),
        ("settings: &own [*own]", "6:21 alias '*own' stands inside what it names"),
    ])
    func inAnActor(_ line: String, _ problem: String) {
        let problems = Samples.problems(Samples.cache(line))
        #expect(problems.contains(problem), "\(problems)")
        #expect(problems.count <= 2, "\(problems)")
    }

    @Test(arguments: [
        ("", "1:1 the file is empty"), ("# only this", "1:1 the file is empty"),
        ("- a", "1:1 the file is a list"),
        ("souk: 2\nactors: { s: { module: db-shard } }", "1:7 'souk': 2 is out of range"),
        ("actors: { s: { module: db-shard } }", "1:1 the version of the format is missing"),
        ("souk: 1", "1:1 there are no actors"), ("souk: 1\nactors: {}", "2:9 there are no actors"),
        ("souk: 1\nactor: {}\nactors: { s: { module: db-shard } }", "2:1 a topology has no key 'actor'"),
        ("souk: 1\nactors: { Shard: { module: db-shard } }", "2:11 'Shard' is no name for an actor"),
        ("souk: 1\nactors: { s: { module: db-shrad } }", "2:24 there is no module 'db-shrad'"),
        ("souk: 1\nactors: { s: {} }", "2:11 actor 's' names no module"),
        ("souk: 1\nactors: { s: }", "2:11 actor 's' is empty"),
        ("souk: 1\nactors: []", "2:9 'actors' must be a mapping, not a list"),
        ("souk: 1\nloops: 16\nactors: { s: { module: db-shard } }", "2:8 'loops' cannot be '16'"),
        ("souk: 1\nloops: 2\nactors: { s: { module: db-shard, loop: 2 } }", "3:40 'loop' cannot be '2'"),
        ("souk: 1\nseed: -1\nactors: { s: { module: db-shard } }", "2:7 'seed' is no seed"),
        (
            "souk: 1\nlog: { level: loud }\nactors: { s: { module: db-shard } }",
            "2:15 'loud' is no value of 'level'"
        ),
        (
            "souk: 1\nstop: { drain: 10 }\nactors: { s: { module: db-shard } }",
            "2:16 'drain': '10' has no unit"
        ),
        ("souk: 1\nnodes: { a: {} }\nactors: { s: { module: db-shard } }", "2:10 node 'a' needs an address"),
        (
            "souk: 1\nnodes: { a: { address: x } }\nactors: { s: { module: db-shard } }",
            "2:24 'x' is no address"
        ),
        (
            "souk: 1\nnodes: { a: { address: \":1\" }, b: { address: \":1\" } }\nactors: { s: { module: db-shard } }",
            "2:46 node 'b' has the address of 'a'"
        ),
        ("souk: 1\ncontrol: { listen: 80 }\nactors: { s: { module: db-shard } }", "2:20 '80' is no address"),
        (
            "souk: 1\nactors: { s: { module: db-shard, replicas: 2 }, s-1: { module: db-shard } }",
            "2:11 replica 1 of 's' would be named like 's-1'"
        ),
        (
            "souk: 1\nactors: { s: { module: db-shard } }\n---\na: b",
            "3:1 a second document; a topology is one document"
        ),
    ])
    func atTheTop(_ text: String, _ problem: String) {
        #expect(Samples.problems(text) == [problem])
    }

    @Test(
        arguments: [
            ("true", "'true' is not", nil), ("True", "True", "true"), ("on", "on", "true"),
            ("off", "off", "false"),
        ] as [(String, String, String?)])
    func booleans(_ written: String, _ part: String, _ suggestion: String?) {
        let (topology, diagnostics) = Samples.load(Samples.cache("settings: { vary: \(written) }"))
        #expect((topology == nil) == (suggestion != nil))
        #expect(diagnostics.first?.suggestion == suggestion)
        if suggestion != nil { #expect(diagnostics.first?.message.contains(part) == true) }
    }

    /// Everything in one run, in the order of the file.
    @Test func allAtOnce() {
        let text = """
            souk: 1
            lops: 4
            actors:
              gate:
                module: http-gat
                links: { pages: cach }
              cache:
                module: static-cache
                settings: { ttl: 60, capacity: 64Mib, speed: 1 }
                links: { origin: shard, orign: pages }
              pages:
                module: dynamic-fragment
              shard:
                module: db-shard
                replica: 3
            """
        #expect(
            Samples.problems(text) == [
                "2:1 a topology has no key 'lops'",
                "5:13 there is no module 'http-gat'",
                "6:21 there is no actor 'cach'",
                "9:22 'ttl': '60' has no unit",
                "9:36 'capacity': 'Mib' is no unit",
                "9:43 actor 'cache' has no setting 'speed'",
                "10:22 link 'origin' of 'cache' speaks pages/1, but 'shard' serves data/1",
                "10:29 module 'static-cache' has no link 'orign'",
                "11:3 actor 'pages' needs the link 'data': Answers questions.",
                "15:5 actor 'shard' has no key 'replica'",
            ])
        let suggestions = Samples.load(text).diagnostics.map(\.suggestion)
        #expect(
            suggestions == [
                "loops", "http-gate", "cache", "60s", "64MiB", nil, nil, "origin", nil, "replicas",
            ])
    }

    @Test func atMostAHundred() {
        let lines = (0..<500).map { "k\($0): 1" }.joined(separator: "\n")
        let diagnostics = Samples.load(lines + "\n" + Samples.shop).diagnostics
        #expect(diagnostics.count == 101)
        #expect(diagnostics.last?.message == "and 400 more; only the first 100 are shown")
        #expect(diagnostics.first?.line == 1)
    }

    /// A mistake behind an alias is one mistake.
    @Test func aliasedMistakeIsToldOnce() {
        let text = """
            souk: 1
            x-all: &all { lable: 1 }
            actors:
              a: { module: db-shard, settings: *all }
              b: { module: db-shard, settings: *all }
            """
        #expect(
            Samples.problems(text) == [
                "2:15 actor 'a' has no setting 'lable'", "2:15 actor 'b' has no setting 'lable'",
            ])
    }
}
