import ArgumentParser
import Runtime

struct CheckCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "check",
        abstract: "Checks topology files; shows everything that is wrong, with its place.")

    @Argument(help: "Topology files.")
    var files: [String]

    func run() throws {
        let plugins = PluginLoader.load(from: PluginFolders.all)
        var isGood = true
        for file in files {
            guard let loaded = LoadedTopology(file, plugins: plugins) else {
                isGood = false
                continue
            }
            let count = loaded.topology.instances.count
            print("\(file): good, \(count) \(count == 1 ? "actor" : "actors")")
        }
        if !isGood { throw ExitCode(1) }
    }
}

struct PluginsCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "plugins", abstract: "Lists the plugins that are found, and their modules.")

    func run() throws {
        var isGood = true
        for report in PluginLoader.load(from: PluginFolders.all) {
            switch report.result {
            case .success(let plugin):
                print("\(report.name)  \(report.path)")
                for module in plugin.modules { print("    \(module.name): \(module.summary)") }
            case .failure(let error):
                isGood = false
                Terminal.error("souk: \(error)")
            }
        }
        if !isGood { throw ExitCode(1) }
    }
}
