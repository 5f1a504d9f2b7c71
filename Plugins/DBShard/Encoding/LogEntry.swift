import ModuleKit

/// So many pieces of one variant, without a price.
struct StockLine: Sendable, Hashable {
    var variant: Int64
    var quantity: Int
}

/// Pieces of an order that were taken from an order's other shards come back, or are gone for good.
struct Settlement: Sendable, Hashable {
    /// Of what a home owes one shard: 1, 2, 3, … without gaps.
    var sequence: Int64
    var key: OrderKey
    var order: Int64
    /// The order was cancelled.
    var isReturn: Bool
    var lines: [StockLine]
}

/// One thing that was decided, as it lies in the log.
enum LogEntry: Sendable, Hashable {
    case order(OrderDraft)
    case cancellation(order: Int64, lines: [StockLine])
    case restock(key: OrderKey, variant: Int64, quantity: Int)
    case declaration(StockDeclaration)
    case settlement(home: Int, Settlement)

    /// The key that the entry makes known, and the fingerprint of what came with it.
    var key: (key: OrderKey, fingerprint: UInt64)? {
        switch self {
        case .order(let draft): (draft.key, fingerprint(of: draft))
        case .restock(let key, let variant, let quantity): (key, fingerprint(of: variant, quantity))
        default: nil
        }
    }
}

/// `OrderDraft.fingerprint` without the array that sorting makes, for the usual order of one line.
@inline(__always) func fingerprint(of draft: borrowing OrderDraft) -> UInt64 {
    guard draft.lines.count == 1 else { return (copy draft).fingerprint }
    let line = draft.lines[0]
    var hash = StableHash.hash(draft.email)
    hash = StableHash.mix(hash ^ UInt64(bitPattern: line.variant))
    return StableHash.mix(hash ^ UInt64(bitPattern: Int64(line.quantity)))
}

/// What must be the same when a key of restocking comes again.
func fingerprint(of variant: Int64, _ quantity: Int) -> UInt64 {
    StableHash.mix(StableHash.mix(UInt64(bitPattern: variant)) ^ UInt64(bitPattern: Int64(quantity)))
}
