import ModuleKit

/// A response that may be used again. All times on the loop's clock, in nanoseconds.
final class StoredResponse {
    let content: HTTPContent
    let validators: Validators
    /// What the request had in the fields of `Resource.vary`.
    let selection: [UInt8]
    /// When the origin made it, as far as known; may lie before the clock's beginning.
    let madeAt: Int64
    let storedAt: UInt64
    /// How long it is fresh from `storedAt` on.
    let lifetime: UInt64
    /// Until when a hit is answered without another thought: the end of its life, or the beginning of
    /// the time in which it may be refreshed early.
    @exclusivity(unchecked) var plainUntil: UInt64
    @exclusivity(unchecked) var freshUntil: UInt64
    /// Until when it may be served while it is refreshed, and when the origin fails.
    @exclusivity(unchecked) var staleWhileRevalidateUntil: UInt64
    @exclusivity(unchecked) var staleIfErrorUntil: UInt64
    /// After the origin failed it is not asked again before this.
    @exclusivity(unchecked) var retryAt: UInt64 = 0
    /// How long the origin took to make it.
    let cost: UInt64
    /// Whether it may never be served stale: `must-revalidate`, `no-cache` and the like.
    let isStrict: Bool
    /// Taken out by a purge: not to be used at all.
    @exclusivity(unchecked) var isPurged = false
    /// Whether it still stands in its resource's list; `resource` may be used only then.
    @exclusivity(unchecked) var isLinked = true
    @exclusivity(unchecked) unowned(unsafe) var resource: Resource
    @exclusivity(unchecked) var next: StoredResponse?
    @exclusivity(unchecked) var tags: [TagLink] = []
    @exclusivity(unchecked) private var notModifiedStorage: HTTPContent?

    /// Bytes that an object costs beyond its own.
    static let overhead = 512

    init(
        _ content: HTTPContent, validators: Validators, selection: [UInt8], of resource: Resource,
        terms: StorageTerms, now: UInt64, cost: UInt64
    ) {
        self.content = content
        self.validators = validators
        self.selection = selection
        self.resource = resource
        self.cost = cost
        madeAt = Int64(clamping: now) - Int64(clamping: terms.age)
        storedAt = now
        lifetime = terms.lifetime
        freshUntil = now.addingSaturated(terms.lifetime)
        plainUntil = freshUntil
        staleWhileRevalidateUntil = freshUntil.addingSaturated(terms.staleWhileRevalidate)
        staleIfErrorUntil = freshUntil.addingSaturated(terms.staleIfError)
        isStrict = terms.isStrict
    }

    var size: Int { content.head.count + content.body.count + tags.count * 64 + Self.overhead }

    /// Seconds since the origin made it.
    @inline(__always) func age(_ now: UInt64) -> Int32 {
        Int32(truncatingIfNeeded: max(0, Int64(bitPattern: now) &- madeAt) / 1_000_000_000)
    }
    /// Seconds of life left; negative when stale.
    @inline(__always) func timeToLive(_ now: UInt64) -> Int32 {
        Int32(clamping: (Int64(bitPattern: freshUntil) &- Int64(bitPattern: now)) / 1_000_000_000)
    }

    /// The 304 that says the client's copy is current (RFC 9110, section 15.4.5).
    var notModified: HTTPContent {
        if let made = notModifiedStorage { return made }
        let made = HTTPContent(status: 304, fields: content.fields.filter { Self.goesWith304($0.name) })
        notModifiedStorage = made
        return made
    }
    static func goesWith304(_ name: String) -> Bool {
        ["cache-control", "content-location", "etag", "expires", "last-modified", "vary"]
            .contains(name.lowercased())
    }
}

extension UInt64 {
    func addingSaturated(_ other: UInt64) -> UInt64 {
        let (sum, overflow) = addingReportingOverflow(other)
        // Below the sign bit, so that spans can be computed with signed numbers.
        return overflow || sum > UInt64(Int64.max) ? UInt64(Int64.max) : sum
    }
}

/// All that is known of one key: the stored responses, one for each selection, and the requests to the
/// origin that are under way.
final class Resource: KeyedEntry {
    /// What selects among the responses; nil if nothing does.
    @exclusivity(unchecked) var vary: VaryFields?
    @exclusivity(unchecked) var first: StoredResponse?
    /// Requests to the origin that others can wait for.
    @exclusivity(unchecked) var fetches: [Fetch] = []
    /// Until when requests go to the origin one by one, because its answers are not to be shared.
    @exclusivity(unchecked) var passUntil: UInt64 = 0
    /// The same for requests with cookies only, because its answers do not say for whom they are.
    @exclusivity(unchecked) var passCookiesUntil: UInt64 = 0
    /// Requests to the origin under way, those that nobody can join among them: while there are some
    /// the resource stays in the table.
    @exclusivity(unchecked) var fetchesUnderWay = 0

    /// Whether a request is to go to the origin on its own.
    func passes(_ request: borrowing HTTPRequest, _ now: UInt64) -> Bool {
        passUntil > now || passCookiesUntil > now && request.field("cookie") != nil
    }

    var storedCount: Int {
        var (count, next) = (0, first)
        while let stored = next { (count, next) = (count + 1, stored.next) }
        return count
    }
    /// With everything that is stored for it.
    var totalSize: Int {
        var (size, next) = (key.count + 256, first)
        while let stored = next { (size, next) = (size + stored.size, stored.next) }
        return size
    }

    /// The stored response for the request; nil if there is none.
    /// - Parameter scratch: used again and again, so that no memory is asked for.
    func match(_ request: borrowing HTTPRequest, scratch: inout [UInt8]) -> StoredResponse? {
        guard let vary else { return first.flatMap { $0.isPurged ? nil : $0 } }
        guard first != nil else { return nil }
        vary.select(request, into: &scratch)
        var next = first
        while let stored = next {
            if stored.selection == scratch { return stored.isPurged ? nil : stored }
            next = stored.next
        }
        return nil
    }

    /// Takes a stored response out of the list.
    func unlink(_ gone: StoredResponse) {
        if first === gone {
            first = gone.next
        } else {
            var previous = first
            while let stored = previous, stored.next !== gone { previous = stored.next }
            previous?.next = gone.next
        }
        gone.next = nil
    }
}
