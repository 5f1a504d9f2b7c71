import CSQLite
import Glibc

/// One connection of SQLite's C API whose every call may fail and says so. Used by one thread at a time.
final class SQLiteConnection: @unchecked Sendable {
    let path: String
    private var handle: OpaquePointer?

    /// - Parameter vfs: the host's; nil for SQLite's own.
    init(_ path: String, vfs: String?, isReadOnly: Bool) throws(StoreError) {
        self.path = path
        let access = isReadOnly ? SQLITE_OPEN_READONLY : SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE
        if vfs == nil, !isReadOnly { Self.make(path) }
        let flags = access | SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_EXRESCODE
        let code = sqlite3_open_v2(path, &handle, flags, vfs)
        guard code == SQLITE_OK else {
            let failure = error(code, "open")
            close()
            throw failure
        }
        // Another process (an operator's shell) may hold the lock for a moment.
        sqlite3_busy_timeout(handle, 2_000)
    }
    deinit { close() }

    /// Makes a file that only its owner may read, as orders have addresses of customers in them; SQLite
    /// would let everybody, and its log has the rights of the file. One that is there is left alone: not
    /// even opened, for closing it would end SQLite's locks. What goes wrong here, SQLite will say.
    private static func make(_ path: String) {
        let descriptor = Glibc.open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0o600)
        if descriptor >= 0 { Glibc.close(descriptor) }
    }

    /// Ends all statements, then the connection.
    func close() {
        guard let handle else { return }
        while let statement = sqlite3_next_stmt(handle, nil) { sqlite3_finalize(statement) }
        sqlite3_close_v2(handle)
        self.handle = nil
    }

    func execute(_ sql: String) throws(StoreError) {
        let code = sqlite3_exec(handle, sql, nil, nil, nil)
        guard code == SQLITE_OK else { throw error(code, sql) }
    }

    func prepare(_ sql: String) throws(StoreError) -> SQLiteStatement {
        var statement: OpaquePointer?
        let code = sqlite3_prepare_v3(handle, sql, -1, UInt32(SQLITE_PREPARE_PERSISTENT), &statement, nil)
        guard code == SQLITE_OK, let statement else { throw error(code, sql) }
        return SQLiteStatement(statement, of: self)
    }

    /// The first column of the first row; nil without rows.
    func number(_ sql: String) throws(StoreError) -> Int64? {
        let statement = try prepare(sql)
        defer { statement.finalize() }
        return try statement.step() ? statement.integer(0) : nil
    }
    /// As `number`, for text.
    func text(_ sql: String) throws(StoreError) -> String {
        let statement = try prepare(sql)
        defer { statement.finalize() }
        return try statement.step() ? statement.text(0) : ""
    }

    /// Runs the body between BEGIN and COMMIT; nothing of it is kept if it throws.
    func transaction(_ body: () throws(StoreError) -> Void) throws(StoreError) {
        try execute("BEGIN IMMEDIATE")
        do {
            try body()
            try execute("COMMIT")
        } catch {
            rollBack()
            throw error
        }
    }
    /// After an error: what the failed transaction left is let go. Its own failure changes nothing.
    func rollBack() {
        if let handle, sqlite3_get_autocommit(handle) == 0 {
            sqlite3_exec(handle, "ROLLBACK", nil, nil, nil)
        }
    }

    /// What went wrong, for the operator.
    func error(_ code: Int32, _ what: String) -> StoreError {
        let reason =
            handle.map { String(cString: sqlite3_errmsg($0)) } ?? String(cString: sqlite3_errstr(code))
        switch code & 0xFF {
        case SQLITE_FULL:
            return StoreError(kind: .disk, description: "\(path): the disk is full: make room (\(reason))")
        case SQLITE_CANTOPEN, SQLITE_PERM, SQLITE_READONLY, SQLITE_AUTH:
            return StoreError(
                kind: .unusable,
                description: "\(path): cannot be opened for writing: \(reason); check the "
                    + "folder and its permissions")
        case SQLITE_NOTADB:
            return StoreError(
                kind: .unusable, description: "\(path): is not a database of this shop (\(reason))")
        case SQLITE_CORRUPT, SQLITE_MISMATCH:
            return StoreError(
                kind: .damaged, description: "\(path): is damaged (\(reason)); restore it from a copy")
        case SQLITE_BUSY, SQLITE_LOCKED:
            return StoreError(kind: .disk, description: "\(path): locked by another process (\(reason))")
        case SQLITE_CONSTRAINT:
            return StoreError(
                kind: .taken, description: "\(path): written by another process (\(reason)); run one only")
        default:
            return StoreError(
                kind: .disk, description: "\(path): \(reason) (code \(code), at '\(what.prefix(60))')")
        }
    }
}

/// A prepared statement. Parameters and columns count as SQLite counts them: from 1 and from 0.
struct SQLiteStatement {
    private let handle: OpaquePointer
    private unowned let connection: SQLiteConnection

    init(_ handle: OpaquePointer, of connection: SQLiteConnection) {
        self.handle = handle
        self.connection = connection
    }

    func bind(_ index: Int32, _ value: Int64) { sqlite3_bind_int64(handle, index, value) }
    /// The bytes must stay until the statement is reset.
    func bind(_ index: Int32, _ bytes: UnsafeRawBufferPointer) {
        if bytes.isEmpty {
            sqlite3_bind_zeroblob(handle, index, 0)
        } else {
            sqlite3_bind_blob64(handle, index, bytes.baseAddress, UInt64(bytes.count), nil)
        }
    }
    /// Copied.
    func bind(_ index: Int32, _ bytes: [UInt8]) {
        let transient = unsafeBitCast(-1, to: sqlite3_destructor_type.self)
        sqlite3_bind_blob64(handle, index, bytes, UInt64(bytes.count), transient)
    }
    func bind(_ index: Int32, _ text: String) {
        let transient = unsafeBitCast(-1, to: sqlite3_destructor_type.self)
        sqlite3_bind_text(handle, index, text, -1, transient)
    }

    /// Whether there is a row; after the last one the statement is reset.
    func step() throws(StoreError) -> Bool {
        let code = sqlite3_step(handle)
        if code == SQLITE_ROW { return true }
        let failure = code == SQLITE_DONE ? nil : connection.error(code, sql)
        sqlite3_reset(handle)
        if let failure { throw failure }
        return false
    }
    /// For a statement without rows.
    func run() throws(StoreError) { _ = try step() }
    /// For a statement whose remaining rows are not wanted: lets go of its read lock.
    func reset() { sqlite3_reset(handle) }
    func finalize() { sqlite3_finalize(handle) }

    func integer(_ column: Int32) -> Int64 { sqlite3_column_int64(handle, column) }
    func text(_ column: Int32) -> String {
        sqlite3_column_text(handle, column).map { String(cString: $0) } ?? ""
    }
    /// Valid until the next step.
    func bytes(_ column: Int32) -> UnsafeRawBufferPointer {
        UnsafeRawBufferPointer(
            start: sqlite3_column_blob(handle, column), count: Int(sqlite3_column_bytes(handle, column)))
    }
    private var sql: String { sqlite3_sql(handle).map { String(cString: $0) } ?? "" }
}
