import CSimulatedDisk
import Glibc
import ModuleKit

/// A disk in memory that keeps over a loss of power only what was synced, also beneath SQLite: for
/// tests of durability. Its faults can be planned call by call.
///
/// What it does not model: lost directory entries, a sync that fails and forgets what it should have
/// written, bits that rot.
public final class SimulatedDisk: Disk, @unchecked Sendable {
    /// What goes wrong from now on. Calls (writing, cutting, syncing, reading) are counted from 1.
    public struct Faults: Sendable {
        /// The power fails within this call; nil for never.
        public var powerLossAt: UInt64?
        /// This call fails once; nil for never.
        public var errorAt: UInt64?
        /// Writes that would make a file longer fail.
        public var isFull = false
        /// Everything fails.
        public var isBroken = false

        public init(
            powerLossAt: UInt64? = nil, errorAt: UInt64? = nil, isFull: Bool = false, isBroken: Bool = false
        ) {
            self.powerLossAt = powerLossAt
            self.errorAt = errorAt
            self.isFull = isFull
            self.isBroken = isBroken
        }
    }
    private let disk: OpaquePointer
    /// The name of this disk's own VFS.
    public let sqliteVFS: String?

    /// - Parameter seed: decides which unsynced sectors survive.
    public init(seed: UInt64 = 1) {
        guard let disk = souk_disk_new(seed) else { preconditionFailure("no memory for a disk") }
        self.disk = disk
        sqliteVFS = String(cString: souk_disk_name(disk))
    }
    /// Connections must be closed; an actor's are when its node is closed.
    deinit { souk_disk_free(disk) }

    /// Calls so far: the number to plan faults from.
    public var calls: UInt64 { souk_disk_calls(disk) }
    /// Syncs that succeeded.
    public var syncs: UInt64 { souk_disk_syncs(disk) }
    /// Plans faults; those planned before are forgotten.
    public func plan(_ faults: Faults) {
        souk_disk_set_faults(
            disk,
            souk_disk_faults(
                power_loss_at: faults.powerLossAt ?? 0, error_at: faults.errorAt ?? 0,
                is_full: faults.isFull ? 1 : 0, is_broken: faults.isBroken ? 1 : 0))
    }
    /// Whether everything fails until `restorePower`.
    public var hasLostPower: Bool { souk_disk_has_lost_power(disk) != 0 }
    /// Cuts the power now. Close the node after it: what it still writes fails.
    public func cutPower() { souk_disk_cut_power(disk) }
    /// The power is back, with what was synced and some of the rest; planned faults are forgotten.
    public func restorePower() { souk_disk_restore_power(disk) }

    // MARK: whole files

    private func check(_ code: Int32, _ path: String) throws(DiskError) {
        if code != 0 { throw DiskError("\(path): \(String(cString: strerror(code)))", code: code) }
    }
    /// Folders are part of their files' names: nothing to make.
    public func makeFolder(_ path: String) throws(DiskError) {
        if hasLostPower { try check(EIO, path) }
    }
    /// As `Disk` says; what was written last, synced or not.
    public func read(_ path: String, limit: Int) throws(DiskError) -> [UInt8] {
        let size = souk_disk_size(disk, path)
        guard size >= 0 else { throw DiskError("\(path): no such file", code: ENOENT) }
        guard size <= limit else { throw DiskError("\(path): larger than \(limit) bytes", code: EFBIG) }
        var bytes = [UInt8](repeating: 0, count: max(1, Int(size)))
        try check(souk_disk_read(disk, path, &bytes, size), path)
        return Array(bytes.prefix(Int(size)))
    }
    /// As `Disk` says: durable when it returns.
    public func replace(_ path: String, with bytes: [UInt8]) throws(DiskError) {
        try check(souk_disk_replace(disk, path, bytes, Int64(bytes.count)), path)
    }
    /// Names directly in the folder, sorted.
    public func list(_ path: String) throws(DiskError) -> [String] {
        let prefix = path.hasSuffix("/") ? path : path + "/"
        var names: [String] = []
        var index: Int32 = 0
        while let found = souk_disk_path(disk, index) {
            let name = String(cString: found)
            if name.hasPrefix(prefix) { names.append(String(name.dropFirst(prefix.count))) }
            index += 1
        }
        return names.filter { !$0.contains("/") }.sorted()
    }
    /// Durable when it returns.
    public func remove(_ path: String) throws(DiskError) { try check(souk_disk_remove(disk, path), path) }
    /// Whether there is such a file.
    public func exists(_ path: String) -> Bool { souk_disk_size(disk, path) >= 0 }
}
