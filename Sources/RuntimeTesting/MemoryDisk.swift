import Glibc
import ModuleKit
import Synchronization

/// Files in memory, for modules that only read and replace whole files.
public final class MemoryDisk: Disk {
    public let sqliteVFS: String? = nil
    private let files = Mutex<[String: [UInt8]]>([:])
    /// What each call fails with; nil to work.
    public let failure = Mutex<Int32?>(nil)

    /// A disk with these files, by path.
    public init(_ files: [String: String] = [:]) {
        self.files.withLock { $0 = files.mapValues { Array($0.utf8) } }
    }

    private func check(_ path: String) throws(DiskError) {
        if let code = failure.withLock({ $0 }) { throw DiskError("\(path): error \(code)", code: code) }
    }
    public func makeFolder(_ path: String) throws(DiskError) { try check(path) }

    public func read(_ path: String, limit: Int) throws(DiskError) -> [UInt8] {
        try check(path)
        guard let bytes = files.withLock({ $0[path] }) else {
            throw DiskError("cannot read \(path): no such file", code: ENOENT)
        }
        guard bytes.count <= limit else {
            throw DiskError("cannot read \(path): it is larger than \(limit) bytes", code: EFBIG)
        }
        return bytes
    }
    public func replace(_ path: String, with bytes: [UInt8]) throws(DiskError) {
        try check(path)
        files.withLock { $0[path] = bytes }
    }
    public func list(_ path: String) throws(DiskError) -> [String] {
        try check(path)
        let prefix = path.hasSuffix("/") ? path : path + "/"
        return files.withLock { $0.keys.sorted() }.filter { $0.hasPrefix(prefix) }
            .map { String($0.dropFirst(prefix.count)) }
    }
    public func remove(_ path: String) throws(DiskError) {
        try check(path)
        files.withLock { $0[path] = nil }
    }
    public func exists(_ path: String) -> Bool { files.withLock { $0[path] != nil } }
}
