import ModuleKit

/// How orders look to clients.
enum OrderShape {
    /// What people call it: number of the shard from 1, and of the order there.
    static func number(_ id: Int64) -> String {
        let sequence = UInt64(bitPattern: id) & 0xFFFF_FFFF_FFFF
        let digits = String(sequence)
        return "\(OrderRecord.shard(of: id) + 1)-"
            + String(repeating: "0", count: max(0, 5 - digits.count)) + digits
    }

    static func path(_ id: Int64, token: String) -> String { "/orders/\(id)?token=\(token)" }

    /// The same for each answer about the same order.
    static func json(_ order: OrderRecord, _ catalogue: Catalogue, currency: String, token: String) -> JSON {
        let lines = order.draft.lines.map { line -> JSON in
            let found = catalogue.anyVariant(line.variant)
            return .object([
                ("variant_id", .integer(Int(line.variant))),
                ("product_id", found.map { .integer(Int($0.product.id)) } ?? .null),
                ("handle", found.map { .string($0.product.handle) } ?? .null),
                ("title", .string(found?.product.title ?? "Variant \(line.variant)")),
                ("variant_title", found.map { .string($0.variant.title) } ?? .null),
                ("quantity", .integer(line.quantity)), ("price", .string(Money.plain(line.unitPrice))),
                ("line_price", .string(Money.plain(line.unitPrice * line.quantity))),
            ])
        }
        return .object([
            ("id", .integer(Int(order.id))), ("number", .string(number(order.id))),
            ("status", .string(order.isCancelled ? "cancelled" : "confirmed")),
            ("email", .string(order.draft.email)), ("total", .string(Money.plain(order.draft.total))),
            ("total_cents", .integer(order.draft.total)), ("currency", .string(currency)),
            ("created_at", .string(Timestamp.text(order.draft.placedAt))), ("lines", .array(lines)),
            ("token", .string(token)), ("url", .string(path(order.id, token: token))),
        ])
    }
}

/// Moments as text (RFC 3339), in UTC.
enum Timestamp {
    /// - Parameter nanoseconds: since 1970.
    static func text(_ nanoseconds: UInt64) -> String {
        let seconds = Int64(nanoseconds / 1_000_000_000)
        let (days, rest) = (seconds / 86_400, seconds % 86_400)
        let (year, month, day) = date(days)
        func two(_ number: Int64) -> String { number < 10 ? "0\(number)" : "\(number)" }
        return
            "\(year)-\(two(month))-\(two(day))T\(two(rest / 3600)):\(two(rest / 60 % 60)):\(two(rest % 60))Z"
    }

    /// Year, month and day of a number of days since 1970 (Howard Hinnant's `civil_from_days`).
    private static func date(_ days: Int64) -> (Int64, Int64, Int64) {
        let z = days + 719_468
        let era = z / 146_097
        let dayOfEra = z - era * 146_097
        let yearOfEra = (dayOfEra - dayOfEra / 1460 + dayOfEra / 36_524 - dayOfEra / 146_096) / 365
        let dayOfYear = dayOfEra - (365 * yearOfEra + yearOfEra / 4 - yearOfEra / 100)
        let shifted = (5 * dayOfYear + 2) / 153
        let month = shifted < 10 ? shifted + 3 : shifted - 9
        return (yearOfEra + era * 400 + (month <= 2 ? 1 : 0), month, dayOfYear - (153 * shifted + 2) / 5 + 1)
    }
}
