import ModuleKit

/// A question for a fragment under way.
struct FragmentQuestion {
    let page: Page
    let resolution: Resolution
    let source: FragmentSource
    /// Whether something of the visitor went along.
    let isPersonal: Bool
}

/// Finding what stands in the places of includes: all of them at once.
extension DynamicFragment {
    /// The shell is there: asks for all fragments.
    func begin(_ page: Page, _ shell: ParsedShell) {
        page.shell = shell
        if mode(of: page.request) == .browser {
            counters.browser.increment()
            respond(page, browserPage(shell))
            return finish(page)
        }
        page.pieces = resolve(shell, in: page, depth: 0)
        // The answer to a HEAD is nothing but its length and the like: it is made whole.
        page.streamAt =
            page.request.method == .head ? .max : context.loop.now.addingSaturated(settings.streamAfter)
        advance(page)
    }

    private func resolve(_ shell: ParsedShell, in page: Page, depth: Int) -> [PagePiece] {
        shell.parts.map { part in
            switch part {
            case .text(let body): return .text(body)
            case .include(let include):
                page.includeCount += 1
                let resolution = Resolution(include, of: page, depth: depth)
                if page.includeCount > settings.includes {
                    standIn(resolution)
                } else {
                    resolve(resolution)
                }
                if resolution.pieces == nil { page.open.append(resolution) }
                return .include(resolution)
            }
        }
    }

    private func resolve(_ resolution: Resolution) {
        guard let source = resolution.include.source else {
            counters.failed.increment()
            return standIn(resolution)
        }
        if let feature = source.feature, let off = degrade.off(feature) {
            counters.off.increment()
            if let text = off.fallback {
                resolution.pieces = [.text(HTTPBody(text))]
            } else {
                standIn(resolution)
            }
            return
        }
        if let copy = source.copy, context.loop.now < source.freshUntil {
            counters.reused.increment()
            resolution.pieces = [.text(copy.body)]
            return
        }
        ask(source, for: resolution)
    }

    /// Fails the resolution if the question cannot even be asked.
    private func ask(_ source: FragmentSource, for resolution: Resolution) {
        let page = resolution.page
        let timeout = resolution.include.markup.timeout ?? settings.deadline
        resolution.deadline = context.loop.now.addingSaturated(timeout)
        let (request, isPersonal) = request(for: source, of: page)
        let tag = fragmentQuestions.add(
            FragmentQuestion(
                page: page, resolution: resolution, source: source, isPersonal: isPersonal))
        counters.asked.increment()
        if !fragments.ask(request, tag: tag, page.delivery.limited(to: resolution.deadline)) {
            _ = fragmentQuestions.take(tag)
            fail(resolution, of: source)
        }
    }

    private func request(for source: FragmentSource, of page: Page) -> (HTTPRequest, isPersonal: Bool) {
        var fields: [(name: String, value: String)] = []
        if source.takesCookies {
            for value in page.request.fieldTexts("cookie") { fields.append((name: "cookie", value: value)) }
        }
        let isPersonal = !fields.isEmpty
        if !settings.forwarded.isEmpty {
            for index in 0..<Int(page.request.fieldCount) {
                let field = page.request.field(at: index)
                let name = page.request.text(field.name).lowercased()
                if settings.forwarded.contains(name) {
                    fields.append((name: name, value: page.request.text(field.value)))
                }
            }
        }
        if fields.isEmpty { return (source.request, false) }
        fields.append((name: "accept", value: "text/html"))
        let request = HTTPRequest(
            .get, source.path, host: settings.host, fields: fields,
            peerAddress: page.request.input.peerAddress)
        return (request, isPersonal)
    }

    func fragmentArrived(_ tag: UInt32, _ result: consuming Result<HTTPResponse, AskFailure>) {
        guard let question = fragmentQuestions.take(tag) else { return }
        let resolution = question.resolution
        guard case .success(let response) = result, (200..<300).contains(response.content.status),
            response.stream == nil, response.content.body.count <= settings.largestFragment
        else {
            if case .success(let response) = result { response.stream?.cancel() }
            counters.failed.increment()
            if resolution.pieces == nil { fail(resolution, of: question.source) }
            return advance(resolution.page)
        }
        counters.arrived.increment()
        let isForAll = keep(response, of: question)
        guard resolution.pieces == nil else { return }
        let page = resolution.page
        if !isForAll { page.isPersonal = true }
        if let inner = shell(of: response) {
            // Deeper than the limit nothing is asked: what is included there shows its fallback.
            if resolution.depth < settings.depth {
                settle(resolution, resolve(inner, in: page, depth: resolution.depth + 1))
            } else {
                settle(resolution, Self.fallbacks(of: inner))
            }
        } else {
            settle(resolution, [.text(response.content.body)])
        }
        advance(page)
    }

    private static func fallbacks(of shell: ParsedShell) -> [PagePiece] {
        shell.parts.compactMap { part in
            switch part {
            case .text(let body): .text(body)
            case .include(let include): include.fallback.map { .text($0) }
            }
        }
    }

    private func settle(_ resolution: Resolution, _ pieces: [PagePiece]) {
        resolution.pieces = pieces
        resolution.page.open.removeAll { $0 === resolution }
    }

    // MARK: when it is late or fails

    /// The last good answer, the alternative, the fallback, nothing: the first that is there.
    func fail(_ resolution: Resolution, of source: FragmentSource) {
        if let copy = source.copy, context.loop.now < source.keepUntil {
            counters.stale.increment()
            return settle(resolution, [.text(copy.body)])
        }
        if !resolution.hasTriedAlternative, let alternative = resolution.include.alternative {
            resolution.hasTriedAlternative = true
            return ask(alternative, for: resolution)
        }
        standIn(resolution)
    }

    private func standIn(_ resolution: Resolution) {
        counters.fallbacks.increment()
        let include = resolution.include
        if include.fallback == nil, !include.markup.continuesOnError, settings.failure == .page {
            resolution.page.hasFailed = true
        }
        settle(resolution, include.fallback.map { [.text($0)] } ?? [])
    }

    /// Time has passed: gives up fragments that are late, begins the stream.
    func lookAt(_ page: Page) {
        let now = context.loop.now
        for resolution in page.open where resolution.deadline <= now {
            guard resolution.pieces == nil, let source = resolution.include.source else { continue }
            counters.late.increment()
            fail(resolution, of: source)
        }
        advance(page)
    }

    // MARK: last good answers

    /// Keeps an answer that is for all; answers whether it is.
    private func keep(_ response: HTTPResponse, of question: FragmentQuestion) -> Bool {
        let (content, source, now) = (response.content, question.source, context.loop.now)
        if question.isPersonal { return false }
        if source.copy === content, response.cacheStatus.kind != .none {
            source.keepUntil = now.addingSaturated(settings.keep)
            return true
        }
        let life = FragmentLife(content)
        guard life.isPublic else { return false }
        // A fragment with includes of its own is put together anew each time.
        if ParsedShell.isShell(response, needsSurrogateControl: settings.needsSurrogateControl) {
            return true
        }
        copiedBytes += content.body.count - (source.copy?.body.count ?? 0)
        if source.copy == nil { copies.append(source) }
        source.copy = content
        source.keepUntil = now.addingSaturated(settings.keep)
        // Where a cache answers, it decides on lives, and purges reach it.
        let age = UInt64(max(0, Int64(response.age))) * 1_000_000_000
        let hasLife = response.cacheStatus.kind == .none && life.lifetime > age
        source.freshUntil = hasLife ? now.addingSaturated(life.lifetime - age) : 0
        while copiedBytes > settings.keepBytes, oldestCopy < copies.count { dropOldestCopy() }
        counters.keptBytes.value = Double(copiedBytes)
        return true
    }

    private func dropOldestCopy() {
        let source = copies[oldestCopy]
        oldestCopy += 1
        copiedBytes -= source.copy?.body.count ?? 0
        source.copy = nil
        source.freshUntil = 0
        if oldestCopy > 1024, oldestCopy * 2 > copies.count {
            copies.removeFirst(oldestCopy)
            oldestCopy = 0
        }
    }
}

extension UInt64 {
    func addingSaturated(_ other: UInt64) -> UInt64 {
        let (sum, overflow) = addingReportingOverflow(other)
        return overflow ? .max : sum
    }
}
