import ModuleKit

extension ByteBuffer {
    /// Appends an order to a batch. The hot path: no array, no object.
    mutating func append(_ draft: borrowing OrderDraft) {
        let email = draft.email.utf8.count
        var size = FieldSize.fixed(draft.key.high) &+ FieldSize.fixed(draft.key.low)
        size &+= FieldSize.text(email) &+ FieldSize.fixed(draft.placedAt) &+ FieldSize.fixed(draft.home)
        for line in draft.lines { size &+= FieldSize.delimited(Self.size(of: line)) }
        begin(0x0A, size)
        fixed(0x09, draft.key.high)
        fixed(0x11, draft.key.low)
        text(0x1A, draft.email, length: email)
        fixed(0x21, draft.placedAt)
        fixed(0x29, draft.home)
        for line in draft.lines {
            byte(0x32)
            varint(UInt64(Self.size(of: line)))
            field(0x08, line.variant)
            field(0x10, Int64(line.quantity))
            field(0x18, Int64(line.unitPrice))
        }
    }

    /// Appends anything else to a batch.
    mutating func append(_ entry: LogEntry) {
        switch entry {
        case .order(let draft): append(draft)
        case .cancellation(let order, let lines):
            begin(0x12, FieldSize.integer(order) + Self.size(of: lines))
            field(0x08, order)
            append(lines, 0x12)
        case .restock(let key, let variant, let quantity):
            let size = FieldSize.fixed(key.high) + FieldSize.fixed(key.low) + FieldSize.integer(variant)
            begin(0x1A, size + FieldSize.integer(Int64(quantity)))
            fixed(0x09, key.high)
            fixed(0x11, key.low)
            field(0x18, variant)
            field(0x20, Int64(quantity))
        case .declaration(let declaration):
            let beyond: Int64 = declaration.sellsBeyondStock ? 1 : 0
            let size = FieldSize.integer(declaration.variant) + FieldSize.integer(Int64(declaration.initial))
            begin(0x22, size + FieldSize.integer(beyond))
            field(0x08, declaration.variant)
            field(0x10, Int64(declaration.initial))
            field(0x18, beyond)
        case .settlement(let home, let settlement): append(settlement, of: home)
        }
    }

    private mutating func append(_ settlement: Settlement, of home: Int) {
        let isReturn: Int64 = settlement.isReturn ? 1 : 0
        let key = FieldSize.fixed(settlement.key.high) + FieldSize.fixed(settlement.key.low)
        let numbers = FieldSize.integer(Int64(home)) + FieldSize.integer(settlement.sequence)
        let rest = FieldSize.integer(settlement.order) + FieldSize.integer(isReturn)
        begin(0x2A, key + numbers + rest + Self.size(of: settlement.lines))
        field(0x08, Int64(home))
        field(0x10, settlement.sequence)
        fixed(0x19, settlement.key.high)
        fixed(0x21, settlement.key.low)
        field(0x28, settlement.order)
        field(0x30, isReturn)
        append(settlement.lines, 0x3A)
    }

    /// The heads of the entry and of what it holds.
    @inline(__always) private mutating func begin(_ kind: UInt8, _ size: Int) {
        let entry = FieldSize.delimited(size)
        reserve(entry &+ 16)
        byte(0x0A)
        varint(UInt64(entry))
        byte(kind)
        varint(UInt64(size))
    }

    private mutating func append(_ lines: [StockLine], _ tag: UInt8) {
        for line in lines {
            byte(tag)
            varint(UInt64(Self.size(of: line)))
            field(0x08, line.variant)
            field(0x10, Int64(line.quantity))
        }
    }

    @inline(__always) private static func size(of line: OrderLine) -> Int {
        FieldSize.integer(line.variant) &+ FieldSize.integer(Int64(line.quantity))
            &+ FieldSize.integer(Int64(line.unitPrice))
    }
    private static func size(of line: StockLine) -> Int {
        FieldSize.integer(line.variant) + FieldSize.integer(Int64(line.quantity))
    }
    private static func size(of lines: [StockLine]) -> Int {
        lines.reduce(0) { $0 + FieldSize.delimited(size(of: $1)) }
    }
}
