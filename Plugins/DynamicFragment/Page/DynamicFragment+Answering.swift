import ModuleKit

/// Giving out what is there: whole if all is at hand at once, else piece by piece.
extension DynamicFragment {
    /// Looks at what has become of a page after something in it changed.
    func advance(_ page: Page) {
        guard !page.isFinished, page.shell != nil else { return }
        if page.stream != nil {
            write(page)
        } else if page.open.isEmpty {
            respondWhole(page)
        } else if context.loop.now >= page.streamAt {
            beginStream(page)
        }
        if !page.isFinished { wakeLater(page) }
    }

    private func wakeLater(_ page: Page) {
        context.cancel(page.timer)
        var next = page.stream == nil ? page.streamAt : UInt64.max
        for resolution in page.open { next = min(next, resolution.deadline) }
        let now = context.loop.now
        page.timer = context.after(next > now ? next - now : 0, on: self) { actor in actor.lookAt(page) }
    }

    func respond(_ page: Page, _ content: HTTPContent) {
        var response = HTTPResponse(content)
        response.cacheStatus = page.cacheStatus
        page.reply(response)
    }

    private func respondWhole(_ page: Page) {
        defer { finish(page) }
        guard let shell = page.shell else { return }
        if page.hasFailed {
            context.countError()
            return page.reply(HTTPResponse(problem: 502, "A part of the page could not be had"))
        }
        counters.whole.increment()
        let pieces = page.ready().pieces
        if let known = shell.assembled, Self.areSame(known.pieces, pieces) {
            return respond(page, known.content)
        }
        let content = HTTPContent(
            status: shell.content.status, fields: shell.fields, body: Self.joined(pieces))
        // What is for one visitor does not come again.
        if !page.isPersonal { shell.assembled = (pieces, content) }
        respond(page, content)
    }

    private static func areSame(_ one: [HTTPBody], _ other: [HTTPBody]) -> Bool {
        one.count == other.count && zip(one, other).allSatisfy { $0 === $1 }
    }

    private static func joined(_ pieces: [HTTPBody]) -> HTTPBody {
        var bytes: [UInt8] = []
        bytes.reserveCapacity(pieces.reduce(0) { $0 + $1.count })
        for piece in pieces { bytes.append(contentsOf: piece.bytes) }
        return HTTPBody(bytes)
    }

    // MARK: piece by piece

    private func beginStream(_ page: Page) {
        guard let shell = page.shell else { return }
        // All that can come lies in memory already or is bounded by the fragments' limits.
        let limit = shell.content.body.count + settings.includes * settings.largestFragment
        let stream = HTTPBodyStream(limit: limit)
        page.stream = stream
        counters.streamed.increment()
        let head = HTTPContent(status: shell.content.status, fields: shell.fields, hasLength: false)
        var response = HTTPResponse(head, stream: stream)
        response.cacheStatus = page.cacheStatus
        page.reply(response)
        write(page)
    }

    private func write(_ page: Page) {
        guard let stream = page.stream else { return }
        if page.hasFailed || !stream.isOpen {
            stream.fail()
            return finish(page)
        }
        let (pieces, isWhole) = page.ready()
        for piece in pieces.dropFirst(page.written) { stream.write(piece) }
        page.written = pieces.count
        if isWhole {
            stream.finish()
            finish(page)
        }
    }

    // MARK: fragments that the browser loads

    /// How a request is answered: as it says itself, else by the settings.
    func mode(of request: HTTPRequest) -> FragmentSettings.Mode {
        guard !settings.modeParameter.isEmpty, request.query.count > 0,
            let word = request.queryParameter(settings.modeParameter)
        else { return settings.mode }
        return FragmentSettings.Mode(rawValue: word) ?? settings.mode
    }

    /// The shell with placeholders that a script fills; what they show before is of use without it.
    func browserPage(_ shell: ParsedShell) -> HTTPContent {
        if let known = shell.forBrowser, known.generation == generation { return known.content }
        var bytes: [UInt8] = []
        var placeholders = 0
        for part in shell.parts {
            switch part {
            case .text(let body): bytes.append(contentsOf: body.bytes)
            case .include(let include):
                if let placeholder = placeholder(include) {
                    placeholders += 1
                    bytes.append(contentsOf: placeholder)
                }
            }
        }
        if placeholders > 0 {
            let script = "<script src=\"\(HTTPText.htmlEscaped(settings.script))\" defer></script>"
            bytes.insert(contentsOf: script.utf8, at: Self.endOfBody(bytes))
        }
        let content = HTTPContent(
            status: shell.content.status, fields: shell.fields, body: HTTPBody(bytes))
        shell.forBrowser = (content, generation)
        return content
    }

    private func placeholder(_ include: ParsedShell.Include) -> [UInt8]? {
        let fallback = include.fallback.map { Array($0.bytes) }
        guard let source = include.source else { return fallback }
        if let feature = source.feature, let off = degrade.off(feature) {
            return off.fallback.map { Array($0.utf8) } ?? fallback
        }
        let path = HTTPText.htmlEscaped(source.path)
        let element = include.markup.element
        let link = "<noscript><a href=\"\(path)\">\(HTTPText.htmlEscaped(settings.linkText))</a></noscript>"
        return Array("<\(element) data-fragment=\"\(path)\">".utf8) + (fallback ?? Array(link.utf8))
            + Array("</\(element)>".utf8)
    }

    /// Where `</body>` begins; the end if there is none.
    private static func endOfBody(_ bytes: [UInt8]) -> Int {
        let mark = Array("</body>".utf8)
        var index = bytes.count - mark.count
        while index >= 0 {
            if bytes[index..<(index + mark.count)].elementsEqual(mark) { return index }
            index -= 1
        }
        return bytes.count
    }
}
