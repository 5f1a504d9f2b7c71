import ArgumentParser
import Glibc
import ModuleKit
import Runtime
import Topology

/// A topology file that was read against the plugins that are there.
struct LoadedTopology {
    let topology: Topology

    /// Reads and checks the file; prints everything that is wrong. Nil if there is an error.
    init?(_ path: String, plugins: [PluginReport]) {
        let bytes: [UInt8]
        do {
            bytes = try FileReader.read(path)
        } catch {
            Terminal.error("souk: \(error)")
            return nil
        }
        let modules = plugins.flatMap { (try? $0.result.get().modules) ?? [] }
        let source = SourceText(bytes)
        let (topology, diagnostics) = TopologyFile.load(
            source, path: path, environment: ProcessEnvironment.all, modules: modules)
        if !diagnostics.isEmpty { Terminal.error(diagnostics.render(source)) }
        guard let topology else {
            // A module may be unknown because its plugin was refused.
            for case .failure(let error) in plugins.map(\.result) { Terminal.error("souk: \(error)") }
            return nil
        }
        self.topology = topology
    }
}

/// Reads a file of a size that a topology can have.
enum FileReader {
    static func read(_ path: String) throws(ModuleError) -> [UInt8] {
        let descriptor = open(path, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else { throw problem(path) }
        defer { close(descriptor) }
        var bytes: [UInt8] = []
        var part = [UInt8](repeating: 0, count: 65_536)
        while bytes.count <= TopologyFile.maximumSize {
            let count = Glibc.read(descriptor, &part, part.count)
            guard count >= 0 else { throw problem(path) }
            if count == 0 { break }
            bytes.append(contentsOf: part.prefix(count))
        }
        return bytes
    }

    private static func problem(_ path: String) -> ModuleError {
        ModuleError("cannot read \(path): \(String(cString: strerror(errno)))")
    }
}
