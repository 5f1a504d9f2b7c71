import ModuleKit

/// Where a shard's log and tables lie. SQLite today; an engine over a network implements the same.
///
/// All calls block and may fail: they are made on the shard's worker, one at a time, in order.
protocol OrderStore: AnyObject, Sendable {
    /// Opens the place, brings its schema up to date, begins a new epoch, and reads what is there.
    func open(_ expectations: LoadExpectations) throws(StoreError) -> LoadedShard
    /// Writes a batch and the background work that it carries; returns when it is durable. After an error it is not known whether it is.
    func commit(_ batch: Batch) throws(StoreError)
    /// Brings the tables for operators further, by at most about so many orders; answers how far
    /// they are now.
    func project(atMost orders: Int) throws(StoreError) -> Int64
    /// Writes a slice of a segment of keys; answers whether the segment is complete.
    func write(_ plan: SegmentPlan, atMost keys: Int) throws(StoreError) -> Bool
    func close()
    /// A connection of its own for reading. From any thread; used by one at a time.
    func makeReader() -> any OrderReader
}

/// Reads beside the writer. All calls block and may fail.
protocol OrderReader: AnyObject, Sendable {
    /// Nil where there is no such order.
    func find(_ id: Int64) throws(StoreError) -> OrderRecord?
    /// Looks a key up in segments, the newest first.
    func find(_ key: OrderKey, in segments: [Int64]) throws(StoreError) -> KnownKey?
    /// The keys of the log after a row, whole rows, until there are at least so many; sorted.
    func planSegment(
        _ number: Int64, after row: Int64, through last: Int64, keys: Int
    ) throws(StoreError) -> SegmentPlan
    func close()
}

/// What a segment says of a key.
struct KnownKey: Sendable, Equatable {
    let id: Int64
    let fingerprint: UInt64
}

/// Why a store could not do something.
struct StoreError: Error, Sendable, CustomStringConvertible {
    enum Kind: Sendable {
        /// The disk is full, or reading or writing failed: it may pass.
        case disk
        /// The place cannot be used as it is: wrong permissions, not a database, another layout.
        case unusable
        /// What was read makes no sense.
        case damaged
        /// Another process has opened the same place since.
        case taken
    }
    let kind: Kind
    /// Names the file, the reason and what to do.
    let description: String
}

/// What a shard expects of its store.
struct LoadExpectations: Sendable {
    var shard: Int
    var shards: Int
    /// Keys in the window.
    var window: Int
    /// Against crafted keys.
    var seed: UInt64
    /// Bytes that filters of segments may take.
    var filters: Int
}

/// Everything that a shard knows when it starts. Made on the worker, then owned by the loop.
final class LoadedShard: @unchecked Sendable {
    var stock = StockTable()
    var window: KeyWindow
    /// This opening of the store: durable, rising with each.
    var epoch: UInt64 = 0
    /// The last row of the log.
    var row: Int64 = 0
    var folded: Int64 = 0
    /// Variants whose rows are behind the log.
    var dirty: [Int64] = []
    var incoming: [Int64]
    var outgoing: [Outgoing]
    var segments: [KeySegment] = []
    /// Keys of rows up to this one are in segments.
    var sealedRow: Int64 = 0
    /// Rows of the log up to this one are in the tables for operators.
    var projected: Int64 = 0

    init(_ expectations: LoadExpectations) {
        window = KeyWindow(size: expectations.window, seed: expectations.seed)
        incoming = Array(repeating: 0, count: expectations.shards)
        outgoing = Array(repeating: Outgoing(), count: expectations.shards)
    }
}

/// The keys of one segment to be, sorted as the table is, and how far it is written.
final class SegmentPlan: @unchecked Sendable {
    struct Key: Sendable {
        let high: Int64
        let low: Int64
        let id: Int64
        let fingerprint: Int64
    }
    let number: Int64
    /// The last row of the log whose keys are in it.
    let through: Int64
    let keys: [Key]
    let filter: KeyFilter
    var written = 0
    var isComplete: Bool { written == keys.count }

    init(_ number: Int64, through: Int64, keys: [Key], filter: KeyFilter) {
        self.number = number
        self.through = through
        self.keys = keys
        self.filter = filter
    }
}
