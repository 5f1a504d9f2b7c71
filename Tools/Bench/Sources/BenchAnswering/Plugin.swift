import BenchContracts
import ModuleKit

/// The plugin's one exported symbol; the host calls it with the digest of its contract library.
@_cdecl("BenchAnswering_plugin")
public func plugin(_ hostDigest: UInt64) -> UnsafeMutableRawPointer? {
    pluginEntry(hostDigest) {
        Plugin(
            "BenchAnswering",
            modules: [
                ModuleDeclaration(
                    "bench-answerer", "Answers each number with the next.",
                    serves: .contracts([PingContract.identity]), make: { PingAnswerer($0) }),
                ModuleDeclaration(
                    "bench-counter", "Adds what it is told.",
                    serves: .contracts([CountContract.identity]), make: { CountSink($0) }),
                ModuleDeclaration(
                    "bench-ring-answering", "Hands on.",
                    serves: .contracts([RingContract.identity]),
                    links: [
                        LinkDeclaration(
                            "next", RingContract.identity, .one, isOptionalForReadiness: true, "The next one."
                        )
                    ],
                    make: { try RingPlace($0) }),
            ])
    }
}
