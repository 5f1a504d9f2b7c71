import ModuleKit

/// What is answered once a batch is on the disk.
enum Outcome {
    /// This answer.
    case response(OrdersResponse)
    /// The order of that id, read from the log: its key came again.
    case repeated(Int64)
    /// What is left of the variant then.
    case level(Int64)
}

/// What a shard gives to one commit, and whom to answer after it. Owned by the loop or by the writer,
/// never by both.
final class Batch: @unchecked Sendable {
    private struct Promise: ~Copyable {
        var reply: Reply<OrdersResponse>
        var outcome: Outcome
    }
    @exclusivity(unchecked) var bytes = ByteBuffer()
    /// Key of the row; set when the batch is closed.
    @exclusivity(unchecked) var row: Int64 = 0
    @exclusivity(unchecked) var orders = 0
    @exclusivity(unchecked) var entries = 0
    /// Entries with keys.
    @exclusivity(unchecked) var keys = 0
    @exclusivity(unchecked) var cancelled: [Int64] = []
    @exclusivity(unchecked) var fold: Fold?
    /// What other shards are owed for this batch's decisions.
    @exclusivity(unchecked) var settlements: [(peer: Int, settlement: Settlement)] = []
    /// Background work that shares the batch's sync: orders to project, and keys to be sealed.
    @exclusivity(unchecked) var projecting = 0
    @exclusivity(unchecked) var projected: Int64 = 0
    @exclusivity(unchecked) var sealing = 0
    @exclusivity(unchecked) var plan: SegmentPlan?
    /// Somebody waits for it; otherwise it may wait for company.
    @exclusivity(unchecked) var isUrgent = false
    @exclusivity(unchecked) private var promises: UnsafeMutablePointer<Promise>
    @exclusivity(unchecked) private var capacity = 64
    @exclusivity(unchecked) private(set) var asked = 0
    @exclusivity(unchecked) private var peerPromises: [(ReplyBox<HoldsResponse>, HoldsResponse)] = []

    init() {
        promises = .allocate(capacity: capacity)
    }
    deinit {
        promises.deinitialize(count: asked)
        promises.deallocate()
    }

    var isEmpty: Bool { entries == 0 && asked == 0 && peerPromises.isEmpty && fold == nil }

    /// Answers this when the batch is on the disk.
    @inline(__always) func promise(_ outcome: consuming Outcome, _ reply: consuming Reply<OrdersResponse>) {
        if asked == capacity { grow() }
        (promises + asked).initialize(to: Promise(reply: reply, outcome: outcome))
        asked &+= 1
        isUrgent = true
    }
    func promise(_ response: HoldsResponse, _ reply: ReplyBox<HoldsResponse>) {
        peerPromises.append((reply, response))
    }

    private func grow() {
        let wide = UnsafeMutablePointer<Promise>.allocate(capacity: capacity * 2)
        wide.moveInitialize(from: promises, count: asked)
        promises.deallocate()
        promises = wide
        capacity *= 2
    }

    /// Hands out all promises, oldest first; `body` answers them.
    func keepPromises(_ body: (consuming Outcome, consuming Reply<OrdersResponse>) -> Void) {
        for index in 0..<asked {
            let promise = (promises + index).move()
            body(promise.outcome, promise.reply)
        }
        asked = 0
        for (reply, response) in peerPromises { reply(response) }
        peerPromises.removeAll(keepingCapacity: true)
    }

    /// Tells everyone who waits that it did not come to pass, as far as is known.
    func breakPromises(_ reason: String) {
        for index in 0..<asked {
            let promise = (promises + index).move()
            promise.reply(.unavailable(reason))
        }
        asked = 0
        for (reply, _) in peerPromises { reply(.unavailable) }
        peerPromises.removeAll()
    }

    /// Makes it ready to be filled again.
    func reset() {
        bytes.removeAll()
        (row, orders, entries, keys) = (0, 0, 0, 0)
        cancelled.removeAll(keepingCapacity: true)
        settlements.removeAll(keepingCapacity: true)
        fold = nil
        (projecting, sealing, plan) = (0, 0, nil)
        isUrgent = false
    }
}

/// A slice of the stock rows as of the end of a batch; written in the same transaction.
struct Fold: Sendable {
    var rows: [StockRow] = []
    /// Rows of the log up to this one are in the stock rows of all variants.
    var folded: Int64 = 0
    /// How far each home's settlements have come.
    var incoming: [(home: Int, sequence: Int64)] = []
    /// From where on what a peer is owed must be looked for in the log.
    var outgoing: [(peer: Int, mark: OutgoingMark)] = []
}

/// What a row of the stock table says.
struct StockRow: Sendable {
    var variant: Int64
    var available: Int
    var sellsBeyondStock: Bool
}

/// Through the end of this row of the log, so many settlements were owed to a peer, and all of them
/// are on its disk.
struct OutgoingMark: Sendable, Equatable {
    var row: Int64 = 0
    var sequence: Int64 = 0
}
