/// The key that makes an order idempotent: 128 bits. Keys that the shop issues carry their time first,
/// so that they are ordered; keys of clients are digests.
@frozen public struct OrderKey: Sendable, Hashable, CustomStringConvertible {
    /// The first 64 bits; of keys that the shop issues, their time.
    public let high: UInt64
    /// The last 64 bits.
    public let low: UInt64

    @inlinable public init(high: UInt64, low: UInt64) {
        self.high = high
        self.low = low
    }
    public var description: String {
        let (a, b) = (String(high, radix: 16), String(low, radix: 16))
        return String(repeating: "0", count: 16 - a.count) + a + String(repeating: "0", count: 16 - b.count)
            + b
    }
}

/// So many pieces of one variant.
@frozen public struct OrderLine: Sendable, Hashable {
    /// As in the catalogue.
    public var variant: Int64
    /// 1 to 10,000.
    public var quantity: Int
    /// For one piece, in the smallest unit of the currency.
    public var unitPrice: Int

    @inlinable public init(variant: Int64, quantity: Int, unitPrice: Int) {
        self.variant = variant
        self.quantity = quantity
        self.unitPrice = unitPrice
    }
}

/// An order that a client wants to place. Checked by the storefront: each variant once, quantities in
/// range, 1 to 100 lines.
public struct OrderDraft: Sendable, Hashable {
    /// The same key again is the same order.
    public var key: OrderKey
    /// Decides the home shard: the same for each repetition of the same key.
    public var home: UInt64
    /// Of the customer; at most 320 bytes.
    public var email: String
    /// What is ordered.
    public var lines: [OrderLine]
    /// Nanoseconds since 1970.
    public var placedAt: UInt64

    public init(key: OrderKey, home: UInt64, email: String, lines: [OrderLine], placedAt: UInt64) {
        self.key = key
        self.home = home
        self.email = email
        self.lines = lines
        self.placedAt = placedAt
    }
    /// In the smallest unit of the currency.
    public var total: Int { lines.reduce(0) { $0 + $1.unitPrice * $1.quantity } }
    /// What must be the same when a key comes again: email, variants and quantities.
    public var fingerprint: UInt64 {
        var hash = StableHash.hash(email)
        for line in lines.sorted(by: { $0.variant < $1.variant }) {
            hash = StableHash.mix(hash ^ UInt64(bitPattern: line.variant))
            hash = StableHash.mix(hash ^ UInt64(bitPattern: Int64(line.quantity)))
        }
        return hash
    }
}

/// An order that is on the disk.
public struct OrderRecord: Sendable, Hashable {
    /// Its home shard in the high 16 bits, then a number that rises by one for each order.
    public let id: Int64
    /// What was ordered.
    public let draft: OrderDraft
    /// Whether its pieces were given back.
    public let isCancelled: Bool

    public init(id: Int64, draft: OrderDraft, isCancelled: Bool = false) {
        self.id = id
        self.draft = draft
        self.isCancelled = isCancelled
    }
    /// The member of the shard group that keeps it.
    public var shard: Int { Self.shard(of: id) }
    /// The member of the shard group that keeps the order of this id; any 16-bit number for a made-up id.
    public static func shard(of id: Int64) -> Int { Int(truncatingIfNeeded: UInt64(bitPattern: id) >> 48) }
}

/// A variant that the shop sells, as the catalogue says.
public struct StockDeclaration: Sendable, Hashable {
    /// As in the catalogue.
    public let variant: Int64
    /// Pieces to begin with; ignored for a variant that the shard already knows.
    public let initial: Int
    /// Whether it is sold when there is none left (`continue` policy).
    public let sellsBeyondStock: Bool

    public init(variant: Int64, initial: Int, sellsBeyondStock: Bool) {
        self.variant = variant
        self.initial = initial
        self.sellsBeyondStock = sellsBeyondStock
    }
}

/// What is left of a variant.
public struct StockLevel: Sendable, Hashable {
    /// As in the catalogue.
    public let variant: Int64
    /// Pieces that can be sold now; below zero where more was sold than there was.
    public let available: Int
    /// Whether it is sold when there is none left.
    public let sellsBeyondStock: Bool

    public init(variant: Int64, available: Int, sellsBeyondStock: Bool) {
        self.variant = variant
        self.available = available
        self.sellsBeyondStock = sellsBeyondStock
    }
}

/// What the shop asks of its shards.
public enum OrdersRequest: Sendable {
    /// Answered with `placed`, `conflict`, `soldOut`, `unknownVariant`, `busy` or `unavailable`.
    case place(OrderDraft)
    /// Places nothing: only for the order that the key brought before, of which the catalogue may no
    /// longer know every variant. Prices are not looked at. Answered with `placed` (a repeat), `conflict`,
    /// `notFound`, `busy` or `unavailable`.
    case recall(OrderDraft)
    /// Answered with `order` or `notFound`.
    case find(id: Int64)
    /// Gives the pieces back. Answered with `order` or `notFound`; again: the same.
    case cancel(id: Int64)
    /// Answered with `stock` or `unknownVariant`.
    case stock(variant: Int64)
    /// Adds (or, below zero, takes) pieces, once for each key. Answered with `stock`,
    /// `unknownVariant`, or `soldOut` if it would take more than there is.
    case restock(variant: Int64, quantity: Int, key: OrderKey)
    /// Makes a variant known. Answered with `stock`.
    case declare(StockDeclaration)
}

/// What the shards answer. Everything that changes something is on the disk before it is answered.
public enum OrdersResponse: Sendable {
    /// `isRepeat`: the key came before, this is the order of that time.
    case placed(OrderRecord, isRepeat: Bool)
    case order(OrderRecord)
    case notFound
    /// The key was used for an order with other content.
    case conflict
    case soldOut(variant: Int64, available: Int)
    case unknownVariant(Int64)
    case stock(StockLevel)
    /// Too much waits: ask again later.
    case busy
    /// The disk does not take writes, or another shard cannot be asked: ask again later.
    case unavailable(String)
}

/// Orders and stock, kept by shards.
public enum OrdersContract: Contract {
    public typealias Request = OrdersRequest
    public typealias Response = OrdersResponse
    public static let identity = ContractIdentity("orders")

    /// What decides which shard owns a variant's stock.
    public static func key(ofVariant variant: Int64) -> UInt64 {
        StableHash.mix(UInt64(bitPattern: variant))
    }
    /// The member (0 to `shards` - 1) that owns a variant's stock; the balancer's `by: key` agrees.
    public static func shard(ofVariant variant: Int64, of shards: Int) -> Int {
        StableHash.jump(key(ofVariant: variant), buckets: shards)
    }
    public static func route(of request: borrowing OrdersRequest) -> Route {
        switch request {
        case .place(let draft), .recall(let draft): .key(draft.home)
        case .find(let id), .cancel(let id): .member(OrderRecord.shard(of: id))
        case .stock(let variant), .restock(let variant, _, _): .key(key(ofVariant: variant))
        case .declare(let declaration): .key(key(ofVariant: declaration.variant))
        }
    }
    public static func isIdempotent(_ request: borrowing OrdersRequest) -> Bool {
        // Orders and restocking carry keys; declaring and cancelling again change nothing.
        true
    }
}
