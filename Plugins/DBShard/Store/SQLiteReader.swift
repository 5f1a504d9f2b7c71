import ModuleKit

/// A connection of its own for reading; opened when it is first used, and again after an error.
final class SQLiteReader: OrderReader, @unchecked Sendable {
    private let path: String
    /// Kept alive as long as the connection.
    private let disk: any Disk
    private let ownership: Ownership
    private var connection: SQLiteConnection?
    private var statements: (order: SQLiteStatement, cancelled: SQLiteStatement, key: SQLiteStatement)?

    init(path: String, disk: any Disk, ownership: Ownership) {
        self.path = path
        self.disk = disk
        self.ownership = ownership
    }

    func close() {
        statements = nil
        connection?.close()
        connection = nil
    }

    private func opened() throws(StoreError) -> (
        order: SQLiteStatement, cancelled: SQLiteStatement, key: SQLiteStatement
    ) {
        if let statements { return statements }
        // Not read-only: the last one to close a WAL database tidies up, and a fresh reader may have
        // to rebuild its index. It never writes rows.
        let fresh = try SQLiteConnection(path, vfs: disk.sqliteVFS, isReadOnly: false)
        connection = fresh
        let made = (
            order: try fresh.prepare("SELECT last, body FROM log WHERE last >= ?1 ORDER BY last LIMIT 1"),
            cancelled: try fresh.prepare("SELECT 1 FROM cancelled WHERE id = ?1"),
            key: try fresh.prepare(
                "SELECT id, fingerprint FROM old_keys WHERE segment = ?1 AND high = ?2 AND low = ?3")
        )
        statements = made
        return made
    }

    /// After an error the connection is not used again.
    private func reading<Value>(_ body: () throws(StoreError) -> Value) throws(StoreError) -> Value {
        do {
            return try body()
        } catch {
            close()
            throw error
        }
    }

    func find(_ id: Int64) throws(StoreError) -> OrderRecord? {
        let number = LogPosition.number(ofOrder: id)
        guard id >= 0, OrderRecord.shard(of: id) == ownership.shard, number > 0,
            number <= LogPosition.number(of: .max)
        else { return nil }
        return try reading { () throws(StoreError) in
            let statements = try opened()
            statements.order.bind(1, LogPosition.row(ofNumber: number))
            defer { statements.order.reset() }
            guard try statements.order.step() else { return nil }
            guard let draft = try order(number, statements.order) else { return nil }
            statements.cancelled.bind(1, id)
            defer { statements.cancelled.reset() }
            return OrderRecord(id: id, draft: draft, isCancelled: try statements.cancelled.step())
        }
    }

    private func order(_ number: Int64, _ row: SQLiteStatement) throws(StoreError) -> OrderDraft? {
        let last = LogPosition.number(of: row.integer(0))
        var found: [OrderDraft] = []
        do throws(WireError) {
            var reader = LogReader(row.bytes(1))
            while let entry = try reader.next() {
                if case .order(let draft) = entry { found.append(draft) }
            }
        } catch {
            throw StoreError(
                kind: .damaged, description: "\(path): row \(row.integer(0)) of the log is damaged: \(error)")
        }
        let index = Int64(found.count) - 1 - (last - number)
        return index >= 0 && index < Int64(found.count) ? found[Int(index)] : nil
    }

    func find(_ key: OrderKey, in segments: [Int64]) throws(StoreError) -> KnownKey? {
        try reading { () throws(StoreError) in
            let statement = try opened().key
            defer { statement.reset() }
            for segment in segments {
                statement.bind(1, segment)
                statement.bind(2, Int64(bitPattern: key.high))
                statement.bind(3, Int64(bitPattern: key.low))
                if try statement.step() {
                    return KnownKey(
                        id: statement.integer(0), fingerprint: UInt64(bitPattern: statement.integer(1)))
                }
            }
            return nil
        }
    }

    func planSegment(
        _ number: Int64, after row: Int64, through last: Int64, keys: Int
    ) throws(StoreError) -> SegmentPlan {
        try reading { () throws(StoreError) in
            _ = try opened()
            guard let connection else {
                throw StoreError(kind: .disk, description: "\(path): is not open")
            }
            return try SegmentPlan.read(number, connection, ownership, after: row, through: last, keys: keys)
        }
    }
}

extension SegmentPlan {
    /// Reads keys from whole rows of the log until there are enough of them.
    static func read(
        _ number: Int64, _ connection: SQLiteConnection, _ ownership: Ownership, after row: Int64,
        through last: Int64, keys wanted: Int
    ) throws(StoreError) -> SegmentPlan {
        let rows = try connection.prepare(
            "SELECT last, body FROM log WHERE last > ?1 AND last <= ?2 ORDER BY last")
        defer { rows.finalize() }
        rows.bind(1, row)
        rows.bind(2, last)
        var (keys, through) = ([Key](), row)
        while keys.count < wanted, try rows.step() {
            through = rows.integer(0)
            do throws(WireError) {
                try Self.collect(rows.bytes(1), through, ownership, &keys)
            } catch {
                throw StoreError(
                    kind: .damaged,
                    description: "\(connection.path): row \(through) of the log is damaged: \(error)")
            }
        }
        keys.sort { ($0.high, $0.low) < ($1.high, $1.low) }
        var filter = KeyFilter(keys: keys.count)
        for key in keys {
            filter.insert(OrderKey(high: UInt64(bitPattern: key.high), low: UInt64(bitPattern: key.low)))
        }
        return SegmentPlan(number, through: through, keys: keys, filter: filter)
    }

    private static func collect(
        _ bytes: UnsafeRawBufferPointer, _ row: Int64, _ ownership: Ownership, _ keys: inout [Key]
    ) throws(WireError) {
        var entries: [LogEntry] = []
        var reader = LogReader(bytes)
        while let entry = try reader.next() { entries.append(entry) }
        var number = LogPosition.number(of: row)
        for case .order in entries { number -= 1 }
        for entry in entries {
            var id = KeyWindow.restock
            if case .order = entry {
                number += 1
                id = LogPosition.order(number, of: ownership.shard)
            }
            guard let (key, fingerprint) = entry.key else { continue }
            keys.append(
                Key(
                    high: Int64(bitPattern: key.high), low: Int64(bitPattern: key.low), id: id,
                    fingerprint: Int64(bitPattern: fingerprint)))
        }
    }
}
