/// A node's disk. In production the file system; in tests memory that keeps only what was synced.
/// Every call blocks and can fail: on a worker, never on a loop.
public protocol Disk: AnyObject, Sendable {
    /// The name of the SQLite VFS to open databases with; nil for SQLite's own.
    var sqliteVFS: String? { get }
    /// Makes the folder and those above it.
    func makeFolder(_ path: String) throws(DiskError)
    /// The whole file. Throws if it is larger than `limit` bytes.
    func read(_ path: String, limit: Int) throws(DiskError) -> [UInt8]
    /// Replaces the file as a whole and syncs it: afterwards it is either the old or the new one.
    func replace(_ path: String, with bytes: [UInt8]) throws(DiskError)
    /// Names in the folder, sorted.
    func list(_ path: String) throws(DiskError) -> [String]
    /// Removes a file; one that is not there is an error.
    func remove(_ path: String) throws(DiskError)
    /// Whether there is a file or folder of that name.
    func exists(_ path: String) -> Bool
}

/// What went wrong with a file.
public struct DiskError: Error, Sendable, CustomStringConvertible {
    /// Names the path, the reason and what to do.
    public let description: String
    /// As in `errno.h`.
    public let code: Int32

    public init(_ description: String, code: Int32) {
        self.description = description
        self.code = code
    }
}
