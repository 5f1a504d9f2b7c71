import ModuleKit
import Runtime
import RuntimeTesting
import Testing

@testable import DBShard

/// Several shards on several loops, buyers of the same variants, lost and late messages, failing disks:
/// never oversold, lost or twice, and nothing is left over when the faults end.
@Suite struct InterleavingTests {
    @Test(arguments: 0..<10) func neverOversoldLostOrTwice(part: UInt64) throws {
        var placed = 0
        for seed in part * 20..<(part + 1) * 20 {
            let run = InterleavingRun(seed: seed)
            try run.run()
            #expect(run.violations.isEmpty, "seed \(seed): \(run.violations.prefix(4))")
            placed += run.acknowledged.count
        }
        #expect(placed > 200, "too little was sold")
    }

    /// 300 buyers, 25 pieces, 4 shards, each order over two of them.
    @Test func aRushSellsWhatThereIs() throws {
        let group = ShardGroup(4, loops: 2)
        try group.start()
        let hot = Int64(1)
        let others = (Int64(2)..<60).filter { group.owner($0) != group.owner(hot) }
        try group.declare(hot, 25)
        for variant in others { try group.declare(variant, 1000) }
        let answers = (UInt64(1)...300).map { key in
            let other = others[Int(key) % others.count]
            return group.send(
                .place(draft(key, [(other, 1), (hot, 1)], home: key % 4)), to: Int(key % 4))
        }
        _ = group.node.world.run { answers.allSatisfy { $0.result != nil } }
        let words = try answers.map { try #require($0.result).get().word }
        #expect(words.filter { $0 == "placed" }.count == 25)
        #expect(words.filter { $0.hasPrefix("soldOut 1") }.count == 275)
        group.node.world.run(for: 1_000_000_000)
        #expect(try group.available(hot) == 0)
        let left = try others.map { try group.available($0) }.reduce(0, +)
        #expect(left == others.count * 1000 - 25)
        // A cancelled order gives back to both shards.
        let placed = answers.compactMap { (try? $0.result?.get())?.placed }
        let first = try #require(placed.first)
        #expect(try group.ask(.cancel(id: first.id), of: first.shard).word == "cancelled")
        group.node.world.run(for: 1_000_000_000)
        #expect(try group.available(hot) == 1)
        try group.restart()
        #expect(try group.available(hot) == 1)
    }
}

/// One seed.
final class InterleavingRun {
    let seed: UInt64
    let count: Int
    let disk: SimulatedDisk
    var random: Random
    var node: TestNode
    var acknowledged: [UInt64: Int64] = [:]
    var violations: [String] = []
    private var drafts: [OrderDraft] = []
    private var waiting: [(key: UInt64, answer: PendingAnswer<OrdersResponse>)] = []
    private var incarnation: UInt64 = 1
    private let faults: WireFaults
    private let hold: UInt64
    static let variants = 6
    static let stock = 40

    init(seed: UInt64) {
        self.seed = seed
        random = Random(seed: seed &+ 0x1EAF)
        count = 2 + random.below(2)
        disk = SimulatedDisk(seed: seed)
        hold = [20_000_000, 80_000_000, 400_000_000][random.below(3)]
        faults = WireFaults(
            loss: [0, 0.02, 0.1][random.below(3)], delay: [0, 0.05, 0.3][random.below(3)],
            longest: [5_000_000, 60_000_000, 600_000_000][random.below(3)])
        node = Self.makeNode(count, disk, seed, faults, hold)
    }

    private static func makeNode(
        _ count: Int, _ disk: SimulatedDisk, _ seed: UInt64, _ faults: WireFaults, _ hold: UInt64
    ) -> TestNode {
        let wires = ModuleDeclaration(
            "wire", "A wire.", serves: .contracts([HoldsContract.identity]),
            links: [
                LinkDeclaration("target", HoldsContract.identity, isOptionalForReadiness: true, "A shard.")
            ], make: { try FlakyWire($0, faults) })
        let names = (0..<count).map { "wire-\($0)" }
        let shards = (0..<count).map { index in
            ActorPlan(
                "shard-\(index)", of: shardModule,
                settings: [("window", .integer(1024)), ("hold", .duration(hold))], links: ["peers": names],
                loop: index % 2, group: "shard", index: index, replicas: count)
        }
        let plans = (0..<count).map { index in
            ActorPlan(
                "wire-\(index)", of: wires, links: ["target": ["shard-\(index)"]], loop: (index + 1) % 2)
        }
        return TestNode(shards + plans, loops: 2, seed: seed, disk: disk)
    }

    func run() throws {
        try node.start()
        for variant in Int64(1)...Int64(Self.variants) {
            let declaration = StockDeclaration(
                variant: variant, initial: Self.stock, sellsBeyondStock: false)
            let shard = OrdersContract.shard(ofVariant: variant, of: count)
            _ = try node.ask("shard-\(shard)", OrdersContract.self, .declare(declaration))
        }
        for _ in 0..<120 {
            try step()
        }
        collect()
        disk.plan(SimulatedDisk.Faults())
        node.world.run(for: 15_000_000_000)
        collect()
        try judge()
        disk.cutPower()
        node.close()
    }

    private func step() throws {
        for _ in 0..<random.below(4) {
            let draft = random.chance(0.3) ? drafts.randomElement(using: &random) ?? fresh() : fresh()
            let answer = node.send("shard-\(draft.home)", OrdersContract.self, .place(draft))
            waiting.append((draft.key.low, answer))
        }
        if random.chance(0.05) {
            disk.plan(SimulatedDisk.Faults(errorAt: disk.calls + 1 + UInt64(random.below(50))))
        }
        if random.chance(0.02) { try crash() }
        node.world.run(for: UInt64(random.below(12_000_000)))
        if random.chance(0.2) { collect() }
    }

    /// The process ends at once; sometimes the power fails with it.
    private func crash() throws {
        collect()
        waiting = []
        if random.chance(0.5) {
            disk.cutPower()
            node.close()
            disk.restorePower()
        } else {
            node.close()
        }
        incarnation += 1
        disk.plan(SimulatedDisk.Faults())
        node = Self.makeNode(count, disk, seed &* 131 &+ incarnation, faults, hold)
        try node.start()
    }

    private func fresh() -> OrderDraft {
        let key = UInt64(drafts.count + 1)
        let first = random.below(Self.variants)
        var lines = [(Int64(first + 1), 1 + random.below(2))]
        for step in 1...2 where random.chance(0.5) {
            lines.append((Int64((first + step) % Self.variants + 1), 1 + random.below(2)))
        }
        let fresh = draft(key, lines, home: UInt64(random.below(count)))
        drafts.append(fresh)
        return fresh
    }

    private func collect() {
        for (key, answer) in waiting {
            guard case .success(.placed(let record, _))? = answer.result else { continue }
            if let before = acknowledged.updateValue(record.id, forKey: key), before != record.id {
                violations.append("key \(key) got \(record.id) after \(before)")
            }
        }
        waiting.removeAll { $0.answer.result != nil }
    }

    // MARK: the oracle

    private func judge() throws {
        if !waiting.isEmpty { violations.append("\(waiting.count) orders without an answer") }
        var sold: [Int64: Int] = [:]
        var found: [UInt64: Int64] = [:]
        for shard in 0..<count {
            let state = try node.operate(
                "shard-\(shard)", OperationRequest(method: "GET", path: "/v1/shards"))
            let json = try JSON(parsing: state.body)
            if json["state"]?.stringValue != "live" { violations.append("shard \(shard): \(json.text)") }
            for name in ["holds", "waiting_orders", "settlements_owed", "projection_lag_orders"]
            where json[name]?.integerValue != 0 {
                violations.append("shard \(shard): \(name) left: \(json.text)")
            }
            let last = json["orders"]?.integerValue ?? 0
            for number in 1...max(1, last) {
                let id = LogPosition.order(Int64(number), of: shard)
                let answer = try node.ask("shard-\(shard)", OrdersContract.self, .find(id: id))
                guard let record = answer.order else { continue }
                if let other = found.updateValue(id, forKey: record.draft.key.low) {
                    violations.append("key \(record.draft.key.low) is \(other) and \(id)")
                }
                for line in record.draft.lines { sold[line.variant, default: 0] += line.quantity }
            }
        }
        for (key, id) in acknowledged.sorted(by: { $0.key < $1.key }) where found[key] != id {
            violations.append("acknowledged order \(id) of key \(key) is \(found[key] ?? -1)")
        }
        for variant in Int64(1)...Int64(Self.variants) { try judge(variant, sold[variant, default: 0]) }
        for series in node.node.metrics.series where series.name.contains("unheld") {
            if case .counter(let counter) = series.metric, counter.value > 0 {
                violations.append("decided without a hold")
            }
        }
    }

    private func judge(_ variant: Int64, _ sold: Int) throws {
        let shard = OrdersContract.shard(ofVariant: variant, of: count)
        let answer = try node.ask("shard-\(shard)", OrdersContract.self, .stock(variant: variant))
        guard case .stock(let level) = answer else { return violations.append("no stock: \(answer.word)") }
        if sold > Self.stock { violations.append("variant \(variant): \(sold) sold of \(Self.stock)") }
        if level.available != Self.stock - sold {
            violations.append("variant \(variant): \(level.available) left, \(sold) sold of \(Self.stock)")
        }
        let connection = try SQLiteConnection(
            "data/shard-\(shard).db", vfs: disk.sqliteVFS, isReadOnly: false)
        defer { connection.close() }
        let row = try connection.number("SELECT available FROM stock WHERE variant = \(variant)")
        if row != Int64(level.available) {
            violations.append("variant \(variant): row \(row ?? -1), memory \(level.available)")
        }
    }
}
