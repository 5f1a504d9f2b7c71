import ModuleKit

/// The last known levels of stock, as the shards told them.
struct StockBoard: Sendable {
    private var levels: [Int64: StockLevel] = [:]

    mutating func note(_ level: StockLevel) { levels[level.variant] = level }
    /// Some pieces were sold: an estimate until the shard is asked again.
    mutating func noteSold(_ variant: Int64, _ quantity: Int) {
        guard let level = levels[variant] else { return }
        levels[variant] = StockLevel(
            variant: variant, available: level.available - quantity,
            sellsBeyondStock: level.sellsBeyondStock)
    }
    func level(_ variant: Int64) -> StockLevel? { levels[variant] }
    /// Forgets what the catalogue no longer has.
    mutating func keep(_ catalogue: Catalogue) {
        levels = levels.filter { catalogue.anyVariant($0.key) != nil }
    }

    /// Whether it can be sold now, as far as is known.
    func isAvailable(_ variant: Variant) -> Bool {
        guard let level = levels[variant.id] else {
            return variant.initialStock > 0 || variant.sellsBeyondStock
        }
        return level.available > 0 || level.sellsBeyondStock
    }
}
