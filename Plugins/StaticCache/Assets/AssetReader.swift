import Glibc

/// What tells that a file has changed.
struct FileStamp: Equatable, Sendable {
    var seconds: Int
    var nanoseconds: Int
    var size: Int
    var inode: UInt
}

/// One file as it was read.
struct ReadFile: Sendable {
    let bytes: [UInt8]
    let stamp: FileStamp
}

/// A file with its compressed neighbours.
struct ReadAsset: Sendable {
    let identity: ReadFile
    let brotli: ReadFile?
    let gzip: ReadFile?

    var stamps: AssetStamps {
        AssetStamps(identity: identity.stamp, brotli: brotli?.stamp, gzip: gzip?.stamp)
    }
}

/// What was there when the file was read last.
struct AssetStamps: Equatable, Sendable {
    let identity: FileStamp
    let brotli: FileStamp?
    let gzip: FileStamp?
}

/// Reads files of one folder and nothing outside of it. Blocks: never on a loop.
struct AssetReader: Sendable {
    enum Outcome: Sendable {
        case asset(ReadAsset)
        case unchanged
        case missing
        /// It is there, but larger than is served.
        case tooLarge
        /// `errno` of what went wrong.
        case failed(Int32)
    }
    let folder: String
    /// Bytes of the largest file.
    let largest: Int

    /// The file, unless it is as it was.
    func read(_ path: String, unlessAs known: AssetStamps?) -> Outcome {
        if let known, stamps(path) == known { return .unchanged }
        switch file(path) {
        case .failure(let error): return Self.outcome(error)
        case .success(let identity):
            let brotli = neighbour(path + ".br", of: identity)
            let gzip = neighbour(path + ".gz", of: identity)
            return .asset(ReadAsset(identity: identity, brotli: brotli, gzip: gzip))
        }
    }

    private struct ReadError: Error { let code: Int32 }

    private static func outcome(_ error: ReadError) -> Outcome {
        switch error.code {
        case ENOENT, ENOTDIR, ELOOP, EISDIR, EACCES, ENAMETOOLONG, ENXIO: .missing
        case EFBIG: .tooLarge
        default: .failed(error.code)
        }
    }

    /// A compressed form, if it is newer than the file itself and smaller.
    private func neighbour(_ path: String, of identity: ReadFile) -> ReadFile? {
        guard case .success(let file) = file(path), Self.isCurrent(file.stamp, for: identity.stamp) else {
            return nil
        }
        return file
    }

    private static func isCurrent(_ stamp: FileStamp, for identity: FileStamp) -> Bool {
        stamp.size < identity.size
            && (stamp.seconds, stamp.nanoseconds) >= (identity.seconds, identity.nanoseconds)
    }

    private func stamps(_ path: String) -> AssetStamps? {
        guard let identity = stamp(path) else { return nil }
        func neighbour(_ path: String) -> FileStamp? {
            stamp(path).flatMap { Self.isCurrent($0, for: identity) ? $0 : nil }
        }
        return AssetStamps(identity: identity, brotli: neighbour(path + ".br"), gzip: neighbour(path + ".gz"))
    }

    private func stamp(_ path: String) -> FileStamp? {
        var status = stat()
        guard stat("\(folder)/\(path)", &status) == 0 else { return nil }
        return Self.stamp(status)
    }

    private static func stamp(_ status: stat) -> FileStamp {
        FileStamp(
            seconds: status.st_mtim.tv_sec, nanoseconds: status.st_mtim.tv_nsec, size: Int(status.st_size),
            inode: UInt(status.st_ino))
    }

    private func file(_ path: String) -> Result<ReadFile, ReadError> {
        let descriptor = open(path)
        guard descriptor >= 0 else { return .failure(ReadError(code: errno)) }
        defer { close(descriptor) }
        var status = stat()
        guard fstat(descriptor, &status) == 0 else { return .failure(ReadError(code: errno)) }
        guard status.st_mode & S_IFMT == S_IFREG else { return .failure(ReadError(code: ENOENT)) }
        guard status.st_size <= largest else { return .failure(ReadError(code: EFBIG)) }
        let size = Int(status.st_size)
        var failure: Int32 = 0
        let bytes = [UInt8](unsafeUninitializedCapacity: size) { buffer, count in
            while count < size, let base = buffer.baseAddress {
                let got = Glibc.read(descriptor, base + count, size - count)
                if got < 0 && errno == EINTR { continue }
                if got < 0 { failure = errno }
                if got <= 0 { break }
                count += got
            }
        }
        if failure != 0 { return .failure(ReadError(code: failure)) }
        return .success(ReadFile(bytes: bytes, stamp: Self.stamp(status)))
    }

    /// Opens a file below the folder; -1 with `errno` if that cannot be.
    ///
    /// Links are followed only to places inside: the path is resolved first, and then opened component
    /// by component without following any, so that nobody can slip in a link in between.
    private func open(_ path: String) -> Int32 {
        guard let root = Self.resolved(folder), let target = Self.resolved("\(folder)/\(path)") else {
            return -1
        }
        let prefix = root == "/" ? "/" : root + "/"
        guard target.hasPrefix(prefix) else {
            errno = ENOENT
            return -1
        }
        var folder = Glibc.open(root, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
        guard folder >= 0 else { return -1 }
        let components = target.dropFirst(prefix.count).split(separator: "/")
        for component in components.dropLast() {
            let next = openat(folder, String(component), O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC)
            let code = errno
            close(folder)
            guard next >= 0 else {
                errno = code
                return -1
            }
            folder = next
        }
        // Not blocking, so that a named pipe holds nobody up.
        let flags = O_RDONLY | O_NOFOLLOW | O_CLOEXEC | O_NONBLOCK
        let file = openat(folder, String(components.last ?? ""), flags)
        let code = errno
        close(folder)
        errno = code
        return file
    }

    private static func resolved(_ path: String) -> String? {
        guard let memory = realpath(path, nil) else { return nil }
        defer { free(memory) }
        return String(cString: memory)
    }
}
