// swift-tools-version: 6.2
import PackageDescription

let moduleKit: Target.Dependency = .product(name: "ModuleKit", package: "ModuleKit")
let contracts: Target.Dependency = .product(name: "BenchContracts", package: "Contracts")

// A package of its own, so that what only benchmarks need stays out of the product. The two plugins are
// shared libraries, as in the product: messages cross the same boundary.
let package = Package(
    name: "Bench",
    products: [
        .library(name: "BenchAsking", type: .dynamic, targets: ["BenchAsking"]),
        .library(name: "BenchAnswering", type: .dynamic, targets: ["BenchAnswering"]),
    ],
    dependencies: [
        .package(name: "souk", path: "../.."),
        .package(path: "../../Sources/ModuleKit"),
        .package(path: "Contracts"),
    ],
    targets: [
        .target(name: "BenchAsking", dependencies: [moduleKit, contracts]),
        .target(name: "BenchAnswering", dependencies: [moduleKit, contracts]),
        .executableTarget(
            name: "message-bench",
            dependencies: [moduleKit, .product(name: "Runtime", package: "souk")]),
    ],
    swiftLanguageModes: [.v6]
)
