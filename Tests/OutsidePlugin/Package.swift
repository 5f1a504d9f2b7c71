// swift-tools-version: 6.2
import PackageDescription

// A plugin as somebody outside this repository writes one: it sees the contract library and nothing
// else. The scenarios load it, which is the proof that such a plugin loads and runs; they use its
// modules to make trouble.
let package = Package(
    name: "Chaos",
    products: [.library(name: "Chaos", type: .dynamic, targets: ["Chaos"])],
    dependencies: [.package(path: "../../Sources/ModuleKit")],
    targets: [.target(name: "Chaos", dependencies: [.product(name: "ModuleKit", package: "ModuleKit")])],
    swiftLanguageModes: [.v6]
)
