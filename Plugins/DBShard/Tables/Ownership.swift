import ModuleKit

/// Which shard of the group keeps which variant.
struct Ownership: Sendable {
    let shard: Int
    let shards: Int

    @inline(__always) func owner(of variant: Int64) -> Int {
        shards == 1 ? 0 : OrdersContract.shard(ofVariant: variant, of: shards)
    }
    /// An order's lines by their shards: own ones, and the others' sorted by shard.
    func partition(_ lines: [StockLine]) -> (own: [StockLine], others: [(peer: Int, lines: [StockLine])]) {
        var own: [StockLine] = []
        var others: [(peer: Int, lines: [StockLine])] = []
        for line in lines {
            let owner = owner(of: line.variant)
            if owner == shard {
                own.append(line)
            } else if let index = others.firstIndex(where: { $0.peer == owner }) {
                others[index].lines.append(line)
            } else {
                others.append((owner, [line]))
            }
        }
        others.sort { $0.peer < $1.peer }
        return (own, others)
    }
}

extension OrderDraft {
    /// The lines without prices.
    var stockLines: [StockLine] { lines.map { StockLine(variant: $0.variant, quantity: $0.quantity) } }
}
