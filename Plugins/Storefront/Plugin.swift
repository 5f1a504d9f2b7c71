import ModuleKit

/// The plugin's one exported symbol; the host calls it with the digest of its contract library.
@_cdecl("Storefront_plugin")
public func plugin(_ hostDigest: UInt64) -> UnsafeMutableRawPointer? {
    pluginEntry(hostDigest) { Plugin("Storefront", modules: [Storefront.declaration]) }
}

extension Storefront {
    static let declaration = ModuleDeclaration(
        "storefront", "The shop itself: catalogue, pages, cart and orders.",
        settings: StorefrontSettings.declarations,
        serves: .contracts([HTTPContract.identity]),
        links: [
            LinkDeclaration(
                "shards", OrdersContract.identity, .one,
                "Who keeps orders and stock: the group of shards, or a balancer in front of them."),
            LinkDeclaration(
                "events", BehaviourContract.identity, .one, isRequired: false, isOptionalForReadiness: true,
                "Who is told of searches, carts and orders."),
        ],
        operations: [
            OperationDeclaration(
                "POST", "/v1/catalog/reload", "Reads the catalogue again; a bad one is refused."),
            OperationDeclaration("GET", "/v1/stock", "What is left of a variant: `?variant=`."),
            OperationDeclaration(
                "POST", "/v1/stock",
                "Adds or takes pieces: `{\"variant_id\":…,\"quantity\":…,\"idempotency_key\":\"…\"}`."),
            OperationDeclaration("POST", "/v1/orders/cancel", "Cancels an order: `{\"id\":…}`."),
        ],
        make: { try Storefront($0) })
}
