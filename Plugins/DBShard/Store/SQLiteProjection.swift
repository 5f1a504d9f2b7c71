import ModuleKit

/// The tables `orders` and `order_lines`, made from the log in the background.
extension SQLiteStore {
    func project(atMost orders: Int) throws(StoreError) -> Int64 {
        var mark = projection
        try transaction { (statements) throws(StoreError) in
            try project(&mark, atMost: orders, statements)
        }
        projection = mark
        return mark.row
    }

    /// Within a transaction.
    func project(
        _ mark: inout ProjectionMark, atMost orders: Int, _ statements: Statements
    ) throws(StoreError) {
        var left = orders
        while left > 0 {
            statements.nextRow.bind(1, mark.row)
            defer { statements.nextRow.reset() }
            guard try statements.nextRow.step() else { break }
            try project(statements.nextRow, &mark, &left, statements)
        }
        try set("projected", mark.row, statements)
        try set("projected_entries", mark.entries, statements)
    }

    /// Entries of one row, from where the mark is, at most as many as are left.
    private func project(
        _ log: SQLiteStatement, _ mark: inout ProjectionMark, _ left: inout Int, _ statements: Statements
    ) throws(StoreError) {
        let row = log.integer(0)
        var entries: [LogEntry] = []
        do throws(WireError) {
            var reader = LogReader(log.bytes(1))
            while let entry = try reader.next() { entries.append(entry) }
        } catch {
            throw StoreError(
                kind: .damaged, description: "\(path): row \(row) of the log is damaged: \(error)")
        }
        var number = LogPosition.number(of: row)
        for case .order in entries { number -= 1 }
        for (index, entry) in entries.enumerated() {
            if case .order = entry { number += 1 }
            if Int64(index) < mark.entries { continue }
            if left == 0 { return }
            left -= 1
            mark.entries += 1
            try project(entry, LogPosition.order(number, of: ownership.shard), statements)
        }
        mark = ProjectionMark(row: row, entries: 0)
    }

    private func project(_ entry: LogEntry, _ id: Int64, _ statements: Statements) throws(StoreError) {
        switch entry {
        case .order(let draft):
            statements.order.bind(1, id)
            statements.order.bind(2, Int64(bitPattern: draft.placedAt))
            statements.order.bind(3, draft.email)
            statements.order.bind(
                4, draft.lines.reduce(0) { $0 &+ Int64($1.unitPrice) &* Int64($1.quantity) })
            try statements.order.run()
            for (position, line) in draft.lines.enumerated() {
                statements.line.bind(1, id)
                statements.line.bind(2, Int64(position))
                statements.line.bind(3, line.variant)
                statements.line.bind(4, Int64(line.quantity))
                statements.line.bind(5, Int64(line.unitPrice))
                try statements.line.run()
            }
        case .cancellation(let order, _):
            statements.cancelOrder.bind(1, order)
            try statements.cancelOrder.run()
        default: break
        }
    }
}
