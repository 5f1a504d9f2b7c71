import ModuleKit

/// What this shard owes one other: settlements in order, kept until they are on its disk.
struct Outgoing: Sendable {
    /// One settlement that is on our disk.
    struct Owed: Sendable {
        /// The row of the log it came from, and how many were owed before that row.
        var row: Int64
        var before: Int64
        var settlement: Settlement
    }
    private(set) var owed: [Owed] = []
    private var first = 0
    /// The last sequence number given, and the last that is on our disk.
    var assigned: Int64 = 0
    private(set) var committed: Int64 = 0
    /// Through the last row that was committed.
    private var committedRow: Int64 = 0
    /// The last one that is on the peer's disk.
    private(set) var delivered: Int64 = 0
    /// The peer's present incarnation, as far as it has said.
    var epoch: UInt64 = 0
    var isUnderWay = false
    /// Nothing is sent before this time.
    var retryAt: UInt64 = 0

    init() {}
    /// As of a mark in the log.
    init(_ mark: OutgoingMark) {
        assigned = mark.sequence
        committed = mark.sequence
        delivered = mark.sequence
        committedRow = mark.row
    }

    var count: Int { owed.count - first }

    /// Settlements of a row that is on the disk now, in order.
    mutating func append(_ settlement: Settlement, row: Int64) {
        let before = owed.last.flatMap { $0.row == row && first < owed.count ? $0.before : nil } ?? committed
        owed.append(Owed(row: row, before: before, settlement: settlement))
        committed = settlement.sequence
        assigned = max(assigned, committed)
    }
    /// All of what was owed through this row has been appended.
    mutating func commit(through row: Int64) { committedRow = row }

    /// They are on the peer's disk.
    mutating func deliver(through sequence: Int64) {
        delivered = max(delivered, min(sequence, committed))
        while first < owed.count, owed[first].settlement.sequence <= delivered { first += 1 }
        if first == owed.count {
            owed.removeAll(keepingCapacity: first < 1024)
            first = 0
        } else if first > 1024, first * 2 > owed.count {
            owed.removeFirst(first)
            first = 0
        }
    }

    /// The next to be sent.
    func next(atMost count: Int) -> [Settlement] {
        owed[first..<min(owed.count, first + count)].map(\.settlement)
    }

    /// From where on the log is to be read after a restart.
    var mark: OutgoingMark {
        guard first < owed.count else { return OutgoingMark(row: committedRow, sequence: committed) }
        return OutgoingMark(row: owed[first].row - 1, sequence: owed[first].before)
    }
}
