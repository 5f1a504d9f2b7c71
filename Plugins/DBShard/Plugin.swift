import ModuleKit

/// The plugin's one exported symbol; the host calls it with the digest of its contract library.
@_cdecl("DBShard_plugin")
public func plugin(_ hostDigest: UInt64) -> UnsafeMutableRawPointer? {
    pluginEntry(hostDigest) { Plugin("DBShard", modules: [shardModule]) }
}

/// The module `db-shard`.
let shardModule = ModuleDeclaration(
    "db-shard", "Keeps orders and stock durably: one of a group of shards, each with its own file.",
    settings: ShardOptions.declarations,
    serves: .contracts([OrdersContract.identity, HoldsContract.identity]),
    links: [
        LinkDeclaration(
            "peers", HoldsContract.identity, .many(1...32_768), isRequired: false,
            isOptionalForReadiness: true,
            "The group itself, for orders whose variants lie on several shards; needed with replicas.")
    ],
    operations: Shard.operations,
    make: { try Shard($0) })
