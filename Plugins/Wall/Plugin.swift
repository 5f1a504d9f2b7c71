import ModuleKit

/// The plugin's one exported symbol; the host calls it with the digest of its contract library.
@_cdecl("Wall_plugin")
public func plugin(_ hostDigest: UInt64) -> UnsafeMutableRawPointer? {
    pluginEntry(hostDigest) { Plugin("Wall", modules: [Wall.declaration]) }
}

extension Wall {
    static let declaration = ModuleDeclaration(
        "wall", "The screen on which a sale is seen while it happens: a page and a stream of changes.",
        settings: WallSettings.declarations,
        serves: .contracts([HTTPContract.identity]),
        links: [
            LinkDeclaration(
                "analytics", SnapshotContract.identity, isOptionalForReadiness: true,
                "Who is asked what visitors do."),
            LinkDeclaration(
                "watches", nil, .many(1...1_000), isRequired: false, isOptionalForReadiness: true,
                "The actors whose mailboxes are shown; all of the node if left out."),
        ],
        make: { try Wall($0) })
}
