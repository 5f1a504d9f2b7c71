import ModuleKit

/// The plugin's one exported symbol; the host calls it with the digest of its contract library.
@_cdecl("DegradeController_plugin")
public func plugin(_ hostDigest: UInt64) -> UnsafeMutableRawPointer? {
    pluginEntry(hostDigest) { Plugin("DegradeController", modules: [DegradeModule.declaration]) }
}
