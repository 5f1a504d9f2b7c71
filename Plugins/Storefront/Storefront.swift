import ModuleKit

/// The shop: it answers every path of the shop's HTTP surface from one catalogue in memory, asks the
/// shards for stock and orders, and keeps nothing of its own that could be lost.
actor Storefront: Module {
    nonisolated let context: Context
    nonisolated let configuration: StorefrontSettings
    /// The present catalogue; nil until the first one is loaded and declared.
    @exclusivity(unchecked) var shop: Shop?
    @exclusivity(unchecked) var stock = StockBoard()
    @exclusivity(unchecked) var pages: PageCache
    @exclusivity(unchecked) var signer: Signer?
    @exclusivity(unchecked) var degrade = DegradeState.normal
    @exclusivity(unchecked) var shards: ShardAccess?
    /// Where the background refresh of stock is: product and variant.
    @exclusivity(unchecked) var refreshCursor = Catalogue.Place(product: 0, variant: 0)
    @exclusivity(unchecked) var refreshesUnderWay = 0
    @exclusivity(unchecked) var pictureReadsUnderWay = 0
    @exclusivity(unchecked) var isLoading = false
    private let shardLink: Link<OrdersContract>
    let events: Link<BehaviourContract>
    let metrics: StorefrontMetrics

    init(_ context: Context) throws {
        self.context = context
        configuration = try StorefrontSettings(context.settings)
        shardLink = try context.link("shards", OrdersContract.self)
        events = try context.link("events", BehaviourContract.self)
        pages = PageCache(capacity: configuration.pageCache)
        metrics = StorefrontMetrics(context)
    }

    func start() throws {
        shards = ShardAccess(shardLink, of: self)
        events.onAnswer(of: self) { _, _, _ in }
        context.serve(HTTPContract.self, by: self) { actor, request, delivery, reply in
            actor.handle(request, delivery, reply)
        }
        context.becomeReadyLater()
        load { actor, result in
            switch result {
            case .success(let loaded): actor.begin(loaded)
            case .failure(let error): actor.context.fail(error, while: "start")
            }
        }
    }

    func receive(control message: ControlMessage) {
        switch message {
        case .degrade(let state): degrade = state
        case .up(let identity):
            // Analytics that begin anew know no names.
            if events.addresses.contains(where: { $0.actor == identity }) { tellNames() }
        case .down, .failed: break
        }
    }

    func operate(_ request: OperationRequest, reply: consuming Reply<OperationResponse>) {
        operate(on: request, ReplyBox(reply))
    }

    // MARK: catalogue

    /// Reads secret and catalogue off the loop.
    func load(
        then: @escaping @Sendable (isolated Storefront, Result<LoadedShop, ModuleError>) -> Void
    ) {
        isLoading = true
        let loader = ShopLoader(
            configuration: configuration, disk: context.disk, loadedAt: context.loop.wallNow)
        let fresh = context.secureRandomBytes(32)
        let needsSecret = signer == nil
        context.blocking(for: self) {
            loader.load(freshSecret: needsSecret ? fresh : nil)
        } then: { actor, result in
            actor.isLoading = false
            then(actor, result)
        }
    }

    private func begin(_ loaded: LoadedShop) {
        signer = loaded.secret.map { Signer(secret: $0) } ?? signer
        report(loaded)
        declare(loaded.shop) { actor in
            actor.open(loaded.shop)
            actor.context.becomeReady()
            actor.refreshLater()
        }
    }

    /// From now on this is what the shop sells.
    func open(_ fresh: Shop) {
        shop = fresh
        pages.removeAll()
        stock.keep(fresh.catalogue)
        refreshCursor = Catalogue.Place(product: 0, variant: 0)
        metrics.products.value = Double(fresh.catalogue.published.count)
        metrics.variants.value = Double(fresh.catalogue.variantCount)
        tellNames()
    }

    func report(_ loaded: LoadedShop) {
        metrics.catalogueProblems.value = Double(loaded.problemCount)
        for problem in loaded.problems.prefix(20) {
            context.log.warning(
                "a row of the catalogue was skipped",
                [LogField("file", configuration.catalog), LogField("problem", problem)])
        }
        context.log.info(
            "catalogue read",
            [
                LogField("file", configuration.catalog),
                LogField("products", loaded.shop.catalogue.products.count),
                LogField("published", loaded.shop.catalogue.published.count),
                LogField("variants", loaded.shop.catalogue.variantCount),
                LogField("skipped", loaded.problemCount),
            ])
    }

    private func tellNames() {
        guard let shop, !events.addresses.isEmpty else { return }
        let names = shop.catalogue.published.map { index in
            (product: shop.catalogue.products[index].id, title: shop.catalogue.products[index].title)
        }
        events.tell(.catalogue(names: names, currency: shop.currency))
    }

    /// Tells analytics what a visitor did; never waits.
    func tell(_ kind: BehaviourKind, visitor: UInt64, product: Int64 = 0, revenue: Int = 0, quantity: Int = 0)
    {
        guard !events.addresses.isEmpty else { return }
        let event = BehaviourEvent(
            kind, time: context.loop.wallNow / 1_000_000, visitor: visitor, product: product,
            revenue: Int64(revenue), quantity: Int32(clamping: quantity))
        events.tell(.event(event), Delivery(criticality: .background))
    }
}

/// What the storefront counts.
struct StorefrontMetrics {
    let requests: Counter
    let pagesMade: Counter
    let ordersPlaced: Counter
    let ordersRepeated: Counter
    let ordersSoldOut: Counter
    let ordersRefused: Counter
    let ordersUnavailable: Counter
    let stockTimeouts: Counter
    let declareRetries: Counter
    let products: Gauge
    let variants: Gauge
    let catalogueProblems: Gauge
    let orderTime: Histogram

    init(_ context: Context) {
        requests = context.counter("souk_storefront_requests_total", "Requests answered.")
        pagesMade = context.counter("souk_storefront_pages_rendered_total", "Pages rendered to bytes.")
        func orders(_ outcome: String) -> Counter {
            context.counter(
                "souk_storefront_orders_total", "Orders by outcome.", [MetricLabel("outcome", outcome)])
        }
        ordersPlaced = orders("placed")
        ordersRepeated = orders("repeated")
        ordersSoldOut = orders("sold_out")
        ordersRefused = orders("refused")
        ordersUnavailable = orders("unavailable")
        stockTimeouts = context.counter(
            "souk_storefront_stock_unknown_total", "Times that a shard did not tell its stock in time.")
        declareRetries = context.counter(
            "souk_storefront_declare_retries_total", "Variants that had to be declared again.")
        products = context.gauge("souk_storefront_products", "Published products.")
        variants = context.gauge("souk_storefront_variants", "Variants, drafts among them.")
        catalogueProblems = context.gauge(
            "souk_storefront_catalog_problems", "Rows of the catalogue that were skipped.")
        orderTime = context.histogram(
            "souk_storefront_order_seconds", "From an order's arrival to its answer.")
    }
}
