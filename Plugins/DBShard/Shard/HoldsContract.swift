import ModuleKit

/// What shards of one group ask of each other for orders whose lines lie on several of them.
enum HoldsRequest: Sendable {
    /// Sets lines aside until the home has decided. Answered with `held`, `soldOut`, `unknownVariant`
    /// or `unavailable`. A later attempt for the same key replaces the earlier one.
    case hold(Hold)
    /// The home will not decide that attempt for it. Not answered.
    case release(key: OrderKey, attempt: UInt64)
    /// Was it decided? Asked of the home once a hold has lasted too long. Answered with `decided`,
    /// `undecided` (and then that attempt never will be) or `unavailable`.
    case ask(shard: Int, key: OrderKey, attempt: UInt64)
    /// Decisions of a home, in order. Answered with `settled` when they are on the disk.
    case settle(home: Int, [Settlement])
    /// A shard starts anew: from now on this epoch; `through` is the last settlement on its disk.
    /// Answered with `joined`, behind the commits of everything that was decided before.
    case join(shard: Int, epoch: UInt64, through: Int64)
}

/// Lines that one shard is to set aside for an order of another.
struct Hold: Sendable {
    var home: Int
    var key: OrderKey
    /// Rises with each attempt for the same key.
    var attempt: UInt64
    var lines: [StockLine]
}

/// What shards of one group answer each other.
enum HoldsResponse: Sendable {
    /// By the shard's incarnation of that epoch: the hold ends with it.
    case held(shard: Int, epoch: UInt64)
    case soldOut(variant: Int64, available: Int)
    case unknownVariant(Int64)
    /// Its settlement is among those through this one: a hold that outlives it came too late.
    case decided(through: Int64)
    case undecided
    /// Settlements through this one are on the disk.
    case settled(through: Int64)
    /// The last settlement that the asker is owed.
    case joined(owed: Int64)
    /// Ask again later.
    case unavailable
}

/// Between the shards of one group.
enum HoldsContract: Contract {
    typealias Request = HoldsRequest
    typealias Response = HoldsResponse
    static let identity = ContractIdentity("order-holds")
}
