import EventLoop
import Glibc
import Testing

@testable import DBShard

@Suite struct FileRightsTests {
    private func rights(_ path: String) throws -> mode_t {
        var status = stat()
        try #require(stat(path, &status) == 0)
        return status.st_mode & 0o777
    }

    /// Orders have addresses of customers in them: nobody else of the machine reads them.
    @Test func onlyTheOwnerReadsOrders() throws {
        var name = Array("/tmp/souk-rights-XXXXXX".utf8CString)
        try #require(mkdtemp(&name) != nil)
        let root = String(decoding: name.dropLast().map { UInt8(bitPattern: $0) }, as: UTF8.self)
        let (folder, path) = (root + "/data", root + "/data/shard.db")
        defer {
            for suffix in ["", "-wal", "-shm"] { unlink(path + suffix) }
            rmdir(folder)
            rmdir(root)
        }
        try FileSystemDisk().makeFolder(folder)
        #expect(try rights(folder) == 0o700)
        let connection = try SQLiteConnection(path, vfs: nil, isReadOnly: false)
        try connection.execute("PRAGMA journal_mode = WAL")
        try connection.execute("CREATE TABLE one (two INTEGER)")
        for suffix in ["", "-wal", "-shm"] { #expect(try rights(path + suffix) == 0o600) }
        connection.close()
    }
}
