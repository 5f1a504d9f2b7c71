import ModuleKit

/// What is to be done with a response of the origin (RFC 9111, section 3), and for how long.
struct StorageTerms: Equatable {
    enum Decision: Equatable {
        /// It may be used again.
        case store
        /// It answers all who wait for it now, and nobody after them.
        case share
        /// It is for the one who asked.
        case pass
    }
    var decision = Decision.pass
    /// Nanoseconds: fresh for, old already, and served stale for.
    var lifetime: UInt64 = 0
    var age: UInt64 = 0
    var staleWhileRevalidate: UInt64 = 0
    var staleIfError: UInt64 = 0
    /// Never served stale.
    var isStrict = false
    /// The response says nothing about its life.
    var isImplicit = false
}

/// The settings that decide on storing. Durations in nanoseconds.
struct StoragePolicy {
    /// Life of a 200 that says nothing about its life; 0 for not storing it.
    var defaultLife: UInt64 = 0
    /// Life of 404, 405, 410, 414 and 501 that say nothing about theirs.
    var negativeLife: UInt64 = 0
    /// Share of the time since `Last-Modified` that counts as life, where nothing is said.
    var heuristic = 0.0
    var staleWhileRevalidate: UInt64 = 0
    var staleIfError: UInt64 = 0
    /// Bytes of head and body of the largest object.
    var largest = Int.max

    private static let second: UInt64 = 1_000_000_000
    /// A heuristic life is never longer than a day (RFC 9111, section 4.2.2).
    private static let longestHeuristic = 86_400 * second

    /// - Parameters:
    ///   - wall: nanoseconds since 1970.
    ///   - isPersonal: whether the request had a cookie; such answers are shared only if they say that
    ///     they may be.
    func terms(for response: HTTPResponse, wall: UInt64, isPersonal: Bool) -> StorageTerms {
        let content = response.content
        var terms = StorageTerms()
        let fields = ResponseFields(content)
        guard response.stream == nil, content.hasLength, !fields.control.flags.contains(.noStore),
            !fields.control.flags.contains(.isPrivate), !fields.setsCookie,
            fields.vary?.isAny != true, content.status >= 200, content.status != 206, content.status != 304,
            content.head.count + content.body.count <= largest
        else { return terms }
        let wallSeconds = Int(wall / Self.second)
        terms.age = max(fields.age ?? 0, UInt64(max(0, Int64(response.age)))) * Self.second
        if let date = fields.date, date < wallSeconds {
            terms.age = max(terms.age, UInt64(wallSeconds - date) * Self.second)
        }
        let explicit = explicitLife(fields, wallSeconds: wallSeconds)
        // Who has a cookie may have been given a page of his own: only what is said to be for all is.
        terms.isImplicit = explicit == nil
        let life = explicit ?? (isPersonal ? 0 : implicitLife(content.status, fields, wallSeconds))
        terms.lifetime = life > terms.age ? life - terms.age : 0
        terms.isStrict =
            fields.control.flags.contains(.mustRevalidate) || fields.control.flags.contains(.noCache)
            || fields.control.sharedMaxAge != nil
        if fields.control.flags.contains(.noCache) { terms.lifetime = 0 }
        // s-maxage forbids stale answers unless stale-while-revalidate allows them (RFC 5861).
        let mayBeStale =
            !fields.control.flags.contains(.mustRevalidate) && !fields.control.flags.contains(.noCache)
        if mayBeStale { addStaleness(&terms, fields) }
        let isUseful =
            terms.lifetime > 0 || terms.staleWhileRevalidate > 0 || terms.staleIfError > 0
            || !fields.validators.isEmpty
        let isStorable = explicit != nil || life > 0 || fields.control.flags.contains(.noCache)
        if isStorable && isUseful {
            terms.decision = .store
        } else if explicit != nil || content.status >= 500 || !isPersonal {
            terms.decision = .share
        }
        return terms
    }

    private func addStaleness(_ terms: inout StorageTerms, _ fields: ResponseFields) {
        let control = fields.control
        terms.staleWhileRevalidate =
            control.staleWhileRevalidate.map { UInt64($0) * Self.second }
            ?? (terms.isStrict ? 0 : staleWhileRevalidate)
        terms.staleIfError =
            control.staleIfError.map { UInt64($0) * Self.second } ?? (terms.isStrict ? 0 : staleIfError)
        if terms.staleWhileRevalidate > 0 || terms.staleIfError > 0 { terms.isStrict = false }
    }

    /// What the response itself says, in nanoseconds; nil if it says nothing.
    private func explicitLife(_ fields: ResponseFields, wallSeconds: Int) -> UInt64? {
        if let seconds = fields.control.sharedMaxAge ?? fields.control.maxAge {
            return UInt64(seconds) * Self.second
        }
        guard let expires = fields.expires else {
            return fields.control.flags.contains(.noCache) ? 0 : nil
        }
        // A date that cannot be read is in the past (RFC 9111, section 5.3).
        guard let date = HTTPDate.seconds(expires) else { return 0 }
        let seconds = date - (fields.date ?? wallSeconds)
        return seconds > 0 ? UInt64(min(seconds, Int(CacheControl.longest))) * Self.second : 0
    }

    private func implicitLife(_ status: Int, _ fields: ResponseFields, _ wallSeconds: Int) -> UInt64 {
        switch status {
        case 404, 405, 410, 414, 501: return negativeLife
        case 200, 203, 204, 300, 301, 308: break
        default: return fields.control.flags.contains(.isPublic) ? defaultLife : 0
        }
        if heuristic > 0, let modified = fields.validators.lastModified, modified < wallSeconds {
            let age = Double(wallSeconds - modified) * heuristic
            return min(UInt64(min(age, 1e9)) * Self.second, Self.longestHeuristic)
        }
        return defaultLife
    }
}

/// The fields of a response that matter to a cache.
struct ResponseFields {
    var control = CacheControl()
    var vary: VaryFields?
    var validators = Validators()
    var tags: [String] = []
    /// Seconds.
    var age: UInt64?
    /// Seconds since 1970.
    var date: Int?
    var expires: String?
    var setsCookie = false

    init(_ content: HTTPContent) {
        var varies: [String] = []
        var (tag, modified): (String?, String?)
        for field in content.fields {
            switch field.name.lowercased() {
            case "cache-control": control.add(field.value)
            case "vary": varies.append(field.value)
            case "etag": tag = tag ?? field.value
            case "last-modified": modified = modified ?? field.value
            case "expires": expires = expires ?? field.value
            case "age": age = age ?? Self.seconds(field.value)
            case "date": date = date ?? HTTPDate.seconds(field.value)
            case "set-cookie": setsCookie = true
            case "surrogate-key": tags += TagIndex.names(field.value)
            default: break
            }
        }
        vary = VaryFields(varies)
        validators = Validators(tag: tag, lastModified: modified)
        tags = Array(tags.prefix(TagIndex.limit))
    }

    private static func seconds(_ text: String) -> UInt64? {
        var text = text
        return text.withUTF8 { CacheControl.seconds(UnsafeRawBufferPointer($0)) }.map(UInt64.init)
    }
}
