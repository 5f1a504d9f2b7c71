import ModuleKit

/// The plugin's one exported symbol; the host calls it with the digest of its contract library.
@_cdecl("AnalyticsStream_plugin")
public func plugin(_ hostDigest: UInt64) -> UnsafeMutableRawPointer? {
    pluginEntry(hostDigest) { Plugin("AnalyticsStream", modules: [AnalyticsStream.declaration]) }
}

extension AnalyticsStream {
    static let declaration = ModuleDeclaration(
        "analytics-stream",
        "Counts what visitors do in windows of event time, in bounded memory, and answers with a snapshot.",
        settings: AnalyticsSettings.declarations,
        serves: .contracts([BehaviourContract.identity, SnapshotContract.identity, HTTPContract.identity]),
        make: { try AnalyticsStream($0) })
}
