import CSQLite
import ModuleKit

/// One file of SQLite for each shard.
///
/// `journal_mode=WAL` and `synchronous=FULL`: a commit is one append and one sync. `wal_autocheckpoint`
/// is low because a checkpoint stalls the writer: often and short. Everything else is SQLite's default.
final class SQLiteStore: OrderStore, @unchecked Sendable {
    let path: String
    let ownership: Ownership
    private let isFull: Bool
    private let disk: any Disk
    private var connection: SQLiteConnection?
    private var statements: Statements?
    private var epoch: UInt64 = 0
    var projection = ProjectionMark()

    /// How far the tables for operators are: whole rows, and entries of the next one.
    struct ProjectionMark {
        var row: Int64 = 0
        var entries: Int64 = 0
    }

    struct Statements {
        let begin, commit, epoch, log, stock, mark, incoming, outgoing, cancelled: SQLiteStatement
        let nextRow, order, line, cancelOrder, key, segment: SQLiteStatement

        init(_ connection: SQLiteConnection) throws(StoreError) {
            begin = try connection.prepare("BEGIN IMMEDIATE")
            commit = try connection.prepare("COMMIT")
            epoch = try connection.prepare("SELECT value FROM meta WHERE name = 'epoch'")
            log = try connection.prepare("INSERT INTO log VALUES(?1, ?2)")
            stock = try connection.prepare("INSERT OR REPLACE INTO stock VALUES(?1, ?2, ?3, ?4)")
            mark = try connection.prepare("INSERT OR REPLACE INTO meta VALUES(?1, ?2)")
            incoming = try connection.prepare("INSERT OR REPLACE INTO incoming VALUES(?1, ?2)")
            outgoing = try connection.prepare("INSERT OR REPLACE INTO outgoing VALUES(?1, ?2, ?3)")
            cancelled = try connection.prepare("INSERT OR IGNORE INTO cancelled VALUES(?1)")
            nextRow = try connection.prepare(
                "SELECT last, body FROM log WHERE last > ?1 ORDER BY last LIMIT 1")
            order = try connection.prepare("INSERT OR REPLACE INTO orders VALUES(?1, ?2, ?3, ?4, 0)")
            line = try connection.prepare("INSERT OR REPLACE INTO order_lines VALUES(?1, ?2, ?3, ?4, ?5)")
            cancelOrder = try connection.prepare("UPDATE orders SET is_cancelled = 1 WHERE id = ?1")
            key = try connection.prepare("INSERT OR REPLACE INTO old_keys VALUES(?1, ?2, ?3, ?4, ?5)")
            segment = try connection.prepare("INSERT OR REPLACE INTO segments VALUES(?1, ?2, ?3, ?4)")
        }
    }

    /// - Parameter isFull: `synchronous=FULL`; else NORMAL, which loses acknowledged orders with the
    ///   power.
    init(path: String, ownership: Ownership, isFull: Bool, disk: any Disk) {
        self.path = path
        self.ownership = ownership
        self.isFull = isFull
        self.disk = disk
    }

    func makeReader() -> any OrderReader { SQLiteReader(path: path, disk: disk, ownership: ownership) }

    func close() {
        statements = nil
        connection?.close()
        connection = nil
    }

    // MARK: opening

    func open(_ expectations: LoadExpectations) throws(StoreError) -> LoadedShard {
        close()
        do {
            return try openNew(expectations)
        } catch {
            close()
            throw error
        }
    }

    private func openNew(_ expectations: LoadExpectations) throws(StoreError) -> LoadedShard {
        if let slash = path.lastIndex(of: "/"), slash > path.startIndex {
            do throws(DiskError) {
                try disk.makeFolder(String(path[..<slash]))
            } catch {
                // ENOSPC and EIO may pass; everything else needs the operator.
                let passes = error.code == 28 || error.code == 5
                throw StoreError(kind: passes ? .disk : .unusable, description: error.description)
            }
        }
        let connection = try SQLiteConnection(path, vfs: disk.sqliteVFS, isReadOnly: false)
        self.connection = connection
        try configure(connection)
        try SQLiteSchema.migrate(connection)
        // What a failed sync left in the log file may be in memory only: written anew and synced here.
        try connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        try beginEpoch(connection, expectations)
        let loaded = LoadedShard(expectations)
        loaded.epoch = epoch
        try load(loaded, from: connection, expectations)
        statements = try Statements(connection)
        return loaded
    }

    private func configure(_ connection: SQLiteConnection) throws(StoreError) {
        try connection.execute("PRAGMA page_size = 4096")
        let mode = try connection.text("PRAGMA journal_mode = WAL")
        try connection.execute("PRAGMA synchronous = \(isFull ? "FULL" : "NORMAL")")
        try connection.execute("PRAGMA wal_autocheckpoint = 250")
        let level = try connection.number("PRAGMA synchronous")
        guard mode == "wal", level == (isFull ? 2 : 1) else {
            throw StoreError(
                kind: .unusable,
                description: "\(path): SQLite refuses journal_mode=WAL or synchronous="
                    + "\(isFull ? "FULL" : "NORMAL") here (\(mode), \(level ?? -1)); use a local file system")
        }
    }

    /// A durable, rising number for this opening; and a check that the file is this shard's.
    private func beginEpoch(
        _ connection: SQLiteConnection, _ expectations: LoadExpectations
    ) throws(StoreError) {
        func meta(_ name: String) throws(StoreError) -> Int64? {
            try connection.number("SELECT value FROM meta WHERE name = '\(name)'")
        }
        let shard = try meta("shard") ?? Int64(expectations.shard)
        let shards = try meta("shards") ?? Int64(expectations.shards)
        guard shard == Int64(expectations.shard), shards == Int64(expectations.shards) else {
            throw StoreError(
                kind: .unusable,
                description: "\(path): belongs to shard \(shard) of \(shards), not to "
                    + "\(expectations.shard) of \(expectations.shards); variants live on the shards that they "
                    + "were made for")
        }
        let next = (try meta("epoch") ?? 0) + 1
        try connection.transaction { () throws(StoreError) in
            try connection.execute(
                """
                INSERT OR REPLACE INTO meta VALUES
                  ('shard', \(shard)), ('shards', \(shards)), ('epoch', \(next));
                DELETE FROM old_keys WHERE segment > (SELECT coalesce(max(segment), 0) FROM segments);
                """)
        }
        epoch = UInt64(bitPattern: next)
    }

    func opened() throws(StoreError) -> (SQLiteConnection, Statements) {
        guard let connection, let statements else {
            throw StoreError(kind: .disk, description: "\(path): is not open")
        }
        return (connection, statements)
    }

    // MARK: committing

    func commit(_ batch: Batch) throws(StoreError) {
        var mark = projection
        let sealed = batch.plan.map { min($0.keys.count, $0.written + batch.sealing) }
        try transaction { (statements) throws(StoreError) in
            guard try statements.epoch.step(), statements.epoch.integer(0) == Int64(bitPattern: epoch) else {
                statements.epoch.reset()
                throw StoreError(
                    kind: .taken, description: "\(path): another process has opened it; run one only")
            }
            statements.epoch.reset()
            if batch.entries > 0 {
                statements.log.bind(1, batch.row)
                statements.log.bind(2, batch.bytes.bytes)
                try statements.log.run()
            }
            for id in batch.cancelled {
                statements.cancelled.bind(1, id)
                try statements.cancelled.run()
            }
            if let fold = batch.fold { try write(fold, through: batch.row, statements) }
            if batch.projecting > 0 { try project(&mark, atMost: batch.projecting, statements) }
            if let plan = batch.plan, let sealed { try statements.write(plan, through: sealed) }
        }
        projection = mark
        batch.projected = mark.row
        if let sealed { batch.plan?.written = sealed }
    }

    private func write(_ fold: Fold, through row: Int64, _ statements: Statements) throws(StoreError) {
        for stock in fold.rows {
            statements.stock.bind(1, stock.variant)
            statements.stock.bind(2, Int64(stock.available))
            statements.stock.bind(3, stock.sellsBeyondStock ? 1 : 0)
            statements.stock.bind(4, row)
            try statements.stock.run()
        }
        for (home, sequence) in fold.incoming {
            statements.incoming.bind(1, Int64(home))
            statements.incoming.bind(2, sequence)
            try statements.incoming.run()
        }
        for (peer, mark) in fold.outgoing {
            statements.outgoing.bind(1, Int64(peer))
            statements.outgoing.bind(2, mark.row)
            statements.outgoing.bind(3, mark.sequence)
            try statements.outgoing.run()
        }
        try set("folded", fold.folded, statements)
    }

    func set(_ name: String, _ value: Int64, _ statements: Statements) throws(StoreError) {
        statements.mark.bind(1, name)
        statements.mark.bind(2, value)
        try statements.mark.run()
    }

    /// As `SQLiteConnection.transaction`, with prepared statements.
    func transaction(_ body: (Statements) throws(StoreError) -> Void) throws(StoreError) {
        let (connection, statements) = try opened()
        do throws(StoreError) {
            try statements.begin.run()
            try body(statements)
            try statements.commit.run()
        } catch {
            connection.rollBack()
            throw error
        }
    }

    // MARK: older keys

    func write(_ plan: SegmentPlan, atMost count: Int) throws(StoreError) -> Bool {
        let end = min(plan.keys.count, plan.written + count)
        try transaction { (statements) throws(StoreError) in
            try statements.write(plan, through: end)
        }
        plan.written = end
        return plan.isComplete
    }

}

extension SQLiteStore.Statements {
    /// Writes the plan's keys up to `end`, and with the last of them the segment itself.
    func write(_ plan: SegmentPlan, through end: Int) throws(StoreError) {
        for next in plan.keys[plan.written..<end] {
            key.bind(1, plan.number)
            key.bind(2, next.high)
            key.bind(3, next.low)
            key.bind(4, next.id)
            key.bind(5, next.fingerprint)
            try key.run()
        }
        guard end == plan.keys.count else { return }
        segment.bind(1, plan.number)
        segment.bind(2, plan.through)
        segment.bind(3, Int64(plan.keys.count))
        segment.bind(4, plan.filter.bytes)
        try segment.run()
    }
}
