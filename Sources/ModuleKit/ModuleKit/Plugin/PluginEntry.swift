import CModuleKit

/// A digest of the contract library's sources and of the compiler, as compiled into the caller: a
/// plugin built against another contract library carries another digest.
@_alwaysEmitIntoClient
public func contractDigest() -> UInt64 {
    #if compiler(>=6.4)
        souk_contract_digest() ^ 0x64
    #elseif compiler(>=6.3)
        souk_contract_digest() ^ 0x63
    #else
        souk_contract_digest() ^ 0x62
    #endif
}

/// What a plugin's one exported C symbol does: `@_cdecl("Name_plugin")`, called with the host's digest.
///
/// The comparison is compiled into the plugin and made before any Swift value crosses: it answers nil
/// to a host with another contract library, else a retained `PluginBox`.
@_alwaysEmitIntoClient
public func pluginEntry(_ hostDigest: UInt64, _ plugin: () -> Plugin) -> UnsafeMutableRawPointer? {
    guard hostDigest == contractDigest() else { return nil }
    return PluginBox(plugin()).passRetained()
}

/// Carries a plugin through a C symbol.
public final class PluginBox: Sendable {
    /// What is carried.
    public let plugin: Plugin

    public init(_ plugin: Plugin) {
        self.plugin = plugin
    }
    /// For the plugin: hands it over.
    public func passRetained() -> UnsafeMutableRawPointer { Unmanaged.passRetained(self).toOpaque() }
    /// For the host: takes it over.
    public static func take(_ pointer: UnsafeMutableRawPointer) -> Plugin {
        Unmanaged<PluginBox>.fromOpaque(pointer).takeRetainedValue().plugin
    }
}
