import ModuleKit

/// A piece of a page under way.
enum PagePiece {
    case text(HTTPBody)
    case include(Resolution)
}

/// One include of one page, until it is known what stands in its place.
final class Resolution {
    /// Who holds a resolution holds its page.
    unowned(unsafe) let page: Page
    let include: ParsedShell.Include
    /// 0 in the shell itself.
    let depth: Int
    @exclusivity(unchecked) var deadline: UInt64 = 0
    @exclusivity(unchecked) var hasTriedAlternative = false
    /// What stands in its place; nil until that is known.
    @exclusivity(unchecked) var pieces: [PagePiece]?

    init(_ include: ParsedShell.Include, of page: Page, depth: Int) {
        self.include = include
        self.page = page
        self.depth = depth
    }
}

/// A page under way: from the request to the last piece. Belongs to its actor's loop.
final class Page: @unchecked Sendable {
    let request: HTTPRequest
    let delivery: Delivery
    let reply: ReplyBox<HTTPResponse>
    @exclusivity(unchecked) var shell: ParsedShell?
    @exclusivity(unchecked) var cacheStatus = HTTPCacheStatus()
    @exclusivity(unchecked) var pieces: [PagePiece] = []
    /// Includes for which it is not known what stands in their place.
    @exclusivity(unchecked) var open: [Resolution] = []
    @exclusivity(unchecked) var includeCount = 0
    /// Whether something in it is for this visitor alone.
    @exclusivity(unchecked) var isPersonal = false
    /// An include failed with nothing to stand in, and the settings say that this fails the page.
    @exclusivity(unchecked) var hasFailed = false
    @exclusivity(unchecked) var streamAt: UInt64 = 0
    @exclusivity(unchecked) var stream: HTTPBodyStream?
    /// Pieces that were written to the stream.
    @exclusivity(unchecked) var written = 0
    @exclusivity(unchecked) var timer = TimerToken.none
    @exclusivity(unchecked) var isFinished = false

    init(_ request: HTTPRequest, _ delivery: Delivery, _ reply: ReplyBox<HTTPResponse>) {
        self.request = request
        self.delivery = delivery
        self.reply = reply
    }

    /// All pieces from the beginning up to the first that is missing; whether none is.
    func ready() -> (pieces: [HTTPBody], isWhole: Bool) {
        var result: [HTTPBody] = []
        let isWhole = Self.collect(pieces, into: &result)
        return (result, isWhole)
    }

    private static func collect(_ pieces: [PagePiece], into result: inout [HTTPBody]) -> Bool {
        for piece in pieces {
            switch piece {
            case .text(let body): result.append(body)
            case .include(let resolution):
                guard let inner = resolution.pieces, collect(inner, into: &result) else { return false }
            }
        }
        return true
    }
}

/// Values by tag, for questions under way; a tag is free again when its answer has come.
struct QuestionSlots<Value> {
    private var slots: [Value?] = []
    private var free: [UInt32] = []

    var count: Int { slots.count - free.count }

    mutating func add(_ value: Value) -> UInt32 {
        if let slot = free.popLast() {
            slots[Int(slot)] = value
            return slot
        }
        slots.append(value)
        return UInt32(truncatingIfNeeded: slots.count - 1)
    }
    mutating func take(_ tag: UInt32) -> Value? {
        guard Int(tag) < slots.count, let value = slots[Int(tag)] else { return nil }
        slots[Int(tag)] = nil
        free.append(tag)
        return value
    }
}
