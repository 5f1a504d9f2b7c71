import ArgumentParser
import ModuleKit
import Runtime
import Topology

struct SchemaCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "schema", abstract: "Prints the JSON Schema of topology files, for editors.")

    func run() {
        print(TopologySchema.json(PluginFolders.modules).text)
    }
}

struct ModuleCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "module",
        abstract: "Explains modules: settings with ranges and defaults, links, operations.")

    @Argument(help: "Names of modules; all if left out.")
    var names: [String] = []

    func run() throws {
        let modules = PluginFolders.modules
        for name in names where !modules.contains(where: { $0.name == name }) {
            let known = modules.map(\.name).joined(separator: ", ")
            Terminal.error("souk: there is no module '\(name)'; there are \(known)")
            throw ExitCode(1)
        }
        for module in modules where names.isEmpty || names.contains(module.name) {
            print(ModuleDocumentation.markdown(module))
        }
    }
}

extension PluginFolders {
    /// The modules of all plugins that can be loaded.
    static var modules: [ModuleDeclaration] {
        PluginLoader.load(from: all).flatMap { (try? $0.result.get().modules) ?? [] }
    }
}
