import ModuleKit

/// Owns the stock of its variants and the orders whose home it is. Everything is decided in memory, at
/// receipt; nobody hears of it before it is on the disk.
actor Shard: Module {
    enum Phase: Equatable {
        /// The store is being opened.
        case loading
        /// Everything is in memory; other shards have not said yet what they owe us.
        case joining
        case live
        /// The disk failed; it is tried again.
        case broken
    }

    nonisolated let context: Context
    let options: ShardOptions
    let ownership: Ownership
    let store: any OrderStore
    let worker: any Worker
    /// The other shards of the group, and this one, by number; absent with one shard.
    let peers: Link<HoldsContract>?
    let metrics: ShardMetrics
    var index: Int { ownership.shard }

    @exclusivity(unchecked) var phase = Phase.loading
    @exclusivity(unchecked) var brokenBecause = "the shard is starting"
    /// Of the tables below: raised when they are thrown away.
    @exclusivity(unchecked) var generation = 0
    @exclusivity(unchecked) var isReady = false
    @exclusivity(unchecked) var wasBroken = false
    @exclusivity(unchecked) var retryDelay = firstRetry
    @exclusivity(unchecked) var random: Random
    @exclusivity(unchecked) var drained: (@Sendable () -> Void)?

    // What is known.
    @exclusivity(unchecked) var stock = StockTable()
    @exclusivity(unchecked) var window: KeyWindow
    @exclusivity(unchecked) var segments: [KeySegment] = []
    @exclusivity(unchecked) var epoch: UInt64 = 0
    @exclusivity(unchecked) var nextNumber: Int64 = 1
    /// The last rows of the log: closed in memory, and on the disk.
    @exclusivity(unchecked) var closedRow: Int64 = 0
    @exclusivity(unchecked) var committedRow: Int64 = 0

    // Group commit.
    @exclusivity(unchecked) var collecting = Batch()
    @exclusivity(unchecked) var ready: [Batch] = []
    @exclusivity(unchecked) var spare: [Batch] = []
    @exclusivity(unchecked) var isWriting = false
    @exclusivity(unchecked) var isFlushing = false
    @exclusivity(unchecked) var tickIsSet = false

    // Variants whose rows are behind, oldest first, with the last row that does not concern them.
    @exclusivity(unchecked) var dirty: [(variant: Int64, since: Int64)] = []
    @exclusivity(unchecked) var firstDirty = 0
    @exclusivity(unchecked) var dirtyAt: UInt64 = 0

    // In the background.
    @exclusivity(unchecked) var isInBackground = false
    /// The next batch is to take a slice of the projection along.
    @exclusivity(unchecked) var wantsProjection = false
    @exclusivity(unchecked) var projected: Int64 = 0
    @exclusivity(unchecked) var plan: SegmentPlan?
    @exclusivity(unchecked) var isPlanning = false
    @exclusivity(unchecked) var sealedRow: Int64 = 0
    @exclusivity(unchecked) var committedKeys = 0

    // Reading.
    @exclusivity(unchecked) var idleReaders: [any OrderReader] = []
    @exclusivity(unchecked) var reads: [PendingRead] = []
    @exclusivity(unchecked) var cancelling: [Int64: [ReplyBox<OrdersResponse>]] = [:]
    @exclusivity(unchecked) var cancelled: [Int64: OrderRecord] = [:]

    // Orders that wait; look-ups by key only.
    @exclusivity(unchecked) var waiters: [OrderKey: Waiter] = [:]
    @exclusivity(unchecked) var serial = 0
    @exclusivity(unchecked) var slots: [Waiter?] = []
    @exclusivity(unchecked) var freeSlots: [Int] = []
    @exclusivity(unchecked) var deadlines: [(slot: Int, attempt: UInt64, until: UInt64)] = []
    @exclusivity(unchecked) var firstDeadline = 0

    // Other shards.
    @exclusivity(unchecked) var outgoing: [Outgoing] = []
    @exclusivity(unchecked) var incoming: [Int64] = []
    /// The last settlement that each home owes us; nil until it has said so.
    @exclusivity(unchecked) var owed: [Int64?] = []
    @exclusivity(unchecked) var isJoining: [Bool] = []
    @exclusivity(unchecked) var holds: [OrderKey: Held] = [:]
    @exclusivity(unchecked) var expiring: [(key: OrderKey, until: UInt64)] = []
    @exclusivity(unchecked) var firstExpiring = 0
    @exclusivity(unchecked) var asking: [(key: OrderKey, until: UInt64)?] = []
    @exclusivity(unchecked) var freeAsking: [Int] = []

    static let tickTime: UInt64 = 20_000_000
    static let foldTime: UInt64 = 50_000_000
    static let foldRows = 1024
    static let firstRetry: UInt64 = 100_000_000
    static let longestRetry: UInt64 = 5_000_000_000
    /// How long the start of others waits for the other shards of the group.
    static let joinPatience: UInt64 = 2_000_000_000

    init(_ context: Context) throws {
        self.context = context
        let actor = context.actor
        let options = ShardOptions(context.settings, of: actor)
        let ownership = Ownership(shard: actor.index, shards: actor.replicas)
        self.options = options
        self.ownership = ownership
        store = SQLiteStore(
            path: options.path, ownership: ownership, isFull: options.isFull, disk: context.disk)
        worker = context.worker(named: options.workerName)
        metrics = ShardMetrics(context)
        var random = context.makeRandom()
        window = KeyWindow(size: 16, seed: random.next())
        self.random = random
        guard actor.replicas > 1 else {
            peers = nil
            return
        }
        guard actor.replicas <= 32_768 else { throw ModuleError("at most 32,768 shards") }
        let link = try context.link("peers", HoldsContract.self)
        guard link.addresses.count == actor.replicas else {
            throw ModuleError(
                "the link 'peers' must name the group itself (links: { peers: \(actor.group) }), so that "
                    + "orders over several shards can be taken")
        }
        peers = link
    }

    func start() throws {
        context.becomeReadyLater()
        if !options.isFull {
            context.log.warning("durability is 'normal': acknowledged orders are lost when the power fails")
        }
        for _ in 0..<options.readers { idleReaders.append(store.makeReader()) }
        peers?.onAnswer(
            of: self, { actor, tag, result in actor.peerAnswered(HoldsTag(tag), result) },
            settle: { $0.settle() })
        openStore()
    }

    /// Once the store was tried for the first time: what came before has waited in the mailboxes.
    func serve() {
        context.serve(
            OrdersContract.self, by: self,
            { actor, request, delivery, reply in actor.receive(request, delivery, reply) },
            settle: { $0.settle() })
        guard peers != nil else { return }
        context.serve(
            HoldsContract.self, by: self,
            { actor, request, delivery, reply in actor.receive(request, delivery, reply) },
            settle: { $0.settle() })
    }

    func stop() {
        let (store, readers) = (store, idleReaders)
        idleReaders = []
        // After whatever is under way: the next incarnation opens the file on the same worker.
        worker.submit(
            {
                for reader in readers { reader.close() }
                store.close()
            }, done: {})
    }

    func drain(_ done: @escaping @Sendable () -> Void) {
        drained = done
        // The stock rows are brought up to date; the other tables catch up after the next start.
        if isLoaded && !isWriting && !isFlushing { submit() }
        checkDrained()
        armTick()
    }
    func checkDrained() {
        guard let drained, !isWriting, ready.isEmpty, collecting.isEmpty, waiters.isEmpty,
            dirtyCount == 0 || !isLoaded
        else { return }
        self.drained = nil
        drained()
    }

    /// Runs the body on the loop, before its next turns, unless the actor is gone by then. From any
    /// thread.
    nonisolated func perform(_ body: @escaping @Sendable (isolated Shard) -> Void) {
        let bare = unsafeBitCast(body, to: (@Sendable (Shard) -> Void).self)
        context.loop.execute { [self] in
            if context.isCurrent { bare(self) }
        }
    }

    private func receive(
        _ request: consuming OrdersRequest, _ delivery: Delivery, _ reply: consuming Reply<OrdersResponse>
    ) {
        switch request {
        case .place(let draft): place(draft, delivery, reply)
        case .recall(let draft): recall(draft, reply)
        case .find(let id): find(id, reply)
        case .cancel(let id): cancel(id, reply)
        case .stock(let variant): level(variant, reply)
        case .restock(let variant, let quantity, let key): restock(variant, quantity, key, reply)
        case .declare(let declaration): declare(declaration, reply)
        }
    }

    private func receive(
        _ request: consuming HoldsRequest, _ delivery: Delivery, _ reply: consuming Reply<HoldsResponse>
    ) {
        switch request {
        case .hold(let hold): self.hold(hold, reply)
        case .release(let key, let attempt): release(key, attempt: attempt)
        case .ask(let shard, let key, let attempt): asked(key, attempt, by: shard, reply)
        case .settle(let home, let settlements): take(settlements, of: home, reply)
        case .join(let shard, let epoch, let through): joined(shard, epoch, through, reply)
        }
    }

    /// Whether the tables are there.
    var isLoaded: Bool { phase == .joining || phase == .live }
}
