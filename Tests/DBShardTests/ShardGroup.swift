import ModuleKit
import Runtime
import RuntimeTesting

@testable import DBShard

/// A group of shards on one node in virtual time, over a disk that survives the node.
final class ShardGroup {
    let count: Int
    let disk: SimulatedDisk
    let seed: UInt64
    let settings: [(String, SettingValue)]
    private(set) var node: TestNode
    private var incarnation: UInt64 = 1
    private let loops: Int

    init(
        _ count: Int = 1, seed: UInt64 = 1, loops: Int = 1, settings: [(String, SettingValue)] = [],
        disk: SimulatedDisk? = nil
    ) {
        self.count = count
        self.seed = seed
        self.loops = loops
        self.settings = [("window", .integer(1024))] + settings
        self.disk = disk ?? SimulatedDisk(seed: seed)
        node = Self.makeNode(count, seed, loops, self.settings, self.disk)
    }
    deinit { close() }

    private static func makeNode(
        _ count: Int, _ seed: UInt64, _ loops: Int, _ settings: [(String, SettingValue)],
        _ disk: SimulatedDisk
    ) -> TestNode {
        let names = (0..<count).map { "shard-\($0)" }
        let actors = names.enumerated().map { index, name in
            ActorPlan(
                name, of: shardModule, settings: settings, links: count > 1 ? ["peers": names] : [:],
                loop: index % loops, group: "shard", index: index, replicas: count)
        }
        return TestNode(actors, loops: loops, seed: seed, disk: disk)
    }

    func start() throws { try node.start() }
    func stop() { node.stop() }
    func close() { node.close() }

    /// The process ends (as by kill -9) and starts again.
    func restart() throws {
        begin()
        try node.start()
    }
    /// A fresh node over the same disk, not started.
    func begin() {
        node.close()
        incarnation += 1
        node = Self.makeNode(count, seed &* 31 &+ incarnation, loops, settings, disk)
    }
    /// The power fails and comes back; what was only in memory is gone.
    func losePower() throws {
        disk.cutPower()
        node.close()
        disk.restorePower()
        try restart()
    }

    func owner(_ variant: Int64) -> Int { OrdersContract.shard(ofVariant: variant, of: count) }

    // MARK: asking

    func send(_ request: OrdersRequest, to shard: Int) -> PendingAnswer<OrdersResponse> {
        node.send("shard-\(shard)", OrdersContract.self, request)
    }
    func ask(_ request: OrdersRequest, of shard: Int = 0) throws -> OrdersResponse {
        try node.ask("shard-\(shard)", OrdersContract.self, request)
    }
    func declare(_ variant: Int64, _ initial: Int, beyond: Bool = false) throws {
        let declaration = StockDeclaration(variant: variant, initial: initial, sellsBeyondStock: beyond)
        guard case .stock = try ask(.declare(declaration), of: owner(variant)) else {
            throw TestFailure("variant \(variant) was not declared")
        }
    }
    func available(_ variant: Int64) throws -> Int {
        guard case .stock(let level) = try ask(.stock(variant: variant), of: owner(variant)) else {
            throw TestFailure("no stock of \(variant)")
        }
        return level.available
    }
    /// Opens the database as an operator would.
    func query(_ sql: String, of shard: Int = 0) throws -> Int64? {
        let connection = try SQLiteConnection(
            "data/shard-\(shard).db", vfs: disk.sqliteVFS, isReadOnly: false)
        defer { connection.close() }
        return try connection.number(sql)
    }
}

struct TestFailure: Error, CustomStringConvertible {
    let description: String
    init(_ description: String) {
        self.description = description
    }
}

/// An order of some lines: variant, quantity.
func draft(
    _ key: UInt64, _ lines: [(Int64, Int)], email: String = "a@example.com", home: UInt64 = 0
) -> OrderDraft {
    OrderDraft(
        key: OrderKey(high: StableHash.mix(key), low: key), home: home, email: email,
        lines: lines.map { OrderLine(variant: $0.0, quantity: $0.1, unitPrice: 1999) },
        placedAt: 1_794_355_200_000_000_000)
}

extension OrdersResponse {
    /// The order that was placed, now or before.
    var placed: OrderRecord? { if case .placed(let record, _) = self { record } else { nil } }
    var isRepeat: Bool { if case .placed(_, let isRepeat) = self { isRepeat } else { false } }
    var order: OrderRecord? { if case .order(let record) = self { record } else { nil } }
    var isUnavailable: Bool { if case .unavailable = self { true } else { false } }
    /// A word for it, for expectations.
    var word: String {
        switch self {
        case .placed(_, let isRepeat): isRepeat ? "repeat" : "placed"
        case .order(let record): record.isCancelled ? "cancelled" : "order"
        case .notFound: "notFound"
        case .conflict: "conflict"
        case .soldOut(let variant, let available): "soldOut \(variant) \(available)"
        case .unknownVariant(let variant): "unknown \(variant)"
        case .stock(let level): "stock \(level.available)"
        case .busy: "busy"
        case .unavailable: "unavailable"
        }
    }
}
