import ModuleKit

/// Keeping shards and memory in step: variants are made known to their shards, and their stock is asked
/// for in the background.
extension Storefront {
    /// Makes every variant known to its shard, so many at a time, each again until it is; then `then`.
    func declare(_ fresh: Shop, then: @escaping @Sendable (isolated Storefront) -> Void) {
        let declarations = fresh.catalogue.products.flatMap { product in
            product.variants.map { variant in
                StockDeclaration(
                    variant: variant.id, initial: variant.initialStock,
                    sellsBeyondStock: variant.sellsBeyondStock)
            }
        }
        let round = DeclarationRound(declarations, then: then)
        for _ in 0..<min(configuration.declareInFlight, declarations.count) { declareNext(round) }
        if declarations.isEmpty { then(self) }
    }

    private func declareNext(_ round: DeclarationRound) {
        guard round.next < round.declarations.count else { return }
        round.next += 1
        declareOne(round.declarations[round.next - 1], round, attempt: 0)
    }

    private func declareOne(_ declaration: StockDeclaration, _ round: DeclarationRound, attempt: Int) {
        guard let shards else { return }
        shards.ask(.declare(declaration), Delivery(), timeout: 2_000_000_000) { actor, result in
            if case .success(.stock(let level)) = result {
                actor.stock.note(level)
                round.done += 1
                if round.done == round.declarations.count {
                    round.then(actor)
                } else {
                    actor.declareNext(round)
                }
                return
            }
            actor.metrics.declareRetries.increment()
            if attempt % 20 == 4 {
                actor.context.log.warning(
                    "a variant cannot be declared to its shard yet",
                    [LogField("variant", declaration.variant), LogField("attempts", attempt + 1)])
            }
            // 50 ms, doubled up to 1.6 s.
            let pause = UInt64(50_000_000) << UInt64(min(attempt, 5))
            actor.context.after(pause, on: actor) { $0.declareOne(declaration, round, attempt: attempt + 1) }
        }
    }

    /// A shard says that it does not know a variant of the catalogue.
    func declareAgain(_ variant: Variant) {
        let declaration = StockDeclaration(
            variant: variant.id, initial: variant.initialStock, sellsBeyondStock: variant.sellsBeyondStock)
        metrics.declareRetries.increment()
        shards?.ask(.declare(declaration), Delivery(), timeout: 2_000_000_000) { actor, result in
            if case .success(.stock(let level)) = result { actor.stock.note(level) }
        }
    }

    // MARK: refreshing

    /// Ten times a second a tenth of what may be asked for in a second.
    func refreshLater() {
        context.every(100_000_000, on: self) { $0.refreshSome() }
    }

    private func refreshSome() {
        guard let shop, let shards, degrade.off("live-stock") == nil else { return }
        // A small catalogue is asked for once a second, not as often as could be.
        let budget = max(1, min(configuration.refreshPerSecond, shop.catalogue.variantCount + 9) / 10)
        // A slow shard is not asked faster than it answers.
        guard refreshesUnderWay < 2 * budget else { return }
        for _ in 0..<min(budget, shop.catalogue.variantCount) {
            guard let variant = nextToRefresh(shop.catalogue) else { return }
            refreshesUnderWay += 1
            shards.ask(
                .stock(variant: variant.id), Delivery(criticality: .background), timeout: 1_000_000_000
            ) { actor, result in
                actor.refreshesUnderWay -= 1
                switch result {
                case .success(.stock(let level)): actor.stock.note(level)
                case .success(.unknownVariant): actor.declareAgain(variant)
                default: break
                }
            }
        }
    }

    private func nextToRefresh(_ catalogue: Catalogue) -> Variant? {
        let products = catalogue.products
        guard !products.isEmpty else { return nil }
        if refreshCursor.product >= products.count { refreshCursor = Catalogue.Place(product: 0, variant: 0) }
        let product = products[refreshCursor.product]
        let variant = product.variants[min(refreshCursor.variant, product.variants.count - 1)]
        refreshCursor.variant += 1
        if refreshCursor.variant >= product.variants.count {
            refreshCursor = Catalogue.Place(product: refreshCursor.product + 1, variant: 0)
        }
        return variant
    }
}

/// The declarations of one catalogue, under way. On the actor's loop only.
final class DeclarationRound: @unchecked Sendable {
    let declarations: [StockDeclaration]
    let then: @Sendable (isolated Storefront) -> Void
    @exclusivity(unchecked) var next = 0
    @exclusivity(unchecked) var done = 0

    init(_ declarations: [StockDeclaration], then: @escaping @Sendable (isolated Storefront) -> Void) {
        self.declarations = declarations
        self.then = then
    }
}
