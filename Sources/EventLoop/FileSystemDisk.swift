import Glibc
import ModuleKit

/// The file system. Every call blocks: never on a loop.
public final class FileSystemDisk: Disk {
    /// None of its own: SQLite uses the system's files.
    public let sqliteVFS: String? = nil

    /// Knows nothing yet; paths are given with each call.
    public init() {}

    /// Makes the folder and those above it, for their owner alone: what modules keep is of customers. One
    /// that is there is good, and stays as open as it is.
    public func makeFolder(_ path: String) throws(DiskError) {
        var prefix = path.hasPrefix("/") ? "/" : ""
        for part in path.split(separator: "/") {
            prefix += part
            if mkdir(prefix, 0o700) != 0 && errno != EEXIST { throw DiskError("cannot make folder", prefix) }
            prefix += "/"
        }
        var information = stat()
        guard stat(path, &information) == 0 else { throw DiskError("cannot make folder", path) }
        guard information.st_mode & S_IFMT == S_IFDIR else {
            throw DiskError("cannot make folder \(path): a file of that name is there", code: ENOTDIR)
        }
    }

    /// The whole file; an error if it has more than `limit` bytes.
    public func read(_ path: String, limit: Int) throws(DiskError) -> [UInt8] {
        let descriptor = open(path, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else { throw DiskError("cannot read", path) }
        defer { close(descriptor) }
        var information = stat()
        guard fstat(descriptor, &information) == 0 else { throw DiskError("cannot read", path) }
        guard information.st_mode & S_IFMT != S_IFDIR else {
            throw DiskError("cannot read \(path): it is a folder", code: EISDIR)
        }
        var bytes = [UInt8](repeating: 0, count: max(4096, min(limit, Int(information.st_size)) + 1))
        var count = 0
        while true {
            if count == bytes.count { bytes.append(contentsOf: repeatElement(0, count: bytes.count)) }
            let got = bytes.withUnsafeMutableBytes { buffer in
                Glibc.read(descriptor, buffer.baseAddress.map { $0 + count }, buffer.count - count)
            }
            if got < 0 && errno == EINTR { continue }
            guard got >= 0 else { throw DiskError("cannot read", path) }
            count += got
            guard count <= limit else {
                throw DiskError("cannot read \(path): it is larger than \(limit) bytes", code: EFBIG)
            }
            if got == 0 { break }
        }
        bytes.removeLast(bytes.count - count)
        return bytes
    }

    /// Puts the file there whole, or leaves what was there: written beside, synced, renamed.
    public func replace(_ path: String, with bytes: [UInt8]) throws(DiskError) {
        let temporary = path + ".new"
        let descriptor = open(temporary, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0o600)
        guard descriptor >= 0 else { throw DiskError("cannot write", temporary) }
        var isWhole = true
        var count = 0
        while isWhole && count < bytes.count {
            let put = bytes.withUnsafeBytes { buffer in
                write(descriptor, buffer.baseAddress.map { $0 + count }, buffer.count - count)
            }
            if put < 0 && errno == EINTR { continue }
            isWhole = put > 0
            count += max(0, put)
        }
        isWhole = isWhole && fsync(descriptor) == 0
        let code = errno
        close(descriptor)
        guard isWhole, rename(temporary, path) == 0 else {
            let failure = isWhole ? errno : code
            unlink(temporary)
            throw DiskError("cannot write", path, code: failure)
        }
        syncFolder(of: path)
    }

    /// A name is on the disk only when its folder is.
    private func syncFolder(of path: String) {
        let folder = path.lastIndex(of: "/").map { String(path[..<$0]) } ?? "."
        let descriptor = open(folder.isEmpty ? "/" : folder, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else { return }
        fsync(descriptor)
        close(descriptor)
    }

    /// Names in the folder, sorted.
    public func list(_ path: String) throws(DiskError) -> [String] {
        guard let folder = opendir(path) else { throw DiskError("cannot list", path) }
        defer { closedir(folder) }
        var names: [String] = []
        while let entry = readdir(folder) {
            let name = withUnsafePointer(to: &entry.pointee.d_name) {
                $0.withMemoryRebound(to: CChar.self, capacity: 256) { String(cString: $0) }
            }
            if name != "." && name != ".." { names.append(name) }
        }
        return names.sorted()
    }

    /// Removes one file.
    public func remove(_ path: String) throws(DiskError) {
        if unlink(path) != 0 { throw DiskError("cannot remove", path) }
    }

    /// Whether something of that name is there.
    public func exists(_ path: String) -> Bool { access(path, F_OK) == 0 }
}

extension DiskError {
    /// The reason in `errno`.
    fileprivate init(_ action: String, _ path: String, code: Int32 = errno) {
        let reason = strerror(code).map { String(cString: $0) } ?? "error \(code)"
        let advice =
            switch code {
            case EACCES, EPERM, EROFS: "; give this user the right to it, or choose another place"
            case ENOSPC, EDQUOT: "; make room on the disk"
            default: ""
            }
        self.init("\(action) \(path): \(reason)\(advice)", code: code)
    }
}
