import ModuleKit

/// The plugin's one exported symbol; the host calls it with the digest of its contract library.
@_cdecl("StaticCache_plugin")
public func plugin(_ hostDigest: UInt64) -> UnsafeMutableRawPointer? {
    pluginEntry(hostDigest) { Plugin("StaticCache", modules: [staticCache, assets]) }
}

/// The declaration of `static-cache`.
let staticCache = ModuleDeclaration(
    "static-cache", "A shared HTTP cache in front of an origin.",
    settings: CacheSettings.declarations,
    serves: .contracts([HTTPContract.identity]),
    links: [LinkDeclaration("origin", HTTPContract.identity, .one, "Where answers come from.")],
    operations: [
        OperationDeclaration(
            "POST", "/v1/purge",
            "Takes stored responses out by 'url', 'prefix' or 'tag'; with 'soft' they are refreshed instead.")
    ],
    make: { try StaticCache($0) })

/// The declaration of `assets`.
let assets = ModuleDeclaration(
    "assets", "Serves the files of a folder from memory.",
    settings: Assets.settings,
    serves: .contracts([HTTPContract.identity]),
    make: { try Assets($0) })
