import ModuleKit
import Testing

@testable import DBShard

@Suite struct EncodingTests {
    static func entries(_ random: inout Random, _ count: Int) -> [LogEntry] {
        func number() -> Int64 { Int64(bitPattern: random.next() >> UInt64(random.below(64))) }
        func lines() -> [StockLine] {
            (0..<random.below(4)).map { _ in StockLine(variant: number(), quantity: random.below(10_001)) }
        }
        return (0..<count).map { _ in
            let key = OrderKey(high: random.next() >> UInt64(random.below(64)), low: random.next())
            switch random.below(5) {
            case 0:
                let lines = (0..<random.below(5)).map { _ in
                    OrderLine(variant: number(), quantity: random.below(10_001), unitPrice: Int(number()))
                }
                let email = String(repeating: "é@", count: random.below(90))
                return .order(
                    OrderDraft(
                        key: key, home: random.next() >> UInt64(random.below(64)), email: email,
                        lines: lines, placedAt: random.next()))
            case 1: return .cancellation(order: number(), lines: lines())
            case 2: return .restock(key: key, variant: number(), quantity: Int(number()))
            case 3:
                return .declaration(
                    StockDeclaration(
                        variant: number(), initial: Int(number()), sellsBeyondStock: random.chance(0.5)))
            default:
                return .settlement(
                    home: random.below(32_768),
                    Settlement(
                        sequence: number(), key: key, order: number(), isReturn: random.chance(0.5),
                        lines: lines()))
            }
        }
    }

    static func bytes(_ entries: [LogEntry]) -> [UInt8] {
        var buffer = ByteBuffer(capacity: 16)
        for entry in entries { buffer.append(entry) }
        return Array(buffer.bytes)
    }

    static func read(_ bytes: [UInt8]) throws -> [LogEntry] {
        try bytes.withUnsafeBytes { bytes in
            var reader = LogReader(bytes)
            var entries: [LogEntry] = []
            while let entry = try reader.next() { entries.append(entry) }
            return entries
        }
    }

    @Test(arguments: 0..<20) func whatWasWrittenIsRead(seed: UInt64) throws {
        var random = Random(seed: seed)
        let entries = Self.entries(&random, 50)
        #expect(try Self.read(Self.bytes(entries)) == entries)
    }

    /// Checked by hand against the encoding that protobuf documents.
    @Test func anOrderIsProtobuf() {
        let order = OrderDraft(
            key: OrderKey(high: 1, low: 0x0203), home: 5, email: "ab",
            lines: [OrderLine(variant: 150, quantity: 2, unitPrice: 0)], placedAt: 7)
        let expected: [UInt8] =
            [0x0A, 0x31, 0x0A, 0x2F, 0x09, 1, 0, 0, 0, 0, 0, 0, 0, 0x11, 3, 2, 0, 0, 0, 0, 0, 0]
            + [0x1A, 2, 0x61, 0x62, 0x21, 7, 0, 0, 0, 0, 0, 0, 0, 0x29, 5, 0, 0, 0, 0, 0, 0, 0]
            + [0x32, 5, 0x08, 0x96, 0x01, 0x10, 2]
        #expect(Self.bytes([.order(order)]) == expected)
    }

    @Test func unknownFieldsAreSkippedAndUnknownEntriesAreNot() throws {
        var order = Self.bytes([.restock(key: OrderKey(high: 1, low: 2), variant: 3, quantity: 4)])
        // A field 15 with a number, within the restocking.
        order += []
        let extended: [UInt8] = [0x0A, 0x08, 0x1A, 0x06, 0x18, 3, 0x20, 4, 0x78, 9]
        #expect(
            try Self.read(extended) == [
                .restock(key: OrderKey(high: 0, low: 0), variant: 3, quantity: 4)
            ])
        #expect(throws: WireError.self) { try Self.read([0x0A, 0x02, 0x7A, 0x00]) }
        #expect(throws: WireError.self) { try Self.read([0x0A, 0x02, 0x08, 0x00]) }
    }

    /// Damaged bytes are an error or other entries, never a trap.
    @Test(arguments: 0..<20) func damageNeverTraps(seed: UInt64) {
        var random = Random(seed: seed &+ 99)
        let whole = Self.bytes(Self.entries(&random, 8))
        for _ in 0..<500 {
            var damaged = whole
            for _ in 0...random.below(3) {
                damaged[random.below(damaged.count)] = UInt8(truncatingIfNeeded: random.next())
            }
            if random.chance(0.5) { damaged.removeLast(random.below(damaged.count)) }
            _ = try? Self.read(damaged)
        }
    }

    @Test func theFingerprintIsTheContracts() {
        for lines in [[(Int64(1), 2)], [(3, 1), (2, 9)], [(-1, 1)]] {
            let order = draft(1, lines)
            #expect(fingerprint(of: order) == order.fingerprint)
        }
    }

    @Test func rowsAreFoundByNumbers() {
        #expect(LogPosition.next(after: 0, orders: 3) == 3 << 24)
        #expect(LogPosition.next(after: 3 << 24, orders: 0) == 3 << 24 + 1)
        #expect(LogPosition.next(after: 3 << 24 + 7, orders: 2) == 5 << 24)
        #expect(OrderRecord.shard(of: LogPosition.order(9, of: 32_767)) == 32_767)
        #expect(ShardOptions.fill("a{index}/b{index}.{x}", 12) == "a12/b12.{x}")
        for kind in [HoldsTag.Kind.hold, .settle, .join, .ask] {
            let tag = HoldsTag(kind, generation: 300, slot: HoldsTag.slots - 1)
            #expect(HoldsTag(tag.raw) == tag)
        }
    }
}
