import ModuleKit
import Testing

@testable import AnalyticsStream

@Suite("Snapshots")
struct SnapshotTests {
    static func snapshot(
        _ aggregate: BehaviourAggregate, _ series: inout SeriesRows, at clock: UInt64,
        names: [(product: Int64, title: String)] = []
    ) -> JSON {
        aggregate.advance(clock: clock)
        var known = ProductNames(limit: 2)
        known.replace(names)
        return AggregateSnapshot(
            of: aggregate, names: known, surroundings: .init(dropped: 3, currency: "CHF"), clock: clock
        ).json(series: &series)
    }

    @Test("an empty one is whole and can be encoded")
    func empty() throws {
        var series = SeriesRows()
        let json = Self.snapshot(WindowTests.aggregate(), &series, at: WindowTests.start)
        let again = try JSON(parsing: json.encoded())
        #expect(again["now"]?["events_per_second"]?.numberValue == 0)
        #expect(again["series"]?["rows"]?.arrayValue?.isEmpty == true)
        #expect(again["top"]?["sold"]?.arrayValue?.isEmpty == true && again["currency"]?.stringValue == "CHF")
    }

    @Test("an order is in the next snapshot at once")
    func order() {
        var series = SeriesRows()
        let aggregate = WindowTests.aggregate()
        let clock = WindowTests.start + 400
        for kind in [BehaviourKind.productView, .cart, .order] {
            aggregate.count(
                BehaviourEvent(
                    kind, time: clock, visitor: 9, product: 4, revenue: kind == .order ? 1_999 : 0,
                    quantity: 1,
                    latency: 1_000, country: 0x4445), clock: clock)
        }
        let json = Self.snapshot(
            aggregate, &series, at: clock, names: [(4, "Lamp"), (5, "Vase"), (6, "Rug")])
        #expect(
            json["minute"]?["orders"]?.integerValue == 1 && json["total"]?["revenue"]?.integerValue == 1_999)
        #expect(json["now"]?["orders_per_second"]?.numberValue == 1)
        #expect(json["now"]?["visitors"]?.integerValue == 1 && json["now"]?["active"]?.integerValue == 1)
        #expect(json["funnel"]?.text == "{\"view\":1,\"cart\":1,\"order\":1}")
        #expect(json["countries"]?.text == "[{\"code\":\"DE\",\"visitors\":1}]")
        let sold = json["top"]?["sold"]?.arrayValue?.first
        #expect(sold?["title"]?.stringValue == "Lamp" && sold?["revenue"]?.integerValue == 1_999)
        let p99 = json["latency"]?["p99"]?.integerValue ?? 0
        #expect(abs(p99 - 1_000) <= 10)
        #expect(json["sampling"]?["dropped"]?.integerValue == 3)
    }

    @Test("the series is the same whether rows were kept or made anew")
    func series() {
        var random = SketchTests.random("series")
        var kept = SeriesRows()
        let aggregate = WindowTests.aggregate()
        var clock = WindowTests.start
        for _ in 0..<400 {
            clock += UInt64(random.below(1_500))
            for _ in 0..<random.below(20) {
                let time = clock - UInt64(random.below(3_000))
                aggregate.count(
                    BehaviourEvent(.order, time: time, visitor: random.next(), revenue: 5, latency: 77),
                    clock: clock)
            }
            if random.chance(0.02) { clock += 500_000 }
            var fresh = SeriesRows()
            let left = Self.snapshot(aggregate, &kept, at: clock)["series"]
            let right = Self.snapshot(aggregate, &fresh, at: clock)["series"]
            #expect(left == right)
            let times = left?["rows"]?.arrayValue?.compactMap { $0.arrayValue?.first?.integerValue } ?? []
            #expect(times == Array(aggregate.ring.seconds))
        }
    }

    @Test("the closed windows' sums and the open ones are the whole")
    func sums() {
        var random = SketchTests.random("sums")
        var series = SeriesRows()
        let aggregate = WindowTests.aggregate()
        var clock = WindowTests.start
        var times: [UInt64] = []
        for _ in 0..<3_000 {
            clock += UInt64(random.below(60))
            times.append(clock)
            aggregate.count(
                BehaviourEvent(.page, time: clock, visitor: random.next() | 1, latency: 50), clock: clock)
            guard random.chance(0.02) else { continue }
            let json = Self.snapshot(aggregate, &series, at: clock)
            let since = (clock / 1000 - 59) * 1000
            let expected = times.filter { $0 >= since }.count
            #expect(json["minute"]?["events"]?.integerValue == expected)
            #expect(json["latency"]?["count"]?.integerValue == expected)
            let visitors = Double(json["minute"]?["visitors"]?.integerValue ?? 0)
            #expect(abs(visitors - Double(expected)) <= max(2, 0.07 * Double(expected)))
        }
    }

    @Test("long names are cut between characters")
    func names() {
        var names = ProductNames(limit: 1)
        names.replace([(1, String(repeating: "🪑", count: 100)), (2, "x")])
        #expect(names.title(1).utf8.count <= ProductNames.longest && names.title(1).hasSuffix("🪑…"))
        #expect(names.title(2) == "#2" && names.turnedAway == 1)
    }
}
