// swift-tools-version: 6.2
import PackageDescription

/// What a plugin may see.
let moduleKit: Target.Dependency = .product(name: "ModuleKit", package: "ModuleKit")

/// Each folder of `Plugins/` is one shared library; beside the contract library it sees at most these.
let plugins: [(name: String, libraries: [Target.Dependency], otherFiles: [String])] = [
    ("AnalyticsStream", [], []),
    ("Balancer", [], []),
    ("DBShard", ["CSQLite"], ["orders.proto"]),
    ("DegradeController", [], []),
    ("DynamicFragment", [], []),
    ("HTTPGate", ["HTTPServer"], []),
    ("StaticCache", [], []),
    ("Storefront", ["COpenSSL"], ["Catalog"]),
    ("Wall", [], []),
]

let package = Package(
    name: "souk",
    products: [
        .executable(name: "souk", targets: ["souk"]),
        // For benchmarks and for tests of plugins outside this repository.
        .library(name: "Runtime", targets: ["Runtime"]),
        .library(name: "RuntimeTesting", targets: ["RuntimeTesting"]),
    ]
        + plugins.map { .library(name: $0.name, type: .dynamic, targets: [$0.name]) },
    dependencies: [
        .package(path: "Sources/ModuleKit"),
        .package(url: "https://github.com/apple/swift-argument-parser", from: "1.8.0"),
    ],
    targets: [
        .systemLibrary(name: "CLibUV", pkgConfig: "libuv", providers: [.apt(["libuv1-dev"])]),
        .systemLibrary(name: "CLibYAML", pkgConfig: "yaml-0.1", providers: [.apt(["libyaml-dev"])]),
        .systemLibrary(name: "CSQLite", pkgConfig: "sqlite3", providers: [.apt(["libsqlite3-dev"])]),
        .systemLibrary(name: "COpenSSL", pkgConfig: "libcrypto", providers: [.apt(["libssl-dev"])]),
        .target(name: "EventLoop", dependencies: [moduleKit, "CLibUV"]),
        .target(name: "HTTPServer", dependencies: [moduleKit]),
        .target(name: "Topology", dependencies: [moduleKit, "CLibYAML"]),
        .target(name: "Control", dependencies: [moduleKit, "HTTPServer"]),
        .target(name: "Runtime", dependencies: [moduleKit, "EventLoop", "Topology", "Control"]),
        .target(name: "CSimulatedDisk", dependencies: ["CSQLite"]),
        .target(
            name: "RuntimeTesting",
            dependencies: [moduleKit, "Runtime", "Topology", "CSQLite", "CSimulatedDisk"]),
        .executableTarget(
            name: "souk",
            dependencies: [
                "Runtime", "Topology", moduleKit,
                .product(name: "ArgumentParser", package: "swift-argument-parser"),
            ]),
    ]
        + plugins.map {
            .target(
                name: $0.name, dependencies: [moduleKit] + $0.libraries, path: "Plugins/\($0.name)",
                exclude: ["README.md"] + $0.otherFiles)
        }
        + ["ModuleKit", "EventLoop", "HTTPServer", "Topology", "Control", "Runtime"].map {
            .testTarget(
                name: "\($0)Tests",
                dependencies: [
                    "RuntimeTesting", moduleKit, .target(name: $0 == "ModuleKit" ? "EventLoop" : $0),
                ],
                exclude: $0 == "Topology" ? ["Fixtures"] : [])
        }
        + plugins.map {
            .testTarget(
                name: "\($0.name)Tests",
                dependencies: ["RuntimeTesting", moduleKit, .target(name: $0.name)] + $0.libraries)
        },
    swiftLanguageModes: [.v6]
)
