import ModuleKit
import RuntimeTesting
import Testing

@testable import DBShard

@Suite struct ShardTests {
    @Test func placesFindsCancelsAndRestocks() throws {
        let group = ShardGroup()
        try group.start()
        try group.declare(7, 5)
        #expect(try group.ask(.place(draft(1, [(7, 2)]))).placed?.id == 1)
        #expect(try group.ask(.place(draft(2, [(7, 2)]))).placed?.id == 2)
        #expect(try group.ask(.place(draft(3, [(7, 2)]))).word == "soldOut 7 1")
        #expect(try group.ask(.place(draft(4, [(8, 1)]))).word == "unknown 8")
        #expect(try group.ask(.find(id: 2)).order?.draft == draft(2, [(7, 2)]))
        #expect(try group.ask(.find(id: 3)).word == "notFound")
        #expect(try group.ask(.cancel(id: 1)).word == "cancelled")
        #expect(try group.ask(.cancel(id: 1)).word == "cancelled")
        #expect(try group.available(7) == 3)
        #expect(try group.ask(.find(id: 1)).word == "cancelled")
        #expect(try group.ask(.cancel(id: 9)).word == "notFound")
        let key = OrderKey(high: 9, low: 9)
        #expect(try group.ask(.restock(variant: 7, quantity: 4, key: key)).word == "stock 7")
        #expect(try group.ask(.restock(variant: 7, quantity: 4, key: key)).word == "stock 7")
        #expect(try group.ask(.restock(variant: 7, quantity: 5, key: key)).word == "conflict")
        #expect(
            try group.ask(.restock(variant: 7, quantity: -9, key: OrderKey(high: 9, low: 1))).word
                == "soldOut 7 7")
        #expect(
            try group.ask(.restock(variant: 6, quantity: 1, key: OrderKey(high: 9, low: 2))).word
                == "unknown 6")
    }

    @Test func theSameKeyGetsTheSameOrder() throws {
        let group = ShardGroup()
        try group.start()
        try group.declare(7, 5)
        let first = try group.ask(.place(draft(1, [(7, 1)])))
        let again = try group.ask(.place(draft(1, [(7, 1)])))
        #expect(again.isRepeat && again.placed == first.placed)
        #expect(try group.ask(.place(draft(1, [(7, 2)]))).word == "conflict")
        #expect(try group.ask(.place(draft(1, [(7, 1)], email: "b@example.com"))).word == "conflict")
        let recalled = try group.ask(.recall(draft(1, [(7, 1)])))
        #expect(recalled.isRepeat && recalled.placed == first.placed)
        #expect(try group.ask(.recall(draft(1, [(7, 2)]))).word == "conflict")
        #expect(try group.ask(.recall(draft(9, [(7, 1)]))).word == "notFound")
        // Before the first is on the disk, too.
        let pair = (0..<2).map { _ in group.send(.place(draft(2, [(7, 1)])), to: 0) }
        _ = group.node.world.run { pair.allSatisfy { $0.result != nil } }
        let answers = try pair.map { try #require($0.result).get() }
        #expect(answers.map(\.word) == ["placed", "repeat"])
        #expect(answers[0].placed?.id == answers[1].placed?.id)
        #expect(try group.available(7) == 3)
    }

    @Test func declaringTwiceChangesOnlyThePolicy() throws {
        let group = ShardGroup()
        try group.start()
        try group.declare(7, 1)
        try group.declare(7, 100)
        #expect(try group.available(7) == 1)
        #expect(try group.ask(.place(draft(1, [(7, 3)]))).word == "soldOut 7 1")
        try group.declare(7, 1, beyond: true)
        #expect(try group.ask(.place(draft(1, [(7, 3)]))).word == "placed")
        #expect(try group.available(7) == -2)
        try group.restart()
        #expect(try group.available(7) == -2)
        #expect(try group.ask(.place(draft(2, [(7, 3)]))).word == "placed")
    }

    @Test(arguments: [0, -1, 10_001]) func linesOutOfRangeAreRefused(quantity: Int) throws {
        let group = ShardGroup()
        try group.start()
        try group.declare(7, 20_000)
        #expect(try group.ask(.place(draft(1, [(7, quantity)]))).word == "unavailable")
        #expect(try group.available(7) == 20_000)
    }

    @Test(arguments: [false, true]) func everythingIsThereAfterARestart(isClean: Bool) throws {
        let group = ShardGroup()
        try group.start()
        for variant in Int64(1)...3 { try group.declare(variant, 10) }
        for key in UInt64(1)...9 {
            #expect(try group.ask(.place(draft(key, [(Int64(key % 3) + 1, 2)]))).word == "placed")
        }
        #expect(try group.ask(.cancel(id: 4)).word == "cancelled")
        if isClean { group.stop() }
        try group.restart()
        #expect(try (1...3).map { try group.available($0) } == [4, 6, 4])
        #expect(try group.ask(.find(id: 4)).word == "cancelled")
        #expect(try group.ask(.cancel(id: 4)).word == "cancelled")
        for key in UInt64(1)...9 {
            let answer = try group.ask(.place(draft(key, [(Int64(key % 3) + 1, 2)])))
            #expect(answer.isRepeat && answer.placed?.id == Int64(key))
        }
        #expect(try group.ask(.place(draft(10, [(1, 1)]))).placed?.id == 10)
    }

    @Test func oldKeysAreFoundInSegmentsAlsoAfterARestart() throws {
        let group = ShardGroup()
        try group.start()
        try group.declare(1, 100_000, beyond: true)
        let total: UInt64 = 6000
        var waiting: [PendingAnswer<OrdersResponse>] = []
        for key in 1...total {
            waiting.append(group.send(.place(draft(key, [(1, 1)])), to: 0))
            if key % 200 == 0 { _ = group.node.world.run { waiting.allSatisfy { $0.result != nil } } }
        }
        group.node.world.run(for: 1_000_000_000)
        #expect(try group.query("SELECT count(*) FROM segments") ?? 0 >= 4)
        for round in 0..<2 {
            for key in [UInt64(1), 2, 1023, 1024, 1025, 3000, total] {
                let answer = try group.ask(.place(draft(key, [(1, 1)])))
                #expect(answer.isRepeat && answer.placed?.draft.key.low == key, "key \(key), round \(round)")
                #expect(try group.ask(.place(draft(key, [(1, 2)]))).word == "conflict")
                #expect(try group.ask(.recall(draft(key, [(1, 1)]))).placed == answer.placed)
            }
            let orders = try group.query("SELECT count(*) FROM orders")
            #expect(orders == Int64(total))
            try group.restart()
        }
        #expect(try group.available(1) == 100_000 - Int(total))
        #expect(try group.ask(.place(draft(total + 1, [(1, 1)]))).placed?.id == Int64(total) + 1)
    }

    @Test func operatorsSeeTables() throws {
        let group = ShardGroup()
        try group.start()
        try group.declare(7, 50)
        for key in UInt64(1)...5 { _ = try group.ask(.place(draft(key, [(7, 2)]))) }
        _ = try group.ask(.cancel(id: 2))
        group.node.world.run(for: 300_000_000)
        #expect(try group.query("SELECT count(*) FROM orders") == 5)
        #expect(try group.query("SELECT sum(quantity * unit_price) FROM order_lines") == 5 * 2 * 1999)
        #expect(try group.query("SELECT id FROM orders WHERE is_cancelled") == 2)
        #expect(try group.query("SELECT available FROM stock WHERE variant = 7") == 42)
        let lag = group.node.node.metrics.series.first { $0.name == "souk_shard_projection_lag_orders" }
        guard case .gauge(let gauge)? = lag?.metric else { throw TestFailure("no lag") }
        #expect(gauge.value == 0)
        let state = try group.node.operate("shard-0", OperationRequest(method: "GET", path: "/v1/shards"))
        #expect(state.status == 200)
    }

    @Test func anIdleShardHasNoTimer() throws {
        let group = ShardGroup()
        try group.start()
        try group.declare(7, 50)
        _ = try group.ask(.place(draft(1, [(7, 2)])))
        group.node.world.run(for: 1_000_000_000)
        #expect(group.node.world.nextEvent == nil)
    }
}
