/// The tables of a shard, and how older ones become them.
enum SQLiteSchema {
    /// Each step brings the schema from its index to the next version. Steps are never changed once
    /// they were released; new ones are added at the end.
    static let steps: [String] = [
        """
        CREATE TABLE meta(name TEXT PRIMARY KEY, value INTEGER NOT NULL) WITHOUT ROWID;
        CREATE TABLE log(last INTEGER PRIMARY KEY, body BLOB NOT NULL);
        CREATE TABLE stock(variant INTEGER PRIMARY KEY, available INTEGER NOT NULL,
          sells_beyond_stock INTEGER NOT NULL, through INTEGER NOT NULL);
        CREATE TABLE incoming(home INTEGER PRIMARY KEY, sequence INTEGER NOT NULL);
        CREATE TABLE outgoing(peer INTEGER PRIMARY KEY, row INTEGER NOT NULL, sequence INTEGER NOT NULL);
        CREATE TABLE cancelled(id INTEGER PRIMARY KEY);
        CREATE TABLE segments(segment INTEGER PRIMARY KEY, through INTEGER NOT NULL,
          keys INTEGER NOT NULL, filter BLOB NOT NULL);
        CREATE TABLE old_keys(segment INTEGER, high INTEGER, low INTEGER, id INTEGER NOT NULL,
          fingerprint INTEGER NOT NULL, PRIMARY KEY(segment, high, low)) WITHOUT ROWID;
        CREATE TABLE orders(id INTEGER PRIMARY KEY, placed_at INTEGER NOT NULL, email TEXT NOT NULL,
          total INTEGER NOT NULL, is_cancelled INTEGER NOT NULL DEFAULT 0);
        CREATE TABLE order_lines(order_id INTEGER, position INTEGER, variant INTEGER NOT NULL,
          quantity INTEGER NOT NULL, unit_price INTEGER NOT NULL,
          PRIMARY KEY(order_id, position)) WITHOUT ROWID;
        """
    ]
    static var version: Int64 { Int64(steps.count) }
    /// `SOUK`, so that another program's database is not mistaken for a shard's.
    static let application: Int64 = 0x534F_554B

    /// Brings the tables up to date, each step in a transaction of its own.
    static func migrate(_ connection: SQLiteConnection) throws(StoreError) {
        let found = try connection.number("PRAGMA user_version") ?? 0
        let owner = try connection.number("PRAGMA application_id") ?? 0
        let tables = try connection.number("SELECT count(*) FROM sqlite_schema") ?? 0
        guard tables == 0 || owner == application else {
            throw StoreError(
                kind: .unusable,
                description: "\(connection.path): is a database of another program; choose "
                    + "another path")
        }
        guard found <= version else {
            throw StoreError(
                kind: .unusable,
                description: "\(connection.path): was written by a newer version (schema "
                    + "\(found), this one knows \(version)); run that version")
        }
        for step in Int(found)..<steps.count {
            try connection.transaction { () throws(StoreError) in
                try connection.execute(steps[step])
                try connection.execute("PRAGMA application_id = \(application)")
                try connection.execute("PRAGMA user_version = \(step + 1)")
            }
        }
    }
}
