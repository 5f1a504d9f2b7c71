import ModuleKit

/// Puts pages together from shells and their moving parts.
actor DynamicFragment: Module {
    nonisolated let context: Context
    nonisolated let settings: FragmentSettings
    nonisolated let origin: Link<HTTPContract>
    nonisolated let fragments: Link<HTTPContract>
    nonisolated let counters: FragmentCounters
    @exclusivity(unchecked) var shelf: ShellShelf
    @exclusivity(unchecked) var sources: [String: FragmentSource] = [:]
    @exclusivity(unchecked) var pageQuestions = QuestionSlots<Page>()
    @exclusivity(unchecked) var fragmentQuestions = QuestionSlots<FragmentQuestion>()
    /// Pages whose requests are not answered, or whose streams have not ended.
    @exclusivity(unchecked) var underWay = 0
    @exclusivity(unchecked) var degrade = DegradeState.normal
    /// Number of the degrade state, for pages made under it.
    @exclusivity(unchecked) var generation = 0
    /// Sources with a copy, the oldest first from `oldestCopy` on.
    @exclusivity(unchecked) var copies: [FragmentSource] = []
    @exclusivity(unchecked) var oldestCopy = 0
    @exclusivity(unchecked) var copiedBytes = 0
    @exclusivity(unchecked) var drained: (@Sendable () -> Void)?

    init(_ context: Context) throws {
        self.context = context
        settings = FragmentSettings(context.settings)
        guard FragmentSource.isLocal(settings.script) else {
            throw ModuleError("must be a path of this shop", setting: "script")
        }
        origin = try context.link("origin", HTTPContract.self)
        fragments = try context.link("fragments", HTTPContract.self)
        counters = FragmentCounters(context)
        shelf = ShellShelf(limit: settings.shells)
    }

    func start() throws {
        context.serve(HTTPContract.self, by: self) { actor, request, delivery, reply in
            actor.receive(request, delivery, ReplyBox(reply))
        }
        origin.onAnswer(of: self) { actor, tag, result in actor.shellArrived(tag, result) }
        fragments.onAnswer(of: self) { actor, tag, result in actor.fragmentArrived(tag, result) }
    }

    // MARK: shells

    private func receive(
        _ request: HTTPRequest, _ delivery: Delivery, _ reply: ReplyBox<HTTPResponse>
    ) {
        guard underWay < settings.pages else {
            counters.refused.increment()
            return reply(
                HTTPResponse(
                    problem: 503, "Too many pages under way", fields: [(name: "Retry-After", value: "1")]))
        }
        let page = Page(request, delivery, reply)
        let tag = pageQuestions.add(page)
        // A part of a shell cannot be taken apart.
        let asked = request.field("range") == nil ? request : Self.withoutRange(request)
        guard origin.ask(asked, tag: tag, delivery) else {
            _ = pageQuestions.take(tag)
            return reply.fail(.tooManyUnderWay)
        }
        underWay += 1
        counters.underWay.value = Double(underWay)
    }

    private static func withoutRange(_ request: HTTPRequest) -> HTTPRequest {
        var fields: [(name: String, value: String)] = []
        for index in 0..<Int(request.fieldCount) {
            let field = request.field(at: index)
            let name = request.text(field.name).lowercased()
            if name != "range" && name != "if-range" { fields.append((name, request.text(field.value))) }
        }
        return HTTPRequest(
            request.method, request.targetText, host: request.hostText, fields: fields,
            body: request.body.map { Array($0.bytes) }, peerAddress: request.input.peerAddress)
    }

    private func shellArrived(_ tag: UInt32, _ result: consuming Result<HTTPResponse, AskFailure>) {
        guard let page = pageQuestions.take(tag) else { return }
        switch result {
        case .failure(let reason):
            page.reply.fail(reason)
            finish(page)
        case .success(let response):
            guard let shell = shell(of: response) else {
                counters.passed.increment()
                page.reply(response)
                return finish(page)
            }
            page.cacheStatus = response.cacheStatus
            begin(page, shell)
        }
    }

    /// The response taken apart; nil if it is no shell.
    func shell(of response: HTTPResponse) -> ParsedShell? {
        if let known = shelf.find(response.content) { return known }
        guard
            ParsedShell.isShell(response, needsSurrogateControl: settings.needsSurrogateControl)
        else { return nil }
        counters.parsed.increment()
        let content = response.content
        let parts = ShellParser.parse(content.body.bytes, limit: settings.includes).map { part in
            switch part {
            case .text(let range): ParsedShell.Part.text(Self.slice(content, range))
            case .include(let markup): ParsedShell.Part.include(include(markup, of: content))
            }
        }
        let shell = ParsedShell(content, parts: parts, cacheControl: settings.cacheControl)
        // Only a cache gives out the same content again.
        if response.cacheStatus.kind != .none, response.cacheStatus.kind != .bypass { shelf.add(shell) }
        return shell
    }

    private static func slice(_ content: HTTPContent, _ range: Range<Int>) -> HTTPBody {
        HTTPBody(sharing: UnsafeRawBufferPointer(rebasing: content.body.bytes[range]), of: content)
    }

    private func include(_ markup: IncludeMarkup, of content: HTTPContent) -> ParsedShell.Include {
        ParsedShell.Include(
            markup, source: source(markup.source, markup.takesCookies),
            alternative: markup.alternative.flatMap { source($0, markup.takesCookies) },
            fallback: markup.fallback.isEmpty ? nil : Self.slice(content, markup.fallback))
    }

    private func source(_ path: String, _ takesCookies: Bool?) -> FragmentSource? {
        guard FragmentSource.isLocal(path) else { return nil }
        let takes = takesCookies ?? settings.cookiePaths.contains { path.hasPrefix($0) }
        let key = (takes ? "+" : "-") + path
        if let known = sources[key] { return known }
        // Those that shells hold live on; the others are made again when they are needed.
        if sources.count >= settings.sources { sources.removeAll(keepingCapacity: true) }
        let fresh = FragmentSource(
            path, host: settings.host, takesCookies: takes, feature: settings.feature(of: path))
        sources[key] = fresh
        return fresh
    }

    // MARK: life

    func finish(_ page: Page) {
        guard !page.isFinished else { return }
        page.isFinished = true
        context.cancel(page.timer)
        underWay -= 1
        counters.underWay.value = Double(underWay)
        if underWay == 0, let done = drained {
            drained = nil
            done()
        }
    }

    func receive(control message: ControlMessage) {
        if case .degrade(let state) = message {
            degrade = state
            generation += 1
        }
    }

    func drain(_ done: @escaping @Sendable () -> Void) {
        if underWay == 0 { done() } else { drained = done }
    }
}
