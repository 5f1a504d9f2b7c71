import Glibc
import ModuleKit
import Runtime

/// Where plugins are looked for.
enum PluginFolders {
    /// The command's own folder, then those of `SOUK_PLUGINS`.
    static var all: [String] {
        let given = ProcessEnvironment.all["SOUK_PLUGINS"]?.split(separator: ":").map(String.init) ?? []
        return [ownFolder] + given
    }

    private static var ownFolder: String {
        var buffer = [CChar](repeating: 0, count: 4096)
        let count = readlink("/proc/self/exe", &buffer, buffer.count - 1)
        guard count > 0 else { return "." }
        let path = String(decoding: buffer.prefix(count).map { UInt8(bitPattern: $0) }, as: UTF8.self)
        return path.lastIndex(of: "/").map { String(path[..<$0]) } ?? "."
    }

    /// As `souk version` and error messages show it.
    static var digest: String { String(contractDigest(), radix: 16) }
}

/// The variables of the process.
enum ProcessEnvironment {
    static let all: [String: String] = {
        var variables: [String: String] = [:]
        var entry = environ
        while let text = entry.pointee {
            let line = String(cString: text)
            if let equals = line.firstIndex(of: "=") {
                variables[String(line[..<equals])] = String(line[line.index(after: equals)...])
            }
            entry += 1
        }
        return variables
    }()
}

/// Writes lines for people.
enum Terminal {
    static func error(_ text: String) {
        var bytes = Array((text.hasSuffix("\n") ? text : text + "\n").utf8)
        _ = bytes.withUnsafeMutableBytes { write(2, $0.baseAddress, $0.count) }
    }
}
