import ModuleKit
import Testing

@testable import Topology

struct TopologyFileTests {
    @Test func readsAShop() throws {
        let (loaded, diagnostics) = Samples.load(Samples.shop, ["SOUK_CONTROL": "127.0.0.1:9000"])
        #expect(diagnostics == [])
        let topology = try #require(loaded)
        #expect(topology.version == 1)
        #expect(topology.loops == .automatic)
        #expect(topology.seed == nil)
        #expect(topology.drain == 10_000_000_000)
        #expect(topology.control == .host("127.0.0.1", port: 9000))
        #expect(topology.nodes.map(\.name) == ["front", "back"])
        #expect(topology.nodes.last?.address == .host("127.0.0.1", port: 7402))
        #expect(
            topology.groups.map(\.name) == [
                "gate", "cache", "fragments", "shards", "shard", "degrade", "behaviour",
            ])
        #expect(
            topology.instances.map(\.name) == [
                "gate", "cache-0", "cache-1", "fragments", "shards", "shard-0", "shard-1", "shard-2",
                "shard-3", "degrade", "behaviour",
            ])
        // Targets first; the events link does not order the start.
        #expect(
            topology.startOrder == [
                "shard", "shards", "fragments", "cache", "gate", "degrade", "behaviour",
            ])
    }

    @Test func understandsActors() throws {
        let topology = try #require(Samples.load(Samples.shop).topology)
        let gate = try #require(topology.group("gate"))
        #expect(gate.settings.string("listen") == "127.0.0.1:8080")
        #expect(gate.settings.integer("max_connections") == 20_000)
        #expect(gate.links.map(\.name) == ["pages", "events"])
        #expect(gate.link("pages")?.targets == ["cache"])
        #expect(gate.link("pages")?.positions.first?.line == 11)
        let cache = try #require(topology.group("cache"))
        #expect(cache.settings.size("capacity") == 64 << 20)
        #expect(cache.settings.duration("ttl") == 60_000_000_000)
        #expect(cache.settings.percentage("jitter") == 0.1)
        #expect(cache.settings["vary"] == .boolean(false))
        #expect(cache.settings["weight"] == nil)
        #expect(cache.mailbox.capacity == 4096)
        #expect(cache.mailbox.policies == [.refuse, .refuse, .refuse, .dropNewest])
        let shard = try #require(topology.group("shard"))
        #expect(shard.node == "back")
        #expect(shard.loop == .loop(1))
        #expect(shard.supervision.strategy == .restForOne)
        #expect(shard.supervision.restarts == 3)
        #expect(shard.supervision.period == 30_000_000_000)
        #expect(shard.supervision.backoff == 50_000_000)
        let last = try #require(shard.instances.last)
        #expect(last.identity.index == 3)
        #expect(last.settings.string("path") == "data/shard-3.db")
        #expect(last.settings["labels"]?["a"] == .string("n3"))
        #expect(topology.group("degrade")?.node == "front")
    }

    @Test func understandsTheTop() throws {
        let text = """
            souk: 1
            x-common: &common { ttl: 5s }
            loops: 4
            seed: 18446744073709551615
            log: { format: json, level: warning, levels: { cache: debug, db-shard: trace, nobody: info } }
            stop: { drain: 250ms }
            control: { listen: "unix:/tmp/control" }
            actors:
              cache: { module: static-cache, settings: *common, loop: 3, links: { origin: pages } }
              pages: { module: dynamic-fragment, links: { data: shard } }
              shard: { module: db-shard, settings: }
            """
        let (loaded, diagnostics) = Samples.load(text)
        #expect(diagnostics.map(\.message) == ["no actor or module is named 'nobody'"])
        #expect(diagnostics.first?.severity == .warning)
        let topology = try #require(loaded)
        #expect(topology.loops == .count(4))
        #expect(topology.seed == UInt64.max)
        #expect(topology.log.format == .json)
        #expect(topology.log.level(group: "cache", module: "static-cache") == .debug)
        #expect(topology.log.level(group: "shard", module: "db-shard") == .trace)
        #expect(topology.log.level(group: "pages", module: "dynamic-fragment") == .warning)
        #expect(topology.drain == 250_000_000)
        #expect(topology.control == .unix(path: "/tmp/control"))
        #expect(topology.group("cache")?.settings.duration("ttl") == 5_000_000_000)
    }

    @Test(arguments: [
        ("${A}", "x"), ("${A:-d}", "x"), ("${B:-d}", "d"), ("${E:-d}", "d"), ("${E}", ""),
        ("a${A}b${A}", "axbx"),
        ("$${A}", "${A}"), ("$A", "$A"), ("${B:-a:b-c}", "a:b-c"), ("${B:-}", ""), ("cost$", "cost$"),
    ])
    func variables(_ written: String, _ value: String) throws {
        let text = "souk: 1\nactors:\n  s: { module: db-shard, settings: { labels: { a: \"\(written)\" } } }"
        let (topology, diagnostics) = Samples.load(text, ["A": "x", "E": ""])
        #expect(diagnostics == [])
        #expect(topology?.group("s")?.settings["labels"]?["a"] == .string(value))
    }
    @Test(arguments: [
        ("${B}", "the environment has no variable 'B'"), ("${", "'${' without '}'"),
        ("${}", "'${}' names no variable"), ("${1A}", "'${1A}' names no variable"),
        ("${A-b}", "'${A-b}' names no variable"),
    ])
    func noVariables(_ written: String, _ message: String) {
        let text = "souk: 1\nactors:\n  s: { module: db-shard, settings: { labels: { a: \"\(written)\" } } }"
        #expect(Samples.problems(text) == ["3:51 \(message)"])
    }
    /// A variable stands for a value of any kind, and its error shows what it was.
    @Test func variableOfAnyKind() {
        let text = Samples.cache("settings: { ttl: \"${TTL}\" }")
        #expect(
            Samples.load(text, ["TTL": "2s"]).topology?.group("cache")?.settings.duration("ttl")
                == 2_000_000_000)
        #expect(Samples.problems(text, ["TTL": "2"]) == ["6:22 'ttl': '2' has no unit"])
    }
    @Test func wrongControlAddressInTheEnvironment() {
        #expect(
            Samples.problems(Samples.shop, ["SOUK_CONTROL": "nowhere"]) == ["1:1 SOUK_CONTROL is 'nowhere'"])
    }
}
