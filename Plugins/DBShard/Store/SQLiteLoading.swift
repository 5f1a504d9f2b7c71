import ModuleKit

/// Reading at start: the rows, then what the log knows beyond them.
extension SQLiteStore {
    func load(
        _ loaded: LoadedShard, from connection: SQLiteConnection, _ expectations: LoadExpectations
    ) throws(StoreError) {
        loaded.row = try connection.number("SELECT max(last) FROM log") ?? 0
        loaded.folded = try connection.number("SELECT value FROM meta WHERE name = 'folded'") ?? 0
        projection.row = try connection.number("SELECT value FROM meta WHERE name = 'projected'") ?? 0
        projection.entries =
            try connection.number("SELECT value FROM meta WHERE name = 'projected_entries'") ?? 0
        loaded.projected = projection.row
        try loadStock(loaded, connection)
        try loadMarks(loaded, connection)
        try loadSegments(loaded, connection, expectations)
        try replay(loaded, connection)
        for index in loaded.outgoing.indices { loaded.outgoing[index].commit(through: loaded.row) }
    }

    private func loadStock(_ loaded: LoadedShard, _ connection: SQLiteConnection) throws(StoreError) {
        let count = try connection.number("SELECT count(*) FROM stock") ?? 0
        loaded.stock = StockTable(variants: Int(count))
        let rows = try connection.prepare(
            "SELECT variant, available, sells_beyond_stock, through FROM stock ORDER BY variant")
        defer { rows.finalize() }
        while try rows.step() {
            let slot = loaded.stock.insert(rows.integer(0))
            slot.pointee.available = Int(rows.integer(1))
            slot.pointee.logged = slot.pointee.available
            slot.pointee.sellsBeyondStock = rows.integer(2) != 0
            slot.pointee.through = rows.integer(3)
        }
    }

    private func loadMarks(_ loaded: LoadedShard, _ connection: SQLiteConnection) throws(StoreError) {
        let incoming = try connection.prepare("SELECT home, sequence FROM incoming ORDER BY home")
        defer { incoming.finalize() }
        while try incoming.step() {
            let home = incoming.integer(0)
            guard home >= 0, home < loaded.incoming.count else { continue }
            loaded.incoming[Int(home)] = incoming.integer(1)
        }
        let outgoing = try connection.prepare("SELECT peer, row, sequence FROM outgoing ORDER BY peer")
        defer { outgoing.finalize() }
        while try outgoing.step() {
            let peer = outgoing.integer(0)
            guard peer >= 0, peer < loaded.outgoing.count else { continue }
            loaded.outgoing[Int(peer)] = Outgoing(
                OutgoingMark(row: outgoing.integer(1), sequence: outgoing.integer(2)))
        }
    }

    private func loadSegments(
        _ loaded: LoadedShard, _ connection: SQLiteConnection, _ expectations: LoadExpectations
    ) throws(StoreError) {
        loaded.sealedRow = try connection.number("SELECT max(through) FROM segments") ?? 0
        // Keys that the window cannot hold are sealed before anything is sold.
        while loaded.sealedRow < loaded.row {
            let number = (try connection.number("SELECT max(segment) FROM segments") ?? 0) + 1
            let plan = try SegmentPlan.read(
                number, connection, ownership, after: loaded.sealedRow, through: loaded.row,
                keys: expectations.window)
            if plan.keys.count < expectations.window { break }
            try writeWhole(plan, connection)
            loaded.sealedRow = plan.through
        }
        var budget = expectations.filters
        let rows = try connection.prepare(
            "SELECT segment, keys, filter FROM segments ORDER BY segment DESC")
        defer { rows.finalize() }
        while try rows.step() {
            let filter = rows.bytes(2).count <= budget ? KeyFilter(rows.bytes(2)) : nil
            budget -= filter?.size ?? 0
            loaded.segments.append(
                KeySegment(number: rows.integer(0), keys: Int(rows.integer(1)), filter: filter))
        }
    }

    private func writeWhole(_ plan: SegmentPlan, _ connection: SQLiteConnection) throws(StoreError) {
        let statements = try Statements(connection)
        try connection.transaction { () throws(StoreError) in
            try statements.write(plan, through: plan.keys.count)
        }
    }

    // MARK: the log

    private func replay(_ loaded: LoadedShard, _ connection: SQLiteConnection) throws(StoreError) {
        let marks = loaded.outgoing.map(\.mark.row)
        let others = (0..<ownership.shards).filter { $0 != ownership.shard }.map { marks[$0] }
        let start = min(loaded.folded, loaded.sealedRow, others.min() ?? .max)
        let rows = try connection.prepare("SELECT last, body FROM log WHERE last > ?1 ORDER BY last")
        defer { rows.finalize() }
        rows.bind(1, start)
        while try rows.step() {
            var replay = Replay(loaded, ownership, row: rows.integer(0), marks: marks)
            do throws(WireError) {
                try replay.apply(rows.bytes(1))
            } catch {
                throw StoreError(
                    kind: .damaged,
                    description: "\(path): row \(rows.integer(0)) of the log is damaged: "
                        + "\(error); restore the file from a copy")
            }
        }
    }
}

/// One row of the log on its way into the tables in memory.
private struct Replay {
    let loaded: LoadedShard
    let ownership: Ownership
    let row: Int64
    let marks: [Int64]

    init(_ loaded: LoadedShard, _ ownership: Ownership, row: Int64, marks: [Int64]) {
        self.loaded = loaded
        self.ownership = ownership
        self.row = row
        self.marks = marks
    }

    mutating func apply(_ bytes: UnsafeRawBufferPointer) throws(WireError) {
        var entries: [LogEntry] = []
        var reader = LogReader(bytes)
        while let entry = try reader.next() { entries.append(entry) }
        var number = LogPosition.number(of: row)
        for case .order in entries { number -= 1 }
        for entry in entries {
            if case .order = entry { number += 1 }
            try apply(entry, LogPosition.order(number, of: ownership.shard))
        }
    }

    private func apply(_ entry: LogEntry, _ id: Int64) throws(WireError) {
        if row > loaded.sealedRow, let (key, fingerprint) = entry.key {
            var isOrder = false
            if case .order = entry { isOrder = true }
            loaded.window.insert(key, id: isOrder ? id : KeyWindow.restock, fingerprint: fingerprint)
        }
        switch entry {
        case .order(let draft): try decide(draft.stockLines, draft.key, id, isReturn: false)
        case .cancellation(let order, let lines):
            try decide(lines, OrderKey(high: 0, low: 0), order, isReturn: true)
        case .restock(_, let variant, let quantity): try change(variant, quantity)
        case .declaration(let declaration): declare(declaration)
        case .settlement(let home, let settlement):
            guard home >= 0, home < loaded.incoming.count else {
                throw WireError(description: "a settlement of shard \(home)")
            }
            loaded.incoming[home] = max(loaded.incoming[home], settlement.sequence)
            for line in settlement.lines {
                try change(line.variant, settlement.isReturn ? line.quantity : 0 &- line.quantity)
            }
        }
    }

    private func decide(
        _ lines: [StockLine], _ key: OrderKey, _ order: Int64, isReturn: Bool
    ) throws(WireError) {
        let (own, others) = ownership.partition(lines)
        for line in own { try change(line.variant, isReturn ? line.quantity : 0 &- line.quantity) }
        for (peer, lines) in others where row > marks[peer] {
            let sequence = loaded.outgoing[peer].assigned &+ 1
            loaded.outgoing[peer].append(
                Settlement(sequence: sequence, key: key, order: order, isReturn: isReturn, lines: lines),
                row: row)
        }
    }

    private func change(_ variant: Int64, _ quantity: Int) throws(WireError) {
        guard row > loaded.folded else { return }
        guard let slot = loaded.stock.find(variant) else {
            throw WireError(description: "variant \(variant) was never declared")
        }
        guard row > slot.pointee.through else { return }
        let (left, overflow) = slot.pointee.logged.addingReportingOverflow(quantity)
        if overflow { throw WireError(description: "variant \(variant) has too many pieces") }
        slot.pointee.logged = left
        slot.pointee.available = left
        soil(slot)
    }

    private func declare(_ declaration: StockDeclaration) {
        guard row > loaded.folded else { return }
        let isNew = loaded.stock.find(declaration.variant) == nil
        let slot = loaded.stock.insert(declaration.variant)
        guard row > slot.pointee.through else { return }
        if isNew {
            slot.pointee.logged = declaration.initial
            slot.pointee.available = declaration.initial
        }
        slot.pointee.sellsBeyondStock = declaration.sellsBeyondStock
        soil(slot)
    }

    private func soil(_ slot: UnsafeMutablePointer<StockTable.Slot>) {
        guard !slot.pointee.isDirty else { return }
        slot.pointee.isDirty = true
        loaded.dirty.append(slot.pointee.variant)
    }
}
