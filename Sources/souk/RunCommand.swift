import ArgumentParser
import Control
import EventLoop
import Glibc
import ModuleKit
import Runtime
import Topology

struct RunCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "run", abstract: "Runs a topology until SIGTERM or SIGINT.")

    @Argument(help: "The topology file.")
    var file = "topology.yaml"

    @Option(help: "Runs only the actors of this node.")
    var node: String?

    func run() throws {
        let plugins = PluginLoader.load(from: PluginFolders.all)
        guard let loaded = LoadedTopology(file, plugins: plugins) else { throw ExitCode(1) }
        for case .failure(let error) in plugins.map(\.result) { Terminal.error("souk: warning: \(error)") }
        do {
            let process = try NodeProcess(loaded.topology, node: node)
            throw ExitCode(process.run())
        } catch let error as NodeError {
            Terminal.error("souk: \(error)")
            throw ExitCode(1)
        } catch let error as NetworkError {
            Terminal.error("souk: \(error)")
            throw ExitCode(1)
        }
    }
}
