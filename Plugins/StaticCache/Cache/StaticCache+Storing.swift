import Glibc
import ModuleKit

/// Putting responses into the table, and taking them out.
extension StaticCache {
    func store(
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
    func keep(_ resource: Resource) {
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
