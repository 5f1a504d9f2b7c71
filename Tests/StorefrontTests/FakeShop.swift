import ModuleKit
import Runtime
import RuntimeTesting
import Synchronization

@testable import Storefront

/// What a fake shard remembers: enough of the contract to sell from.
final class FakeShard: Sendable {
    struct State {
        var levels: [Int64: StockLevel] = [:]
        var orders: [OrderKey: OrderRecord] = [:]
        var declared = 0
        /// What to answer instead, while it is set.
        var instead: OrdersResponse?
        /// Declarations that are still to be refused.
        var refusals = 0
        var isSilent = false
    }
    let state = Mutex(State())

    func answer(_ request: OrdersRequest) -> OrdersResponse {
        state.withLock { state in
            if let instead = state.instead { return instead }
            switch request {
            case .declare(let declaration):
                if state.refusals > 0 {
                    state.refusals -= 1
                    return .busy
                }
                state.declared += 1
                let level =
                    state.levels[declaration.variant]
                    ?? StockLevel(
                        variant: declaration.variant, available: declaration.initial,
                        sellsBeyondStock: declaration.sellsBeyondStock)
                state.levels[declaration.variant] = level
                return .stock(level)
            case .stock(let variant):
                return state.levels[variant].map { .stock($0) } ?? .unknownVariant(variant)
            case .restock(let variant, let quantity, _): return Self.change(&state, variant, by: quantity)
            case .place(let draft): return Self.place(&state, draft)
            case .recall(let draft):
                return state.orders[draft.key] == nil ? .notFound : Self.place(&state, draft)
            case .find(let id):
                return state.orders.values.first { $0.id == id }.map { .order($0) } ?? .notFound
            case .cancel(let id):
                guard let order = state.orders.values.first(where: { $0.id == id }) else { return .notFound }
                let cancelled = OrderRecord(id: id, draft: order.draft, isCancelled: true)
                state.orders[order.draft.key] = cancelled
                return .order(cancelled)
            }
        }
    }

    private static func change(_ state: inout State, _ variant: Int64, by quantity: Int) -> OrdersResponse {
        guard let level = state.levels[variant] else { return .unknownVariant(variant) }
        let changed = StockLevel(
            variant: variant, available: level.available + quantity, sellsBeyondStock: level.sellsBeyondStock)
        state.levels[variant] = changed
        return .stock(changed)
    }

    private static func place(_ state: inout State, _ draft: OrderDraft) -> OrdersResponse {
        if let order = state.orders[draft.key] {
            return order.draft.fingerprint == draft.fingerprint ? .placed(order, isRepeat: true) : .conflict
        }
        for line in draft.lines {
            guard let level = state.levels[line.variant] else { return .unknownVariant(line.variant) }
            if level.available < line.quantity && !level.sellsBeyondStock {
                return .soldOut(variant: line.variant, available: level.available)
            }
        }
        for line in draft.lines { _ = change(&state, line.variant, by: -line.quantity) }
        let order = OrderRecord(id: Int64(state.orders.count + 1), draft: draft)
        state.orders[draft.key] = order
        return .placed(order, isRepeat: false)
    }

    var plan: ActorPlan {
        .fake("shards", OrdersContract.self) { [self] _, request, _, reply in
            if state.withLock({ $0.isSilent }) {
                // Kept, so that nothing is answered.
                let box = ReplyBox(reply)
                held.withLock { $0.append(box) }
            } else {
                reply(answer(request))
            }
        }
    }
    private let held = Mutex<[ReplyBox<OrdersResponse>]>([])
    /// Lets go of what was never answered; while the node is still there.
    func release() {
        let boxes = held.withLock { held -> [ReplyBox<OrdersResponse>] in
            defer { held = [] }
            return held
        }
        for box in boxes { box.fail(.dropped) }
    }
}

/// Keeps what analytics were told.
final class FakeEvents: Sendable {
    let events = Mutex<[BehaviourEvent]>([])
    let names = Mutex<[String]>([])
    let count = Mutex(0)

    var plan: ActorPlan {
        .fake("events", BehaviourContract.self) { [self] _, request, _, _ in
            switch request {
            case .event(let event): events.withLock { $0.append(event) }
            case .events(let several): events.withLock { $0 += several }
            case .catalogue(let list, _):
                names.withLock { $0 = list.map(\.title) }
                count.withLock { $0 += 1 }
            }
        }
    }
}

/// A whole storefront on a node driven by hand.
final class TestShop {
    let node: TestNode
    let shard = FakeShard()
    let events = FakeEvents()
    let disk: MemoryDisk

    static let csv = """
        Handle,Title,Body (HTML),Vendor,Type,Tags,Published,Option1 Name,Option1 Value,Variant SKU,Variant Inventory Qty,Variant Inventory Policy,Variant Price,Image Src
        lamp,Brass Lamp,<p>Shines & glows</p>,Dar,Lamps,"brass, bright",true,Size,Small,L1,5,deny,12.00,https://pictures.example.com/a/lamp.jpg?v=1
        lamp,,,,,,,,Large,,0,deny,30.50,
        tea,Mint Tea,Green,Leaf,Tea,mint,true,Title,Default Title,T1,0,continue,7.5,
        rug,Secret Rug,Soft,Loom,Rugs,wool,false,Title,Default Title,R1,3,deny,99,
        """

    init(_ csv: String = TestShop.csv, settings: [(String, SettingValue)] = [], files: [String: String] = [:])
    {
        disk = MemoryDisk(files.merging(["shop.csv": csv]) { _, new in new })
        let all = [
            ("catalog", SettingValue.string("shop.csv")), ("secret", .string("a secret for tests only")),
        ]
        node = TestNode(
            [
                ActorPlan(
                    "storefront", of: Storefront.declaration, settings: settings + all,
                    links: ["shards": ["shards"], "events": ["events"]]), shard.plan, events.plan,
            ], disk: disk)
    }

    deinit { shard.release() }

    func get(_ path: String, _ fields: [(name: String, value: String)] = []) throws -> HTTPResponse {
        try send(.get, path, fields)
    }
    func post(_ path: String, json: String, _ fields: [(name: String, value: String)] = []) throws
        -> HTTPResponse
    {
        try send(.post, path, [(name: "content-type", value: "application/json")] + fields, Array(json.utf8))
    }
    func post(_ path: String, form: String, _ fields: [(name: String, value: String)] = []) throws
        -> HTTPResponse
    {
        try send(
            .post, path, [(name: "content-type", value: "application/x-www-form-urlencoded")] + fields,
            Array(form.utf8))
    }
    func send(
        _ method: HTTPMethod, _ path: String, _ fields: [(name: String, value: String)] = [],
        _ body: [UInt8]? = nil
    ) throws -> HTTPResponse {
        try node.ask("storefront", HTTPContract.self, HTTPRequest(method, path, fields: fields, body: body))
    }

    var catalogue: Catalogue {
        get throws { Catalogue(try CatalogueReader.read(Array(Self.csv.utf8)).products) }
    }
    func variant(_ handle: String, _ index: Int = 0) throws -> Int64 {
        let catalogue = try catalogue
        return catalogue.products[catalogue.index(handle) ?? 0].variants[index].id
    }
}

extension HTTPResponse {
    var status: Int { content.status }
    var text: String { content.body.text }
    var json: JSON { (try? JSON(parsing: text)) ?? .null }
    func field(_ name: StaticString) -> String { content.field(name) ?? "" }
    /// `name=value` of each cookie that is set.
    var cookies: String {
        content.fields.filter { $0.name == "Set-Cookie" }
            .map { String($0.value.prefix { $0 != ";" }) }.joined(separator: "; ")
    }
}
