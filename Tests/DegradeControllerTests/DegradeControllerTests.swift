import ModuleKit
import Runtime
import RuntimeTesting
import Synchronization
import Testing

@testable import DegradeController

private let second: UInt64 = 1_000_000_000

/// Keeps the levels that it hears of.
private actor Listener: Module {
    nonisolated let context: Context
    private let heard: Heard

    init(_ context: Context, _ heard: Heard) {
        self.context = context
        self.heard = heard
    }
    func start() {}
    func receive(control message: ControlMessage) {
        if case .degrade(let state) = message { heard.states.withLock { $0.append(state) } }
    }
}

private final class Heard: Sendable {
    let states = Mutex<[DegradeState]>([])
    var last: DegradeState? { states.withLock { $0.last } }
}

/// A controller that watches one actor of HTTP, `/error` of which is an error.
private struct Shop {
    let node: TestNode
    let heard = Heard()

    init(_ settings: [(String, SettingValue)] = Shop.settings) throws {
        let heard = heard
        let listener = ModuleDeclaration("listener", "Listens.") { Listener($0, heard) }
        node = TestNode([
            ActorPlan(
                "degrade", of: DegradeModule.declaration, settings: settings, links: ["watches": ["pages"]]),
            ActorPlan("listener", of: listener),
            .fake("pages", HTTPContract.self) { actor, request, _, reply in
                if request.pathText == "/error" { actor.context.countError() }
                if request.pathText == "/slow" {
                    actor.context.histogram("page_seconds", "Test.").record(900_000_000)
                }
                reply(HTTPResponse(HTTPContent()))
            },
        ])
        try node.start()
    }

    static let settings: [(String, SettingValue)] = [
        (
            "levels",
            .list([
                .object([
                    SettingEntry("when", .object([SettingEntry("error_ratio", .percentage(0.05))])),
                    SettingEntry("for", .duration(2 * second)),
                    SettingEntry("off", .list([.string("recommendations")])),
                    SettingEntry("stale_factor", .number(3)),
                ]),
                .object([
                    SettingEntry("when", .object([SettingEntry("latency_p99", .duration(second / 2))]))
                ]),
            ])
        ),
        (
            "features",
            .object([
                SettingEntry(
                    "recommendations",
                    .object([SettingEntry("from", .integer(1)), SettingEntry("fallback", .string("none"))])),
                SettingEntry("search", .object([SettingEntry("from", .integer(2))])),
            ])
        ),
        (
            "latencies",
            .list([
                .object([
                    SettingEntry("metric", .string("page_seconds")), SettingEntry("actor", .string("pages")),
                ])
            ])
        ),
    ]

    /// Asks for a page each 10 ms.
    func visit(_ path: String, for time: UInt64) throws {
        for _ in 0..<(time / 10_000_000) {
            _ = try node.ask("pages", HTTPContract.self, HTTPRequest(.get, path))
            node.world.run(for: 10_000_000)
        }
    }
    func put(_ body: String) throws -> (status: Int, json: JSON?) {
        let request = OperationRequest(method: "PUT", path: DegradeModule.path, body: Array(body.utf8))
        let response = try node.operate("degrade", request)
        return (response.status, try? JSON(parsing: response.body))
    }
    func get() throws -> JSON {
        try JSON(
            parsing: node.operate("degrade", OperationRequest(method: "GET", path: DegradeModule.path)).body)
    }
    var level: Int { heard.last?.level ?? 0 }
    var gauge: Double? {
        for series in node.node.metrics.series where series.name == "souk_degrade_level" {
            if case .gauge(let gauge) = series.metric { return gauge.value }
        }
        return nil
    }
}

@Suite(.timeLimit(.minutes(1))) struct DegradeControllerTests {
    @Test func errorsRaiseTheLevelAndCalmEndsIt() throws {
        let shop = try Shop()
        try shop.visit("/", for: 5 * second)
        #expect(shop.level == 0 && shop.gauge == 0)
        try shop.visit("/error", for: 4 * second)
        #expect(shop.level == 1 && shop.gauge == 1)
        #expect(shop.heard.last?.off("recommendations")?.fallback == "none")
        #expect(shop.heard.last?.off("search") == nil)
        #expect(shop.heard.last?.staleFactor == 3)
        #expect(shop.node.log.lines.filter { $0.message == "degrade level changed" }.count == 1)
        try shop.visit("/", for: 15 * second)
        #expect(shop.heard.last == .normal && shop.gauge == 0)
    }

    @Test func latenciesOfHistogramsCount() throws {
        let shop = try Shop()
        try shop.visit("/slow", for: 10 * second)
        #expect(shop.level == 2)
        // What level 1 gives up is given up at level 2 too.
        #expect(shop.heard.last?.featuresOff.map(\.name) == ["recommendations", "search"])
        #expect(shop.heard.last?.staleFactor == 3)
        #expect((try shop.get()["measures"]?["latency_p99_ms"]?.numberValue ?? 0) > 500)
    }

    @Test func operatorsHoldALevel() throws {
        let shop = try Shop()
        let answer = try shop.put(#"{"level":2,"seconds":60}"#)
        #expect(answer.status == 200)
        #expect(answer.json?["level"]?.integerValue == 2)
        #expect(answer.json?["manual"]?.booleanValue == true)
        shop.node.world.run(for: 30 * second)
        #expect(shop.level == 2)
        #expect(try shop.get()["manual_seconds_left"]?.numberValue == 30)
        shop.node.world.run(for: 60 * second)
        #expect(shop.level == 0)
        #expect(try shop.get()["manual"]?.booleanValue == false)
    }

    @Test func nullEndsAHold() throws {
        let shop = try Shop()
        _ = try shop.put(#"{"level":1}"#)
        shop.node.world.run(for: 3600 * second)
        #expect(shop.level == 1)
        #expect(try shop.put(#"{"level":null}"#).status == 200)
        shop.node.world.run(for: 30 * second)
        #expect(shop.level == 0)
    }

    @Test(arguments: [
        "", "[]", "{}", #"{"level":3}"#, #"{"level":-1}"#, #"{"level":1.5}"#, #"{"level":"1"}"#,
        #"{"level":1,"seconds":0}"#, #"{"level":1,"seconds":-5}"#, #"{"level":1,"seconds":1e300}"#,
        #"{"level":1,"seconds":"60"}"#, #"{"level":null,"seconds":1}"#, #"{"level":1,"until":5}"#,
        #"{"level":1e300}"#,
    ])
    func badOrdersAreRefusedWithAReason(body: String) throws {
        let shop = try Shop()
        let answer = try shop.put(body)
        #expect(answer.status == 422)
        let reason = answer.json?["detail"]?.stringValue ?? ""
        #expect(!reason.isEmpty)
        #expect(shop.level == 0)
    }

    @Test func whoWasRestartedIsToldAgain() throws {
        let shop = try Shop()
        _ = try shop.put(#"{"level":1}"#)
        shop.heard.states.withLock { $0 = [] }
        shop.node.world.run(for: 2 * second)
        #expect(shop.level == 1)
    }

    @Test func aFeatureCannotEndBeyondTheLevels() throws {
        let settings: [(String, SettingValue)] = [
            ("features", .object([SettingEntry("search", .object([SettingEntry("from", .integer(1))]))]))
        ]
        #expect {
            _ = try Shop(settings)
        } throws: { "\($0)".contains("search") }
    }

    @Test func defaultsOfTheDeclarationAreThoseOfTheCode() throws {
        let entries = DegradeSettings.declarations.compactMap { setting in
            setting.defaultValue.map { SettingEntry(setting.name, $0) }
        }
        #expect(try DegradeSettings(Settings(entries)) == DegradeSettings())
    }
}
