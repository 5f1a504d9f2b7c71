import ModuleKit

/// Taking out what is no longer true: by an operator, or because a request changed it.
extension StaticCache {
    /// Purged tags remembered while fetches are under way.
    private static let purgedTagLimit = 4096

    /// Selects what is purged.
    enum PurgeScope: Equatable {
        case url(String)
        case prefix(String)
        case tag(String)
    }

    /// `POST /v1/purge` with `url`, `prefix` or `tag`, and `soft`, in the query or as JSON.
    func purge(_ request: OperationRequest) -> OperationResponse {
        var members: [(String, String)] = request.query.map { ($0.name, $0.value) }
        var isSoft = request.parameter("soft").map { $0 == "true" || $0 == "1" || $0.isEmpty } ?? false
        if !request.body.isEmpty {
            guard let json = try? JSON(parsing: request.body), let object = json.objectValue else {
                return OperationResponse(status: 400, problem: "the body must be a JSON object")
            }
            for (name, value) in object {
                if name == "soft", let flag = value.booleanValue {
                    isSoft = flag
                } else if let text = value.stringValue {
                    members.append((name, text))
                } else {
                    return OperationResponse(
                        status: 400, problem: "'\(name)' must be \(name == "soft" ? "a boolean" : "a text")")
                }
            }
        }
        var scopes: [PurgeScope] = []
        for (name, value) in members {
            switch name {
            case "url": scopes.append(.url(value))
            case "prefix": scopes.append(.prefix(value))
            case "tag": scopes.append(.tag(value))
            case "soft": continue
            default: return OperationResponse(status: 400, problem: "unknown member '\(name)'")
            }
        }
        guard scopes.count == 1, let scope = scopes.first else {
            return OperationResponse(status: 400, problem: "give one of 'url', 'prefix' and 'tag'")
        }
        let count = purge(scope, isSoft: isSoft)
        context.log.notice(
            "purged", [LogField("scope", "\(scope)"), LogField("soft", isSoft), LogField("responses", count)])
        return OperationResponse(json: .object([("purged", .integer(count)), ("soft", .boolean(isSoft))]))
    }

    /// Answers how many responses it concerned.
    func purge(_ scope: PurgeScope, isSoft: Bool) -> Int {
        var count = 0
        switch scope {
        case .tag(let name):
            outdateFetches(tag: name)
            var link = tags.tag(name)?.first
            while let current = link {
                link = current.next
                if purge(current.stored, isSoft: isSoft) { count += 1 }
            }
        case .prefix(let prefix):
            let (host, path) = Self.split(prefix)
            let wanted = Array(path.utf8)
            forEachResource(host: host, where: { $0.starts(with: wanted) }) { resource in
                count += purgeAll(of: resource, isSoft: isSoft)
            }
        case .url(let url):
            let (host, path) = Self.split(url)
            if settings.keyHasHost, host == nil {
                let wanted = Array(path.utf8)
                forEachResource(host: nil, where: { $0.elementsEqual(wanted) }) { resource in
                    count += purgeAll(of: resource, isSoft: isSoft)
                }
            } else if let resource = resource(target: path, host: host ?? "") {
                count += purgeAll(of: resource, isSoft: isSoft)
            }
        }
        counters.purged.increment(by: count)
        buryLater()
        return count
    }

    /// A URL's host, if it has one, and its target.
    static func split(_ url: String) -> (host: String?, target: String) {
        guard url.hasPrefix("http://") || url.hasPrefix("https://") else { return (nil, url) }
        let rest = url.dropFirst(url.hasPrefix("https") ? 8 : 7)
        guard let slash = rest.firstIndex(of: "/") else { return (String(rest), "/") }
        return (String(rest[..<slash]), String(rest[slash...]))
    }

    private func forEachResource(
        host: String?, where isMeant: (UnsafeRawBufferPointer) -> Bool, _ body: (Resource) -> Void
    ) {
        let host = settings.keyHasHost ? host.map { Array($0.utf8.map(ByteText.lower)) } : nil
        table.forEach { resource in
            guard isMeant(resource.target) else { return }
            if let host, !resource.key.dropFirst(resource.targetCount + 1).elementsEqual(host) { return }
            body(resource)
        }
    }

    private func purgeAll(of resource: Resource, isSoft: Bool) -> Int {
        outdateFetches(of: resource)
        resource.passUntil = 0
        resource.passCookiesUntil = 0
        var count = 0
        var next = resource.first
        while let stored = next {
            next = stored.next
            if purge(stored, isSoft: isSoft) { count += 1 }
        }
        return count
    }

    /// Marks one response; what it holds is given back in the turns to come, so that purging thousands
    /// holds nobody up.
    private func purge(_ stored: StoredResponse, isSoft: Bool) -> Bool {
        guard !stored.isPurged else { return false }
        let now = context.loop.now
        guard isSoft else {
            stored.isPurged = true
            stored.plainUntil = 0
            graveyard.append(stored)
            return true
        }
        stored.freshUntil = min(stored.freshUntil, now)
        stored.plainUntil = min(stored.plainUntil, now)
        if !stored.isStrict {
            let grace = now.addingSaturated(settings.purgeGrace)
            stored.staleWhileRevalidateUntil = max(stored.staleWhileRevalidateUntil, grace)
            stored.staleIfErrorUntil = max(stored.staleIfErrorUntil, grace)
        }
        return true
    }

    private func buryLater() {
        guard !graveyard.isEmpty else { return }
        context.after(0, on: self) { cache in
            for stored in cache.graveyard.suffix(256) { cache.bury(stored) }
            cache.graveyard.removeLast(min(256, cache.graveyard.count))
            cache.buryLater()
        }
    }

    private func bury(_ stored: StoredResponse) {
        guard stored.isLinked else { return }
        let resource = stored.resource
        drop(stored)
        release(resource)
    }

    // MARK: answers under way

    private func outdateFetches(of resource: Resource) {
        for fetch in fetches where fetch.resource === resource { fetch.isOutdated = true }
        resource.fetches.removeAll()
    }

    /// Which tags the answers under way will carry is not known yet: the purge is remembered.
    private func outdateFetches(tag name: String) {
        guard !fetches.isEmpty else { return }
        if purgedTags.count >= Self.purgedTagLimit {
            for fetch in fetches {
                fetch.isOutdated = true
                fetch.resource.fetches.removeAll()
            }
            purgedTags.removeAll()
            return
        }
        purgedTags.append((name, context.loop.now))
    }

    func isPurged(_ names: [String], since start: UInt64) -> Bool {
        !purgedTags.isEmpty && purgedTags.contains { $0.at >= start && names.contains($0.name) }
    }

    /// A request that changes things succeeded: what it is about is no longer to be believed
    /// (RFC 9111, section 4.4).
    func invalidate(after request: HTTPRequest, _ content: HTTPContent) {
        var targets = [request.targetText]
        let host = request.hostText
        for field in [content.field("location"), content.field("content-location")] {
            guard let field else { continue }
            let (other, target) = Self.split(field)
            // Only of the same host: an origin does not speak for others.
            if target.hasPrefix("/"), other == nil || other?.lowercased() == host.lowercased() {
                targets.append(target)
            }
        }
        for target in targets {
            if let resource = resource(target: target, host: host) {
                _ = purgeAll(of: resource, isSoft: false)
            }
        }
        buryLater()
    }
}
