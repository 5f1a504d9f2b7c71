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
        remove(fetch)
        fetch.resource.fetchesUnderWay -= 1
        if fetch.isRefresh, !fetch.isLate { refreshesUnderWay -= 1 }
        switch result {
        case .success(let response): arrived(response, fetch)
        case .failure(let reason): failed(reason, fetch)
        }
        release(fetch.resource)
        if fetches.isEmpty { purgedTags.removeAll() }
    }

    /// The last takes its place: their order means nothing.
    private func remove(_ fetch: Fetch) {
        guard fetch.position < fetches.count, fetches[fetch.position] === fetch, let last = fetches.popLast()
        else { return }
        guard last !== fetch else { return }
        last.position = fetch.position
        fetches[fetch.position] = last
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
        for waiter in takeWaiters(of: fetch) {
            // Whose request it was may be gone: then it is nobody's own answer.
            let isOwn = waiter.kind != .collapsed
            let kind = isOwn ? kind ?? waiter.kind : .collapsed
            if isOwn || mayShare(terms, fields, isError: isError, fetch, waiter) {
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
}
