import ModuleKit
import Testing

@testable import Topology

struct SchemaTests {
    @Test func schemaFollowsTheDeclarations() throws {
        // What is written is JSON, and the same each time.
        let text = TopologySchema.json(Samples.all).text
        #expect(text == TopologySchema.json(Samples.all).text)
        let schema = try JSON(parsing: text)
        #expect(
            schema["properties"]?.objectValue?.map(\.0) == [
                "souk", "loops", "seed", "log", "stop", "control", "nodes", "actors",
            ])
        let actor = try #require(schema["properties"]?["actors"]?["additionalProperties"])
        #expect(
            actor["properties"]?["module"]?["oneOf"]?.arrayValue?.compactMap { $0["const"]?.stringValue }
                == Samples.all.map(\.name))
        let rule = try #require(
            actor["allOf"]?.arrayValue?.first {
                $0["if"]?["properties"]?["module"]?["const"]?.stringValue == "static-cache"
            })
        let settings = try #require(rule["then"]?["properties"]?["settings"])
        #expect(
            settings["properties"]?.objectValue?.map(\.0) == ["capacity", "ttl", "jitter", "vary", "weight"])
        #expect(settings["properties"]?["capacity"]?["description"]?.stringValue == "Memory. Default: 64MiB.")
        #expect(rule["then"]?["required"]?.arrayValue?.compactMap(\.stringValue) == ["links"])
        let links = try #require(rule["then"]?["properties"]?["links"])
        #expect(links["additionalProperties"]?.booleanValue == false)
        #expect(links["required"]?.arrayValue?.compactMap(\.stringValue) == ["origin"])
    }
    @Test func schemaWithoutModules() throws {
        let schema = TopologySchema.json([])
        #expect(
            schema["properties"]?["actors"]?["additionalProperties"]?["properties"]?["module"]?["type"]?
                .stringValue == "string")
    }

    @Test func documentation() {
        #expect(
            ModuleDocumentation.markdown(Samples.gate) == """
                # http-gate

                A sample.

                ## Settings

                | setting | takes | default | meaning |
                | --- | --- | --- | --- |
                | `listen` | an address: host:port, [v6]:port, :port or unix:/path | `127.0.0.1:8080` | Where to listen. |
                | `max_connections` | a whole number from 1 to 100000 | `1000` | At most. |
                | `routes` | a list of 0 to 10 mappings |  | Where requests go. |
                | `routes[].path` | a text of at most 100 bytes | required | The pattern. |
                | `routes[].to` | the name of one of this actor's links | `pages` | The link. |

                ## Links

                | link | contract | leads to | meaning |
                | --- | --- | --- | --- |
                | `pages` | `pages/1` | one actor | Answers requests. |
                | `events` | `events/1` | one actor, if any | Is told. |
                | `*` | `pages/1` | one actor, if any | Answers the routes that name it. |

                """)
    }
}
