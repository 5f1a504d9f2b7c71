// swift-tools-version: 6.2
import PackageDescription

// The contracts of the bench's two plugins. A package of its own for the same reason as the contract
// library: linked statically, their types would exist twice.
let package = Package(
    name: "Contracts",
    products: [.library(name: "BenchContracts", type: .dynamic, targets: ["BenchContracts"])],
    dependencies: [.package(path: "../../../Sources/ModuleKit")],
    targets: [
        .target(name: "BenchContracts", dependencies: [.product(name: "ModuleKit", package: "ModuleKit")])
    ],
    swiftLanguageModes: [.v6]
)
