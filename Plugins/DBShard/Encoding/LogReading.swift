import ModuleKit

/// Reads the entries of one log row.
struct LogReader {
    private var batch: WireReader

    init(_ bytes: UnsafeRawBufferPointer) {
        batch = WireReader(bytes)
    }

    /// The next entry; nil at the end. Entries of kinds that this version does not know are an error:
    /// to skip them would lose stock.
    mutating func next() throws(WireError) -> LogEntry? {
        while let (field, value) = try batch.next() {
            guard field == 1, case .delimited(var entry) = value else { continue }
            guard let (kind, content) = try entry.next(), case .delimited(let reader) = content else {
                throw WireError(description: "an entry without content")
            }
            switch kind {
            case 1: return .order(try Self.order(reader))
            case 2: return try Self.cancellation(reader)
            case 3: return try Self.restock(reader)
            case 4: return try Self.declaration(reader)
            case 5: return try Self.settlement(reader)
            default: throw WireError(description: "an entry of unknown kind \(kind)")
            }
        }
        return nil
    }

    private static func order(_ content: WireReader) throws(WireError) -> OrderDraft {
        var reader = content
        var key = (high: UInt64(0), low: UInt64(0))
        var (placedAt, home) = (UInt64(0), UInt64(0))
        var email = ""
        var lines: [OrderLine] = []
        while let (field, value) = try reader.next() {
            switch (field, value) {
            case (1, .fixed(let number)): key.high = number
            case (2, .fixed(let number)): key.low = number
            case (3, .delimited(let text)): email = text.text
            case (4, .fixed(let number)): placedAt = number
            case (5, .fixed(let number)): home = number
            case (6, .delimited(let line)): lines.append(try Self.line(line))
            default: break
            }
        }
        return OrderDraft(
            key: OrderKey(high: key.high, low: key.low), home: home, email: email, lines: lines,
            placedAt: placedAt)
    }

    private static func line(_ content: WireReader) throws(WireError) -> OrderLine {
        var reader = content
        var line = OrderLine(variant: 0, quantity: 0, unitPrice: 0)
        while let (field, value) = try reader.next() {
            switch (field, value.signed) {
            case (1, let number?): line.variant = number
            case (2, let number?): line.quantity = Int(number)
            case (3, let number?): line.unitPrice = Int(number)
            default: break
            }
        }
        return line
    }

    private static func stockLine(_ content: WireReader) throws(WireError) -> StockLine {
        let line = try line(content)
        return StockLine(variant: line.variant, quantity: line.quantity)
    }

    private static func cancellation(_ content: WireReader) throws(WireError) -> LogEntry {
        var reader = content
        var order: Int64 = 0
        var lines: [StockLine] = []
        while let (field, value) = try reader.next() {
            switch (field, value) {
            case (1, .integer(let number)): order = Int64(bitPattern: number)
            case (2, .delimited(let line)): lines.append(try stockLine(line))
            default: break
            }
        }
        return .cancellation(order: order, lines: lines)
    }

    private static func restock(_ content: WireReader) throws(WireError) -> LogEntry {
        var reader = content
        var (high, low) = (UInt64(0), UInt64(0))
        var (variant, quantity) = (Int64(0), Int64(0))
        while let (field, value) = try reader.next() {
            guard let number = value.number else { continue }
            switch field {
            case 1: high = number
            case 2: low = number
            case 3: variant = Int64(bitPattern: number)
            case 4: quantity = Int64(bitPattern: number)
            default: break
            }
        }
        return .restock(key: OrderKey(high: high, low: low), variant: variant, quantity: Int(quantity))
    }

    private static func declaration(_ content: WireReader) throws(WireError) -> LogEntry {
        var reader = content
        var (variant, initial, beyond) = (Int64(0), Int64(0), false)
        while let (field, value) = try reader.next() {
            guard let number = value.number else { continue }
            switch field {
            case 1: variant = Int64(bitPattern: number)
            case 2: initial = Int64(bitPattern: number)
            case 3: beyond = number != 0
            default: break
            }
        }
        return .declaration(
            StockDeclaration(variant: variant, initial: Int(initial), sellsBeyondStock: beyond))
    }

    private static func settlement(_ content: WireReader) throws(WireError) -> LogEntry {
        var reader = content
        var (high, low, home) = (UInt64(0), UInt64(0), Int64(0))
        var settlement = Settlement(
            sequence: 0, key: OrderKey(high: 0, low: 0), order: 0, isReturn: false, lines: [])
        while let (field, value) = try reader.next() {
            if case .delimited(let line) = value, field == 7 {
                settlement.lines.append(try stockLine(line))
            }
            guard let number = value.number else { continue }
            switch field {
            case 1: home = Int64(bitPattern: number)
            case 2: settlement.sequence = Int64(bitPattern: number)
            case 3: high = number
            case 4: low = number
            case 5: settlement.order = Int64(bitPattern: number)
            case 6: settlement.isReturn = number != 0
            default: break
            }
        }
        settlement.key = OrderKey(high: high, low: low)
        return .settlement(home: Int(home), settlement)
    }
}
