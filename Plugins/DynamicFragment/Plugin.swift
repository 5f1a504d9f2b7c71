import ModuleKit

/// The plugin's one exported symbol; the host calls it with the digest of its contract library.
@_cdecl("DynamicFragment_plugin")
public func plugin(_ hostDigest: UInt64) -> UnsafeMutableRawPointer? {
    pluginEntry(hostDigest) { Plugin("DynamicFragment", modules: [dynamicFragment]) }
}

/// The declaration of `dynamic-fragment`.
let dynamicFragment = ModuleDeclaration(
    "dynamic-fragment", "Puts pages together from shells and fragments, all fragments at once.",
    settings: FragmentSettings.declarations,
    serves: .contracts([HTTPContract.identity]),
    links: [
        LinkDeclaration("origin", HTTPContract.identity, .one, "Where page shells come from."),
        LinkDeclaration(
            "fragments", HTTPContract.identity, .one,
            "Where fragments come from; may be the same as 'origin'."),
    ],
    make: { try DynamicFragment($0) })
