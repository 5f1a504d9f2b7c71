import ModuleKit

/// An order that cannot be decided at once: an old key is looked up, or other shards are asked to hold
/// pieces. Belongs to the shard's loop.
final class Waiter: @unchecked Sendable {
    let draft: OrderDraft
    let fingerprint: UInt64
    let delivery: Delivery
    /// The first asked; the others repeated the same key meanwhile.
    var replies: [ReplyBox<OrdersResponse>]
    /// In the order of arrival.
    let serial: Int

    // Over several shards:
    var attempt: UInt64 = 0
    var until: UInt64 = 0
    /// Answers that have not come.
    var waiting = 0
    var own: [StockLine] = []
    var others: [(peer: Int, lines: [StockLine])] = []
    var held: [(peer: Int, epoch: UInt64)] = []
    var refusal: OrdersResponse?
    /// It was answered; only its slot waits for the rest of the answers.
    var isFinished = false

    init(
        _ draft: consuming OrderDraft, _ fingerprint: UInt64, _ delivery: Delivery, serial: Int,
        _ reply: consuming Reply<OrdersResponse>
    ) {
        self.draft = draft
        self.fingerprint = fingerprint
        self.delivery = delivery
        self.serial = serial
        replies = [ReplyBox(reply)]
    }
}

/// The number that comes back with the answer to a question between shards.
struct HoldsTag: Equatable {
    enum Kind: UInt32 {
        case hold, settle, join, ask
    }
    /// Numbers that fit.
    static let slots = 1 << 22
    let kind: Kind
    /// Of the shard's tables: an answer to earlier ones does not count.
    let generation: UInt32
    /// The waiter's or the question's slot, or the peer.
    let slot: Int

    init(_ kind: Kind, generation: Int, slot: Int) {
        self.kind = kind
        self.generation = UInt32(truncatingIfNeeded: generation) & 0xFF
        self.slot = slot
    }
    init(_ raw: UInt32) {
        kind = Kind(rawValue: raw >> 30) ?? .hold
        generation = (raw >> 22) & 0xFF
        slot = Int(raw & 0x3F_FFFF)
    }
    var raw: UInt32 { kind.rawValue << 30 | generation << 22 | UInt32(truncatingIfNeeded: slot) & 0x3F_FFFF }
}

/// Pieces set aside for an order of another shard.
struct Held: Sendable {
    var home: Int
    var attempt: UInt64
    var lines: [StockLine]
    /// When its home is asked what became of it; names this hold together with the attempt.
    var until: UInt64
}
