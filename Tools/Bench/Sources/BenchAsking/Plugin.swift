import BenchContracts
import ModuleKit

/// The plugin's one exported symbol; the host calls it with the digest of its contract library.
@_cdecl("BenchAsking_plugin")
public func plugin(_ hostDigest: UInt64) -> UnsafeMutableRawPointer? {
    pluginEntry(hostDigest) {
        Plugin(
            "BenchAsking",
            modules: [
                ModuleDeclaration(
                    "bench-asker", "Asks, and asks again at each answer.",
                    links: [LinkDeclaration("peer", PingContract.identity, .one, "Who answers.")],
                    make: { try PingAsker($0) }),
                ModuleDeclaration(
                    "bench-producer", "Sends as long as there is room.",
                    links: [LinkDeclaration("sink", CountContract.identity, .one, "Who counts.")],
                    make: { try Producer($0) }),
                ModuleDeclaration(
                    "bench-ring-asking", "Hands on, and begins.",
                    serves: .contracts([RingContract.identity]),
                    links: [
                        LinkDeclaration(
                            "next", RingContract.identity, .one, isOptionalForReadiness: true, "The next one."
                        )
                    ],
                    make: { try RingStarter($0) }),
            ])
    }
}
