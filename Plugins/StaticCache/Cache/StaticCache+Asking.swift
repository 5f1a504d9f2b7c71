import ModuleKit

/// Asking the origin, and waiting for it together.
extension StaticCache {
    /// How often waiters whose time is over are let go.
    private static let sweepInterval: UInt64 = 20_000_000

    /// Joins a request to the origin that is under way for the same, or makes one.
    func wait(for resource: Resource, _ stored: StoredResponse?, _ waiter: Waiter) {
        guard let fetch = fetchToJoin(resource, waiter.request) else {
            return startFetch(resource, stored, waiter)
        }
        guard fetch.waiters.count < settings.waiters, waiting < settings.waitersInAll else {
            switch settings.beyond {
            case .ask: return pass(waiter.request, waiter.delivery, waiter.reply)
            case .refuse: return refuse(waiter, "Too many requests wait for this")
            }
        }
        fetch.waiters.append(
            Waiter(
                request: waiter.request, delivery: waiter.delivery, reply: waiter.reply, kind: .collapsed))
        changeWaiting(by: 1)
    }

    private func fetchToJoin(_ resource: Resource, _ request: HTTPRequest) -> Fetch? {
        guard let first = resource.fetches.first else { return nil }
        guard let vary = resource.vary else { return first }
        vary.select(request, into: &scratch)
        var other: [UInt8] = []
        return resource.fetches.first { fetch in
            vary.select(fetch.asked, into: &other)
            return other == scratch
        }
    }

    private func startFetch(_ resource: Resource, _ stored: StoredResponse?, _ waiter: Waiter) {
        // The answer is for all who wait, so it does not end with the first one's deadline.
        let deadline = context.loop.now.addingSaturated(settings.wait)
        let delivery = Delivery(
            deadline: deadline, trace: waiter.delivery.trace, criticality: waiter.delivery.criticality)
        let fetch = Fetch(
            resource, asked: waiter.request, revalidates: stored, startedAt: context.loop.now,
            deadline: deadline, criticality: delivery.criticality, isRefresh: false)
        guard send(fetch, delivery) else {
            release(resource)
            return fail(waiter, stored, .tooManyUnderWay)
        }
        fetch.waiters.append(waiter)
        changeWaiting(by: 1)
    }

    /// Refreshes a stored response behind the visitors' backs, unless that is being done already.
    func refresh(
        _ resource: Resource, _ stored: StoredResponse, as request: HTTPRequest, _ delivery: Delivery
    ) {
        guard refreshesUnderWay < settings.refreshes, context.loop.now >= stored.retryAt,
            fetchToJoin(resource, request) == nil
        else { return }
        let deadline = context.loop.now.addingSaturated(settings.wait)
        // Visitors are served already: under pressure this is given up before their requests are.
        let criticality = max(delivery.criticality, .sheddable)
        let fetch = Fetch(
            resource, asked: request.detached(), revalidates: stored, startedAt: context.loop.now,
            deadline: deadline, criticality: criticality, isRefresh: true)
        if send(fetch, Delivery(deadline: deadline, trace: delivery.trace, criticality: criticality)) {
            refreshesUnderWay += 1
            counters.refreshes.increment()
        }
    }

    private func send(_ fetch: Fetch, _ delivery: Delivery) -> Bool {
        let request = originRequest(fetch.asked, confirming: fetch.revalidates)
        let tag = pending.add(.fetch(fetch))
        guard origin.ask(request, tag: tag, delivery) else {
            _ = pending.take(tag)
            return false
        }
        fetch.resource.fetches.append(fetch)
        fetch.resource.fetchesUnderWay += 1
        fetch.position = fetches.count
        fetches.append(fetch)
        sweepLater()
        return true
    }

    /// What the origin is asked: the whole, whatever part the client wants, with the validators of what
    /// is stored; without the fields that could change an answer that is for all.
    private func originRequest(_ request: HTTPRequest, confirming stored: StoredResponse?) -> HTTPRequest {
        var fields: [(name: String, value: String)] = []
        for index in 0..<Int(request.fieldCount) {
            let span = request.field(at: index)
            let name = request.text(span.name).lowercased()
            switch name {
            case "if-none-match", "if-modified-since", "range", "if-range", "host": continue
            default: break
            }
            if settings.stripped.contains(name) { continue }
            fields.append((name: name, value: request.text(span.value)))
        }
        if let tag = stored?.validators.tagText { fields.append((name: "if-none-match", value: tag)) }
        if let date = stored?.validators.lastModifiedText {
            fields.append((name: "if-modified-since", value: date))
        }
        // A HEAD becomes a GET: its answer serves both.
        return HTTPRequest(
            .get, request.targetText, host: settings.keyHasHost ? request.hostText : settings.host,
            fields: fields, peerAddress: request.input.peerAddress)
    }

    /// Sends a request on as it is; its answer is not stored.
    func pass(_ request: HTTPRequest, _ delivery: Delivery, _ reply: ReplyBox<HTTPResponse>) {
        let isChanging = !request.method.isSafe
        let tag = pending.add(.pass(PassedRequest(reply: reply, changing: isChanging ? request : nil)))
        guard origin.ask(request, tag: tag, delivery) else {
            _ = pending.take(tag)
            return reply.fail(.tooManyUnderWay)
        }
    }

    // MARK: giving up

    /// Lets go of waiters whose deadlines have passed or whose clients are gone, and of fetches that
    /// take too long. One timer for all.
    private func sweepLater() {
        guard !isSweeping, !fetches.isEmpty else { return }
        isSweeping = true
        context.after(Self.sweepInterval, on: self) { cache in
            cache.isSweeping = false
            cache.sweep()
            cache.sweepLater()
        }
    }

    private func sweep() {
        let now = context.loop.now
        for fetch in fetches where !fetch.isLate {
            if fetch.deadline <= now {
                fetch.isLate = true
                if fetch.isRefresh { refreshesUnderWay -= 1 }
                close(fetch)
                let waiters = takeWaiters(of: fetch)
                let stale = fetch.revalidates.flatMap { mayServeAfterError($0, now) ? $0 : nil }
                for waiter in waiters {
                    if let stale { serve(waiter, stale, .stale) } else { refuse(waiter, "No answer in time") }
                }
            } else if fetch.waiters.contains(where: { Self.isOver($0, now) }) {
                let over = fetch.waiters.filter { Self.isOver($0, now) }
                fetch.waiters.removeAll { Self.isOver($0, now) }
                changeWaiting(by: -over.count)
                for waiter in over { waiter.reply.fail(.expired) }
            }
        }
    }

    private static func isOver(_ waiter: Waiter, _ now: UInt64) -> Bool {
        waiter.delivery.deadline != 0 && waiter.delivery.deadline <= now || waiter.request.input.isAbandoned
    }

    /// Nobody joins the fetch from now on.
    func close(_ fetch: Fetch) {
        fetch.resource.fetches.removeAll { $0 === fetch }
    }

    func takeWaiters(of fetch: Fetch) -> [Waiter] {
        let waiters = fetch.waiters
        fetch.waiters = []
        changeWaiting(by: -waiters.count)
        return waiters
    }

    func changeWaiting(by change: Int) {
        waiting += change
        counters.waiting.value = Double(waiting)
    }

    func refuse(_ waiter: Waiter, _ reason: String) {
        counters.refused.increment()
        waiter.reply(
            HTTPResponse(problem: 503, reason, fields: [(name: "Retry-After", value: "1")]))
    }

    func serve(_ waiter: Waiter, _ stored: StoredResponse, _ kind: HTTPCacheStatus.Kind) {
        let fields = RequestFields(waiter.request)
        waiter.reply(answer(with: stored, to: waiter.request, fields, kind, context.loop.now))
    }

    /// Whether a stored response may stand in for an origin that fails (RFC 5861, section 4).
    func mayServeAfterError(_ stored: StoredResponse, _ now: UInt64) -> Bool {
        guard !stored.isPurged else { return false }
        if now < stored.freshUntil || !stored.isStrict && now < stored.staleWhileRevalidateUntil {
            return true
        }
        if stored.isStrict { return false }
        let more = min(Double(stored.lifetime) * max(0, staleFactor - 1), 1e18)
        return now < max(stored.staleIfErrorUntil, stored.freshUntil.addingSaturated(UInt64(more)))
    }

    func fail(_ waiter: Waiter, _ stored: StoredResponse?, _ reason: AskFailure) {
        if let stored, mayServeAfterError(stored, context.loop.now) {
            serve(waiter, stored, .stale)
        } else {
            waiter.reply.fail(reason)
        }
    }
}
