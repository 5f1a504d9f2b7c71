import ModuleKit
import RuntimeTesting
import Testing

@testable import DBShard

/// A disk that fails and works again: orders are refused meanwhile, and taken again afterwards.
@Suite struct DiskFailureTests {
    @Test(arguments: [SimulatedDisk.Faults(isFull: true), SimulatedDisk.Faults(isBroken: true)])
    func ordersAreRefusedAndTakenAgain(faults: SimulatedDisk.Faults) throws {
        let group = ShardGroup()
        try group.start()
        try group.declare(1, 1_000_000)
        #expect(try group.ask(.place(draft(1, [(1, 1)]))).word == "placed")
        group.disk.plan(faults)
        // A full disk takes what fits into the space that the log file has already.
        var key: UInt64 = 2
        while try group.ask(.place(draft(key, [(1, 1)]))).word == "placed", key < 10_000 { key += 1 }
        let lastPlaced = key - 1
        group.node.world.run(for: 20_000_000_000)
        for other in UInt64(20_000)..<20_005 {
            #expect(try group.ask(.place(draft(other, [(1, 1)]))).word == "unavailable")
        }
        #expect(group.node.node.cell("shard-0")?.restarts.load(ordering: .relaxed) == 0)
        group.disk.plan(SimulatedDisk.Faults())
        group.node.world.run(for: 7_000_000_000)
        #expect(try group.ask(.place(draft(lastPlaced, [(1, 1)]))).isRepeat)
        let again = try group.ask(.place(draft(key, [(1, 1)])))
        #expect(again.placed != nil)
        let orders = Int(try #require(again.placed).id)
        #expect(try group.available(1) == 1_000_000 - orders)
        let lines = group.node.log.lines
        #expect(lines.filter { $0.level == .error }.count == 1, "one clear line")
        #expect(lines.contains { $0.level == .notice && $0.message.contains("taken again") })
    }

    @Test func aShardStartsOnAFullDiskAndRefuses() throws {
        let group = ShardGroup()
        try group.start()
        try group.declare(1, 10)
        group.stop()
        group.begin()
        group.disk.plan(SimulatedDisk.Faults(isFull: true))
        try group.node.start()
        #expect(try group.ask(.place(draft(1, [(1, 1)]))).word == "unavailable")
        group.disk.plan(SimulatedDisk.Faults())
        group.node.world.run(for: 7_000_000_000)
        #expect(try group.ask(.place(draft(1, [(1, 1)]))).word == "placed")
    }

    /// One I/O error at each call of a whole run in turn: clients that repeat get their orders, once.
    @Test(arguments: [1, 2]) func anErrorAtEachCall(shards: Int) throws {
        var offset: UInt64 = 1
        var hits = 0
        while true {
            let group = ShardGroup(
                shards, seed: 40 + offset, settings: [("hold", .duration(30_000_000))])
            try group.start()
            for variant in Int64(1)...3 { try group.declare(variant, 50) }
            let before = group.disk.calls
            group.disk.plan(SimulatedDisk.Faults(errorAt: before + offset))
            try buy(group)
            if group.disk.calls < before + offset { break }
            hits += 1
            #expect(try (1...3).map { try group.available(Int64($0)) } == [42, 42, 46], "call \(offset)")
            try group.restart()
            #expect(try (1...3).map { try group.available(Int64($0)) } == [42, 42, 46], "call \(offset)")
            offset += shards == 1 ? 1 : 2
        }
        #expect(hits > 25)
    }

    /// The same while a shard reads its file.
    @Test func anErrorAtEachCallOfAStart() throws {
        let group = ShardGroup()
        try group.start()
        try group.declare(1, 50)
        for key in UInt64(1)...8 { _ = try group.ask(.place(draft(key, [(1, 1)]))) }
        var offset: UInt64 = 1
        while true {
            group.disk.cutPower()
            group.node.close()
            group.disk.restorePower()
            let before = group.disk.calls
            group.disk.plan(SimulatedDisk.Faults(errorAt: before + offset))
            group.begin()
            try group.start()
            if group.disk.calls < before + offset { break }
            group.node.world.run(for: 1_000_000_000)
            #expect(try group.available(1) == 42, "call \(offset)")
            #expect(try group.ask(.place(draft(5, [(1, 1)]))).isRepeat, "call \(offset)")
            offset += 1
        }
        #expect(offset > 15)
    }

    private func buy(_ group: ShardGroup) throws {
        for key in UInt64(1)...8 {
            let order = draft(key, [(1, 1), (2, 1)] + (key % 2 == 0 ? [(3, 1)] : []), home: 0)
            var answer = try group.ask(.place(order))
            for _ in 0..<50 where answer.placed == nil {
                group.node.world.run(for: 100_000_000)
                answer = try group.ask(.place(order))
            }
            #expect(answer.placed != nil, "key \(key): \(answer.word)")
        }
        group.node.world.run(for: 1_000_000_000)
    }

    @Test func aNewerSchemaIsRefused() throws {
        let group = ShardGroup()
        try group.start()
        group.stop()
        let connection = try SQLiteConnection("data/shard-0.db", vfs: group.disk.sqliteVFS, isReadOnly: false)
        try connection.execute("PRAGMA user_version = 99")
        connection.close()
        group.begin()
        #expect(message { try group.node.start() }.contains("newer version"))
    }

    @Test func anotherProgramsDatabaseIsRefused() throws {
        let disk = SimulatedDisk()
        let connection = try SQLiteConnection("data/shard-0.db", vfs: disk.sqliteVFS, isReadOnly: false)
        try connection.execute("CREATE TABLE guests(name TEXT)")
        connection.close()
        let group = ShardGroup(disk: disk)
        #expect(message { try group.start() }.contains("another program"))
    }

    @Test func anotherNumberOfShardsIsRefused() throws {
        let group = ShardGroup(1)
        try group.start()
        group.stop()
        group.close()
        let wider = ShardGroup(2, disk: group.disk)
        #expect(message { try wider.start() }.contains("belongs to shard 0 of 1"))
    }

    @Test func aSecondProcessOnTheSameFileIsNoticed() throws {
        let group = ShardGroup()
        try group.start()
        try group.declare(1, 10)
        let other = SQLiteStore(
            path: "data/shard-0.db", ownership: Ownership(shard: 0, shards: 1), isFull: true,
            disk: group.disk)
        _ = try other.open(
            LoadExpectations(shard: 0, shards: 1, window: 1024, seed: 1, filters: 1 << 20))
        // Refused, then the shard is made anew and takes the file over again.
        let refused = group.send(.place(draft(1, [(1, 1)])), to: 0)
        group.node.world.run(for: 5_000_000_000)
        #expect(try #require(refused.result).map(\.word) != .success("placed"))
        #expect(try group.ask(.place(draft(1, [(1, 1)]))).word == "placed")
        let batch = Batch()
        batch.row = 99
        batch.entries = 1
        #expect(throws: StoreError.self) { try other.commit(batch) }
        other.close()
    }

    @Test func aDamagedLogIsNamedAndNotSoldFrom() throws {
        let group = ShardGroup()
        try group.start()
        try group.declare(1, 10)
        for key in UInt64(1)...3 { _ = try group.ask(.place(draft(key, [(1, 1)]))) }
        group.stop()
        let connection = try SQLiteConnection("data/shard-0.db", vfs: group.disk.sqliteVFS, isReadOnly: false)
        try connection.execute(
            "UPDATE log SET body = substr(body, 1, length(body) - 3) WHERE last > 20000000")
        connection.close()
        group.begin()
        #expect(message { try group.node.start() }.contains("of the log is damaged"))
    }

    private func message(_ body: () throws -> Void) -> String {
        do {
            try body()
            return ""
        } catch {
            return "\(error)"
        }
    }
}
