import ModuleKit
import RuntimeTesting
import Testing

@testable import DBShard

/// The power fails within a call of the disk, calls fail, writes are torn: what was acknowledged must be
/// there afterwards, and be there once.
@Suite struct PowerLossTests {
    static let seeds = 500

    @Test(arguments: 0..<10) func nothingAcknowledgedIsLost(part: Int) throws {
        var acknowledged = 0
        for seed in part * Self.seeds / 10..<(part + 1) * Self.seeds / 10 {
            let run = PowerLossRun(seed: UInt64(seed), durability: "full")
            try run.run()
            #expect(run.violations.isEmpty, "seed \(seed): \(run.violations.prefix(3))")
            acknowledged += run.acknowledged.count
        }
        #expect(acknowledged > 500, "too little was tried")
    }

    /// The test must be able to see a loss: with synchronous=NORMAL there is one.
    @Test func normalDurabilityLosesOrders() throws {
        var losses = 0
        for seed in UInt64(0)..<20 {
            let run = PowerLossRun(seed: seed, durability: "normal")
            try run.run()
            if run.violations.contains(where: { $0.contains("lost") }) { losses += 1 }
        }
        #expect(losses >= 10, "of 20 seeds")
    }
}

/// One seed: a shard or two, clients that retry, and a few losses of power.
final class PowerLossRun {
    let seed: UInt64
    let group: ShardGroup
    var random: Random
    /// What clients were told: keys and ids.
    var acknowledged: [UInt64: Int64] = [:]
    /// Orders whose cancellation was answered.
    var cancelled: Set<Int64> = []
    var violations: [String] = []
    var rounds = 0
    private var drafts: [OrderDraft] = []
    static let variants = 4
    static let stock = 60

    init(seed: UInt64, durability: String) {
        self.seed = seed
        random = Random(seed: seed &+ 0xD15C)
        group = ShardGroup(
            1 + random.below(2), seed: seed,
            settings: [("durability", .string(durability)), ("hold", .duration(50_000_000))])
    }

    func run() throws {
        try group.start()
        for variant in 1...Self.variants { try group.declare(Int64(variant), Self.stock) }
        rounds = 1 + random.below(3)
        for _ in 0..<rounds {
            planFaults()
            work()
            try fail()
            try audit()
        }
        group.close()
    }

    private func planFaults() {
        let calls = group.disk.calls
        var faults = SimulatedDisk.Faults(powerLossAt: calls + 1 + UInt64(random.below(400)))
        if random.chance(0.4) { faults.errorAt = calls + 1 + UInt64(random.below(200)) }
        group.disk.plan(faults)
    }

    /// Orders, retries and cancellations until the power fails.
    private func work() {
        var waiting: [(key: UInt64, answer: PendingAnswer<OrdersResponse>)] = []
        for _ in 0..<40 where !group.disk.hasLostPower {
            for _ in 0...random.below(4) {
                let draft = random.chance(0.2) ? drafts.randomElement(using: &random) ?? fresh() : fresh()
                waiting.append((draft.key.low, group.send(.place(draft), to: Int(draft.home))))
            }
            if random.chance(0.2), let id = acknowledged.sorted(by: { $0.key < $1.key }).last?.value {
                let answer = group.send(.cancel(id: id), to: OrderRecord.shard(of: id))
                _ = group.node.world.run(limit: 20_000_000) { answer.result != nil }
                if case .success(let response)? = answer.result, response.word == "cancelled" {
                    cancelled.insert(id)
                }
            }
            group.node.world.run(for: UInt64(random.below(3_000_000)))
        }
        group.node.world.run(for: UInt64(random.below(30_000_000)))
        for (key, answer) in waiting {
            guard case .success(.placed(let record, _))? = answer.result else { continue }
            if let before = acknowledged.updateValue(record.id, forKey: key), before != record.id {
                violations.append("key \(key) got \(record.id) after \(before)")
            }
        }
    }

    private func fresh() -> OrderDraft {
        let key = UInt64(drafts.count + 1)
        let first = random.below(Self.variants)
        var lines = [(Int64(first + 1), 1 + random.below(3))]
        if random.chance(0.4) {
            lines.append((Int64((first + 1) % Self.variants + 1), 1 + random.below(2)))
        }
        let fresh = draft(key, lines, home: UInt64(random.below(group.count)))
        drafts.append(fresh)
        return fresh
    }

    private func fail() throws {
        group.disk.cutPower()
        group.node.close()
        group.disk.restorePower()
        try group.restart()
        group.node.world.run(for: 500_000_000)
    }

    /// Everything that was acknowledged is there, once, and stock plus sold is what there was.
    private func audit() throws {
        for (key, id) in acknowledged.sorted(by: { $0.key < $1.key }) {
            let answer = try group.ask(.find(id: id), of: OrderRecord.shard(of: id))
            guard let record = answer.order, record.draft.key.low == key else {
                violations.append("order \(id) of key \(key) is lost: \(answer.word)")
                continue
            }
            if cancelled.contains(id) && !record.isCancelled {
                violations.append("the cancellation of \(id) is lost")
            }
            guard random.chance(0.2) else { continue }
            let again = try group.ask(.place(record.draft), of: OrderRecord.shard(of: id))
            if again.placed?.id != id { violations.append("key \(key) again is \(again.word)") }
        }
        guard violations.isEmpty else { return }
        try auditStock()
    }

    private func auditStock() throws {
        var sold: [Int64: Int] = [:]
        var seen: Set<UInt64> = []
        for shard in 0..<group.count {
            // A projected table read while orders wait would lag: everything is quiet here.
            group.node.world.run(for: 200_000_000)
            let last = try group.query("SELECT max(last) FROM log", of: shard) ?? 0
            for number in stride(from: Int64(1), through: LogPosition.number(of: last), by: 1) {
                let id = LogPosition.order(number, of: shard)
                guard let record = try group.ask(.find(id: id), of: shard).order else { continue }
                if !seen.insert(record.draft.key.low).inserted {
                    violations.append("key \(record.draft.key.low) is there twice")
                }
                if record.isCancelled { continue }
                for line in record.draft.lines { sold[line.variant, default: 0] += line.quantity }
            }
        }
        for variant in Int64(1)...Int64(Self.variants) {
            let left = try group.available(variant)
            let row = try group.query(
                "SELECT available FROM stock WHERE variant = \(variant)", of: group.owner(variant))
            if left < 0 { violations.append("variant \(variant) is oversold: \(left)") }
            if left + sold[variant, default: 0] != Self.stock {
                violations.append("variant \(variant): \(left) left, \(sold[variant, default: 0]) sold")
            }
            if row != Int64(left) {
                violations.append("variant \(variant): row \(row ?? -1), memory \(left)")
            }
        }
    }
}
