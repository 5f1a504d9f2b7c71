import Glibc
import ModuleKit

/// A shared cache of HTTP (RFC 9111) between those who ask and an origin.
///
/// The way of a hit: hash of the target, one slot of the table, one comparison of bytes, one of times,
/// and the stored response's reference into the reply. Everything else is in the extensions.
actor StaticCache: Module {
    nonisolated let context: Context
    nonisolated let settings: CacheSettings
    nonisolated let origin: Link<HTTPContract>
    nonisolated let counters: CacheCounters
    private let hasher: KeyHash
    private let keyHasHost: Bool
    @exclusivity(unchecked) var table: KeyTable<Resource>
    @exclusivity(unchecked) var queues: EvictionQueues
    @exclusivity(unchecked) var tags = TagIndex()
    @exclusivity(unchecked) var pending = PendingQuestions()
    @exclusivity(unchecked) var random: Random
    @exclusivity(unchecked) var staleFactor = 1.0
    /// Used again and again for the selecting fields of requests.
    @exclusivity(unchecked) var scratch: [UInt8] = []
    /// All fetches whose answers have not come.
    @exclusivity(unchecked) var fetches: [Fetch] = []
    @exclusivity(unchecked) var waiting = 0
    @exclusivity(unchecked) var refreshesUnderWay = 0
    @exclusivity(unchecked) var isSweeping = false
    @exclusivity(unchecked) var storedCount = 0
    /// Tags purged while fetches are under way, with the time: their answers must not be stored.
    @exclusivity(unchecked) var purgedTags: [(name: String, at: UInt64)] = []
    /// Purged responses whose memory is still to be given back.
    @exclusivity(unchecked) var graveyard: [StoredResponse] = []
    @exclusivity(unchecked) var drained: (@Sendable () -> Void)?

    init(_ context: Context) throws {
        self.context = context
        settings = CacheSettings(context.settings)
        guard settings.policy.largest <= settings.capacity else {
            throw ModuleError("'largest' must not exceed 'capacity'", setting: "largest")
        }
        origin = try context.link("origin", HTTPContract.self)
        counters = CacheCounters(context)
        hasher = KeyHash(secret: context.secureRandomBytes(16))
        keyHasHost = settings.keyHasHost
        random = context.makeRandom()
        // Resources that only wait for the origin stand in the table too.
        table = KeyTable(limit: settings.objects + origin.limit)
        queues = EvictionQueues(capacity: settings.capacity, limit: settings.objects)
    }

    func start() throws {
        context.serve(HTTPContract.self, by: self) { cache, request, delivery, reply in
            cache.receive(request, delivery, reply)
        }
        origin.onAnswer(of: self) { cache, tag, result in cache.answered(tag, result) }
    }

    // MARK: the way of a hit

    func receive(
        _ request: consuming HTTPRequest, _ delivery: Delivery, _ reply: consuming Reply<HTTPResponse>
    ) {
        guard request.method == .get || request.method == .head else {
            return pass(request, delivery, ReplyBox(reply))
        }
        let target = request.bytes(request.target)
        let host = keyHasHost ? request.bytes(request.host) : nil
        let hash = hasher.hash(target, host: host)
        let fields = RequestFields(request)
        let found = table.find(hash, target, host: host)
        if fields.isPlain, let found {
            let now = context.loop.now
            if let response = found._withUnsafeGuaranteedRef({ Self.plainHit($0, now) }) {
                counters.hits.increment()
                return reply(response)
            }
        }
        consider(request, fields, hash, found?.takeUnretainedValue(), delivery, reply)
    }

    @inline(__always)
    private static func plainHit(_ resource: Resource, _ now: UInt64) -> HTTPResponse? {
        guard resource.vary == nil, let stored = resource.first, now < stored.plainUntil else { return nil }
        resource.countHit()
        return HTTPResponse(
            stored.content, age: stored.age(now),
            cacheStatus: HTTPCacheStatus(.hit, ttl: stored.timeToLive(now)))
    }

    // MARK: everything else that asks

    /// What may be done with a stored response now.
    enum Use: Equatable {
        case serve
        /// Served, and refreshed behind the visitor's back.
        case serveAndRefresh
        /// Served although its life is over; refreshed if asked for here.
        case serveStale(refresh: Bool)
        /// The origin must be asked.
        case ask
    }

    private func consider(
        _ request: HTTPRequest, _ fields: RequestFields, _ hash: UInt64, _ resource: Resource?,
        _ delivery: Delivery, _ reply: consuming Reply<HTTPResponse>
    ) {
        let now = context.loop.now
        let directives = fields.isPlain ? CacheControl() : fields.directives(request)
        if directives.flags.contains(.noStore) || fields.hasPrecondition {
            return pass(request, delivery, ReplyBox(reply))
        }
        let stored = resource?.match(request, scratch: &scratch)
        if let resource, let stored {
            let use = use(of: stored, directives, now)
            if use != .ask {
                resource.countHit()
                let kind: HTTPCacheStatus.Kind = if case .serveStale = use { .stale } else { .hit }
                reply(answer(with: stored, to: request, fields, kind, now))
                if use == .serveAndRefresh || use == .serveStale(refresh: true) {
                    refresh(resource, stored, as: request, delivery)
                }
                return
            }
        }
        if directives.flags.contains(.onlyIfCached) {
            return reply(HTTPResponse(problem: 504, "Not stored"))
        }
        // The answer to a request with credentials is for those who have them (RFC 9111, section 3.5).
        let isShared = !fields.hasAuthorization && resource?.passes(request, now) != true
        guard isShared, let resource = resource ?? makeResource(request, hash) else {
            return pass(request, delivery, ReplyBox(reply))
        }
        let waiter = Waiter(
            request: request, delivery: delivery, reply: ReplyBox(reply),
            kind: stored == nil ? .miss : .expired)
        wait(for: resource, stored, waiter)
    }

    private func makeResource(_ request: HTTPRequest, _ hash: UInt64) -> Resource? {
        let resource = Resource(
            hash: hash, target: request.bytes(request.target),
            host: keyHasHost ? request.bytes(request.host) : nil)
        return table.insert(resource) ? resource : nil
    }

    /// The resource of a target; nil if nothing is known of it.
    func resource(target: String, host: String) -> Resource? {
        let (target, host) = (Array(target.utf8), Array(host.utf8))
        return target.withUnsafeBytes { target in
            host.withUnsafeBytes { host in
                let host = keyHasHost ? host : nil
                return table.find(hasher.hash(target, host: host), target, host: host)?
                    .takeUnretainedValue()
            }
        }
    }

    func use(of stored: StoredResponse, _ directives: CacheControl, _ now: UInt64) -> Use {
        let isYoung = now < stored.storedAt.addingSaturated(settings.reloadInterval)
        if directives.flags.contains(.noCache), !isYoung { return .ask }
        if let limit = directives.maxAge, !isYoung {
            let age = UInt32(max(0, stored.age(now)))
            if limit == 0 || age > limit { return .ask }
        }
        if now < stored.freshUntil {
            if let least = directives.minFresh, Int64(stored.timeToLive(now)) < Int64(least) { return .ask }
            return shouldRefreshEarly(stored, now) ? .serveAndRefresh : .serve
        }
        if stored.isStrict || directives.minFresh != nil { return .ask }
        if now < stored.retryAt, now < stored.staleIfErrorUntil { return .serveStale(refresh: false) }
        if now < stored.staleWhileRevalidateUntil { return .serveStale(refresh: true) }
        if staleFactor > 1 {
            let more = min(Double(stored.lifetime) * (staleFactor - 1), 1e18)
            if now < stored.freshUntil.addingSaturated(UInt64(more)) { return .serveStale(refresh: true) }
        }
        let staleness = (now - stored.freshUntil) / CacheSettings.second
        if directives.flags.contains(.anyStale) { return .serveStale(refresh: true) }
        if let limit = directives.maxStale, staleness <= UInt64(limit) { return .serveStale(refresh: true) }
        return .ask
    }

    /// XFetch (Vattani et al., VLDB 2015): near the end of its life a response that is asked for often
    /// is refreshed once, early, the earlier the longer the origin takes for it.
    private func shouldRefreshEarly(_ stored: StoredResponse, _ now: UInt64) -> Bool {
        guard now >= stored.plainUntil, settings.early > 0 else { return false }
        let gap = Double(stored.cost) * settings.early * -log(max(random.unit(), 1e-12))
        return Double(stored.freshUntil - now) <= gap
    }

    /// The answer from what is stored: whole, part or 304.
    func answer(
        with stored: StoredResponse, to request: HTTPRequest, _ fields: RequestFields,
        _ kind: HTTPCacheStatus.Kind, _ now: UInt64
    ) -> HTTPResponse {
        counters.count(kind)
        let content = Selection.content(stored.content, stored.validators, for: request, fields) {
            stored.notModified
        }
        return HTTPResponse(
            content, age: stored.age(now), cacheStatus: HTTPCacheStatus(kind, ttl: stored.timeToLive(now)))
    }

    // MARK: life

    func receive(control message: ControlMessage) {
        if case .degrade(let state) = message { staleFactor = state.staleFactor }
    }

    func operate(_ request: OperationRequest, reply: consuming Reply<OperationResponse>) {
        reply(purge(request))
    }

    func drain(_ done: @escaping @Sendable () -> Void) {
        if pending.count == 0, fetches.isEmpty { done() } else { drained = done }
    }
}
