/// What a visitor did.
@frozen public enum BehaviourKind: UInt8, Sendable, CaseIterable {
    case page, productView, search, cart, order
    /// As shown to people.
    public var name: String { "\(self)" }
}

/// One thing that a visitor did. A plain value: sending it costs no allocation.
@frozen public struct BehaviourEvent: Sendable {
    /// What was done.
    public var kind: BehaviourKind
    /// Two upper-case letters, each in a byte; 0 if unknown.
    public var country: UInt16
    /// How long the shop took to answer, in microseconds; 0 if not measured.
    public var latency: UInt32
    /// When it happened: milliseconds since 1970.
    public var time: UInt64
    /// A hash of the visitor's cookie or address.
    public var visitor: UInt64
    /// The product's id; 0 if none.
    public var product: Int64
    /// Of an order, in the smallest unit of the currency.
    public var revenue: Int64
    /// Of an order or a cart: pieces.
    public var quantity: Int32

    @inlinable public init(
        _ kind: BehaviourKind, time: UInt64, visitor: UInt64, product: Int64 = 0, revenue: Int64 = 0,
        quantity: Int32 = 0, latency: UInt32 = 0, country: UInt16 = 0
    ) {
        self.kind = kind
        self.time = time
        self.visitor = visitor
        self.product = product
        self.revenue = revenue
        self.quantity = quantity
        self.latency = latency
        self.country = country
    }
}

/// What analytics are told.
public enum BehaviourRequest: Sendable {
    case event(BehaviourEvent)
    case events([BehaviourEvent])
    /// Names to show for products, and the currency (`EUR`) that revenue is in.
    case catalogue(names: [(product: Int64, title: String)], currency: String)
}

/// Behaviour of visitors, told and not answered.
public enum BehaviourContract: Contract {
    public typealias Request = BehaviourRequest
    public typealias Response = Void
    public static let identity = ContractIdentity("behaviour")
}

/// Asks analytics for their present state, as the wall shows it.
public enum SnapshotContract: Contract {
    /// Asks for everything.
    @frozen public struct Request: Sendable {
        @inlinable public init() {}
    }
    /// A JSON object; its members are described in the analytics plugin's README.
    public typealias Response = JSON
    public static let identity = ContractIdentity("snapshot")
}
