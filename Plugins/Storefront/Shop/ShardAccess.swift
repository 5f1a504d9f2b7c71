import ModuleKit

/// Asks the right shard: where the link names the shards themselves, by the contract's own rule; where
/// it names a balancer, that one.
struct ShardAccess {
    private let asker: Asker<OrdersContract, Storefront>
    private let count: Int

    init(_ link: Link<OrdersContract>, of storefront: Storefront) {
        asker = Asker(link, of: storefront)
        count = link.addresses.count
    }

    func ask(
        _ request: OrdersRequest, _ delivery: Delivery, timeout: UInt64,
        then: @escaping Asker<OrdersContract, Storefront>.Then
    ) {
        asker.ask(request, of: member(for: request), delivery, timeout: timeout, then: then)
    }

    private func member(for request: OrdersRequest) -> Int {
        guard count > 1 else { return 0 }
        switch OrdersContract.route(of: request) {
        case .any: return 0
        case .key(let key): return StableHash.jump(key, buckets: count)
        case .member(let number): return number < count ? number : 0
        }
    }
}
