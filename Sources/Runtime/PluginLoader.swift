import Glibc
import ModuleKit

/// A plugin that was found, and what became of it.
public struct PluginReport: Sendable {
    /// The file's name without `lib` and `.so`.
    public let name: String
    /// The file.
    public let path: String
    /// What it brings, or why it was refused.
    public let result: Result<Plugin, PluginError>
}

/// Why a plugin was refused: shown to the operator as it is.
public struct PluginError: Error, Sendable, CustomStringConvertible {
    public let description: String
}

/// Finds and loads plugins: shared libraries that export one C symbol named after them.
public enum PluginLoader {
    /// Loads every plugin of the folders, in the order of the folders and of names. A library without
    /// the symbol is no plugin and is passed over; of two with one name the first is taken.
    /// - Parameter names: only these; nil for all.
    public static func load(from folders: [String], only names: Set<String>? = nil) -> [PluginReport] {
        var reports: [PluginReport] = []
        for folder in folders {
            for name in plugins(in: folder) where names?.contains(name) ?? true {
                guard !reports.contains(where: { $0.name == name }) else { continue }
                let path = "\(folder)/lib\(name).so"
                if let result = load(name, path) {
                    reports.append(PluginReport(name: name, path: path, result: result))
                }
            }
        }
        return reports
    }

    /// Names of the libraries in the folder, sorted.
    private static func plugins(in folder: String) -> [String] {
        guard let directory = opendir(folder) else { return [] }
        defer { closedir(directory) }
        var names: [String] = []
        while let entry = readdir(directory) {
            let file = withUnsafePointer(to: &entry.pointee.d_name) {
                $0.withMemoryRebound(to: CChar.self, capacity: 256) { String(cString: $0) }
            }
            guard file.hasPrefix("lib"), file.hasSuffix(".so") else { continue }
            names.append(String(file.dropFirst(3).dropLast(3)))
        }
        return names.sorted()
    }

    /// Nil if the library is no plugin.
    private static func load(_ name: String, _ path: String) -> Result<Plugin, PluginError>? {
        guard containsSymbol("\(name)_plugin", path) else { return nil }
        guard let handle = dlopen(path, RTLD_NOW | RTLD_LOCAL) else {
            let reason = dlerror().map { String(cString: $0) } ?? "unknown reason"
            // A symbol of the contract library that is not there: built against another one.
            let isOther = reason.contains("undefined symbol")
            return .failure(
                PluginError(description: isOther ? mismatch(path) : "cannot load \(path): \(reason)"))
        }
        guard let symbol = dlsym(handle, "\(name)_plugin") else { return nil }
        typealias Entry = @convention(c) (UInt64) -> UnsafeMutableRawPointer?
        let entry = unsafeBitCast(symbol, to: Entry.self)
        // The digests are compared inside the plugin, before any Swift value crosses. The library stays
        // loaded in any case: Swift's metadata cannot be unloaded.
        guard let box = entry(contractDigest()) else { return .failure(PluginError(description: mismatch(path))) }
        return .success(PluginBox.take(box))
    }

    private static func mismatch(_ path: String) -> String {
        "\(path) was built against another contract library than this souk (digest "
            + "\(String(contractDigest(), radix: 16))): build the plugin again against this version's "
            + "Sources/ModuleKit"
    }

    /// Whether the file's bytes hold the symbol's name, so that foreign libraries are not even loaded.
    private static func containsSymbol(_ symbol: String, _ path: String) -> Bool {
        let descriptor = open(path, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else { return false }
        defer { close(descriptor) }
        var information = stat()
        guard fstat(descriptor, &information) == 0, information.st_size > 0 else { return false }
        let count = Int(information.st_size)
        guard let memory = mmap(nil, count, PROT_READ, MAP_PRIVATE, descriptor, 0), memory != MAP_FAILED else {
            return false
        }
        defer { munmap(memory, count) }
        let wanted = Array(symbol.utf8)
        guard let first = wanted.first else { return false }
        var index = 0
        while index + wanted.count <= count {
            guard let found = memchr(memory + index, Int32(first), count - wanted.count + 1 - index) else { return false }
            index = found - memory
            if memcmp(found, wanted, wanted.count) == 0 { return true }
            index += 1
        }
        return false
    }
}
