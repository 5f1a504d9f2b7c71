import Glibc
import ModuleKit

/// What comes back from the origin: stored, shared, or given to the one who asked.
extension StaticCache {
    func answered(_ tag: UInt32, _ result: consuming Result<HTTPResponse, AskFailure>) {
        switch pending.take(tag) {
        case nil: return
        case .pass(let passed): finish(passed, result)
        case .fetch(let fetch):
            switch result {
            case .success(let response):
                if let stream = response.stream, isWorthCollecting(response.content) {
                    collect(stream, of: response.content, for: fetch)
                } else {
                    complete(fetch, .success(response))
                }
            case .failure(let reason): complete(fetch, .failure(reason))
            }
        }
        endDrainIfDone()
    }

    /// What a fetch brought: the last that happens to it.
    func complete(_ fetch: Fetch, _ result: Result<HTTPResponse, AskFailure>) {
        close(fetch)
        fetches.removeAll { $0 === fetch }
        fetch.resource.fetchesUnderWay -= 1
        if fetch.isRefresh, !fetch.isLate { refreshesUnderWay -= 1 }
        switch result {
        case .success(let response): arrived(response, fetch)
        case .failure(let reason): failed(reason, fetch)
        }
        release(fetch.resource)
        if fetches.isEmpty { purgedTags.removeAll() }
    }

    func endDrainIfDone() {
        if pending.count == 0, fetches.isEmpty, let done = drained {
            drained = nil
            done()
        }
    }

    private func finish(_ passed: PassedRequest, _ result: consuming Result<HTTPResponse, AskFailure>) {
        switch result {
        case .success(var response):
            if let request = passed.changing, (200..<400).contains(response.content.status) {
                invalidate(after: request, response.content)
            }
            response.cacheStatus = HTTPCacheStatus(.bypass)
            counters.passed.increment()
            passed.reply(response)
        case .failure(let reason): passed.reply.fail(reason)
        }
    }

    private func arrived(_ response: HTTPResponse, _ fetch: Fetch) {
        let now = context.loop.now
        if let stored = fetch.revalidates {
            if response.content.status == 304 {
                let confirmed = response.content
                return share(
                    HTTPResponse(Self.refreshed(stored.content, by: confirmed), age: response.age), fetch,
                    now,
                    kind: .revalidated)
            }
            if (500..<600).contains(response.content.status), mayServeAfterError(stored, now) {
                return stand(in: stored, fetch, now)
            }
        }
        if response.content.status >= 500 { counters.failures.increment() }
        share(response, fetch, now, kind: nil)
    }

    /// Stores the answer if it may be, and gives it to all who wait, or to the first one.
    private func share(
        _ response: HTTPResponse, _ fetch: Fetch, _ now: UInt64, kind: HTTPCacheStatus.Kind?
    ) {
        let hasCookie = fetch.asked.field("cookie") != nil
        var terms = settings.policy.terms(
            for: response, wall: context.loop.wallNow, isPersonal: hasCookie)
        let fields = ResponseFields(response.content)
        var stored: StoredResponse?
        if terms.decision == .store {
            if fetch.isOutdated || isPurged(fields.tags, since: fetch.startedAt) {
                terms.decision = .share
            } else {
                stored = store(response.content, terms, fields, fetch, now)
            }
        } else if let old = fetch.revalidates, !old.isPurged, !fetch.isOutdated,
            response.content.status < 500
        {
            // What is stored is no longer what the origin says.
            drop(old)
        }
        if terms.decision == .pass, !fetch.isOutdated {
            let until = now.addingSaturated(settings.pass)
            if terms.isImplicit {
                fetch.resource.passCookiesUntil = until
            } else {
                fetch.resource.passUntil = until
            }
            keep(fetch.resource)
        }
        let isError = response.content.status >= 500
        for (index, waiter) in takeWaiters(of: fetch).enumerated() {
            let kind = waiter.kind == .collapsed ? .collapsed : kind ?? waiter.kind
            let isFirst = index == 0 && !fetch.isRefresh
            if isFirst || mayShare(terms, fields, isError: isError, fetch, waiter) {
                if let stored {
                    serve(waiter, stored, kind)
                } else {
                    give(response, fields.validators, to: waiter, terms.decision == .pass ? .bypass : kind)
                }
            } else {
                askAgain(waiter)
            }
        }
    }

    /// Whether one who waited along may have the answer to another's request.
    private func mayShare(
        _ terms: StorageTerms, _ fields: ResponseFields, isError: Bool, _ fetch: Fetch, _ waiter: Waiter
    ) -> Bool {
        if terms.decision == .pass { return false }
        // Nothing says that it is for all: not for those who could have been given another.
        if terms.isImplicit, terms.decision == .share, !isError, waiter.request.field("cookie") != nil {
            return false
        }
        guard let vary = fields.vary else { return true }
        if vary.isAny { return false }
        var other: [UInt8] = []
        vary.select(fetch.asked, into: &scratch)
        vary.select(waiter.request, into: &other)
        return scratch == other
    }

    /// From the beginning, as if it had just come: what was learnt of the resource counts.
    private func askAgain(_ waiter: Waiter) {
        receive(waiter.request, waiter.delivery, waiter.reply.take())
    }

    private func give(
        _ response: HTTPResponse, _ validators: Validators, to waiter: Waiter, _ kind: HTTPCacheStatus.Kind
    ) {
        var response = response
        counters.count(kind)
        response.cacheStatus = HTTPCacheStatus(kind)
        if response.stream == nil {
            let content = response.content
            response.content = Selection.content(
                content, validators, for: waiter.request, RequestFields(waiter.request)
            ) {
                HTTPContent(
                    status: 304, fields: content.fields.filter { StoredResponse.goesWith304($0.name) })
            }
        }
        waiter.reply(response)
    }

    /// A stored response instead of an error; the origin is left alone for a while.
    private func stand(in stored: StoredResponse, _ fetch: Fetch, _ now: UInt64) {
        counters.failures.increment()
        stored.retryAt = now.addingSaturated(settings.retry)
        for waiter in takeWaiters(of: fetch) { serve(waiter, stored, .stale) }
    }

    private func failed(_ reason: AskFailure, _ fetch: Fetch) {
        let now = context.loop.now
        if let stored = fetch.revalidates, mayServeAfterError(stored, now) {
            return stand(in: stored, fetch, now)
        }
        counters.failures.increment()
        for waiter in takeWaiters(of: fetch) {
            // Refused for being less important than those who joined later: they try for themselves.
            if reason == .refused || reason == .dropped, waiter.delivery.criticality < fetch.criticality {
                askAgain(waiter)
            } else {
                waiter.reply.fail(reason)
            }
        }
    }

    // MARK: storing

    private func store(
        _ content: HTTPContent, _ terms: StorageTerms, _ fields: ResponseFields, _ fetch: Fetch,
        _ now: UInt64
    ) -> StoredResponse {
        let resource = fetch.resource
        if fields.vary?.names != resource.vary?.names {
            while let old = resource.first { drop(old) }
            resource.vary = fields.vary
        }
        var selection: [UInt8] = []
        resource.vary?.select(fetch.asked, into: &selection)
        var content = content
        var next = resource.first
        var last: StoredResponse?
        while let old = next {
            next = old.next
            last = old
            guard old.selection == selection else { continue }
            // The same bytes stay the same object: who knows it need not look at it again.
            if Self.isSame(old.content, content) { content = old.content }
            drop(old)
            last = nil
        }
        if resource.storedCount >= settings.variants, let last { drop(last) }
        var terms = terms
        terms.lifetime = UInt64(Double(terms.lifetime) * (1 - settings.jitter * random.unit()))
        let stored = StoredResponse(
            content, validators: fields.validators, selection: selection, of: resource, terms: terms,
            now: now, cost: now - fetch.startedAt)
        // Beyond ten times the cost an early refresh is all but impossible.
        let window = min(Double(stored.cost) * settings.early * 10, Double(terms.lifetime) / 2)
        stored.plainUntil = stored.freshUntil - min(stored.freshUntil, UInt64(max(0, window)))
        stored.next = resource.first
        resource.first = stored
        resource.passUntil = 0
        tags.add(stored, fields.tags)
        storedCount += 1
        keep(resource)
        return stored
    }

    /// Counts the resource with its present size, and makes room if need be.
    private func keep(_ resource: Resource) {
        if resource.queue == .none {
            resource.size = resource.totalSize
            queues.insert(resource)
        } else {
            queues.resize(resource, to: resource.totalSize)
        }
        while queues.isOverfull, let victim = queues.evict() as? Resource {
            counters.evictions.increment()
            while let stored = victim.first { drop(stored) }
            victim.passUntil = 0
            victim.passCookiesUntil = 0
            release(victim)
        }
        showSize()
    }

    /// Takes a stored response out.
    func drop(_ stored: StoredResponse) {
        let resource = stored.resource
        stored.isPurged = true
        stored.isLinked = false
        tags.remove(stored)
        resource.unlink(stored)
        storedCount -= 1
        if resource.queue != .none { queues.resize(resource, to: resource.totalSize) }
        showSize()
    }

    /// Takes a resource of which nothing is known any more out of the table.
    func release(_ resource: Resource) {
        guard resource.first == nil, resource.fetchesUnderWay == 0,
            max(resource.passUntil, resource.passCookiesUntil) <= context.loop.now
        else { return }
        queues.remove(resource)
        table.remove(resource)
        showSize()
    }

    private func showSize() {
        counters.bytes.value = Double(queues.bytes)
        counters.objects.value = Double(storedCount)
    }

    private static func isSame(_ one: HTTPContent, _ other: HTTPContent) -> Bool {
        isSame(one.head, other.head) && isSame(one.body.bytes, other.body.bytes)
    }
    private static func isSame(_ one: UnsafeRawBufferPointer, _ other: UnsafeRawBufferPointer) -> Bool {
        guard one.count == other.count else { return false }
        guard let left = one.baseAddress, let right = other.baseAddress else { return true }
        return memcmp(left, right, one.count) == 0
    }

    /// The stored response with the fields of the 304 that confirmed it (RFC 9111, section 3.2).
    static func refreshed(_ stored: HTTPContent, by confirmed: HTTPContent) -> HTTPContent {
        let kept = ["content-length", "content-encoding", "content-type", "content-range"]
        let news = confirmed.fields.filter { !kept.contains($0.name.lowercased()) }
        let names = Set(news.map { $0.name.lowercased() })
        let old = stored.fields.filter { $0.name.lowercased() != "content-length" }
        let replaced = old.filter { names.contains($0.name.lowercased()) }
        let isNews = !news.allSatisfy { field in
            replaced.contains { $0.name.lowercased() == field.name.lowercased() && $0.value == field.value }
        }
        guard isNews else { return stored }
        return HTTPContent(
            status: stored.status, fields: old.filter { !names.contains($0.name.lowercased()) } + news,
            body: stored.body)
    }
}
