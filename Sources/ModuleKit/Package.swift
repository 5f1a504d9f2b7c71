// swift-tools-version: 6.2
import PackageDescription

// A package of its own, so that its dynamic library exists once: a dynamic product of the root
// package would be linked statically into the host and into each plugin, with a set of types each.
let package = Package(
    name: "ModuleKit",
    products: [.library(name: "ModuleKit", type: .dynamic, targets: ["ModuleKit"])],
    targets: [
        .target(name: "CModuleKit", path: "CModuleKit"),
        .target(name: "ModuleKit", dependencies: ["CModuleKit"], path: "ModuleKit"),
    ],
    swiftLanguageModes: [.v6]
)
