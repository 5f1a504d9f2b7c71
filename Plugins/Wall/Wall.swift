import ModuleKit

/// The screen on which a sale is seen while it happens: a page, and a stream of what changes.
///
/// While nobody watches it does nothing. One question to analytics serves all viewers, and one piece of
/// memory carries a frame to all of them.
actor Wall: Module {
    /// One open page.
    private struct Viewer {
        let number: Int
        let stream: HTTPBodyStream
        /// Whether the whole state is still to be sent.
        var isNew = true
    }
    nonisolated let context: Context
    private let settings: WallSettings
    private let analytics: Link<SnapshotContract>
    private let page: WallPage
    private let metrics: WallMetrics
    private var asker: Asker<SnapshotContract, Wall>?
    private var gauges: ActorGauges
    private var viewers: [Viewer] = []
    private var nextViewer = 0
    private var frames = FrameSource()
    private var isTicking = false
    private var isAsking = false
    private var degrade = DegradeState.normal
    /// What analytics said last; empty before the first answer.
    private var snapshot: [(String, JSON)] = []
    private var isSilent = false
    private var snapshotTime: UInt64 = 0
    /// The present state as text, if it was asked for since analytics were.
    private var stateBody: HTTPBody?
    private var waiting: [ReplyBox<HTTPResponse>] = []
    /// The whole state as an event, for those who come before the next frame.
    private var wholeBody: HTTPBody?
    private var actors = JSON.array([])
    private var cache = JSON.null
    private var gaugeTime: UInt64?
    private var lastSent: UInt64 = 0

    init(_ context: Context) throws {
        self.context = context
        settings = WallSettings(context.settings)
        analytics = try context.link("analytics", SnapshotContract.self)
        let watched = context.links.targets("watches")
        gauges = ActorGauges(Array((watched.isEmpty ? context.host.cells : watched).prefix(settings.actors)))
        page = WallPage(title: settings.title)
        metrics = WallMetrics(context, settings: settings)
    }

    func start() throws {
        asker = Asker(analytics, of: self)
        context.serve(HTTPContract.self, by: self) { actor, request, _, reply in
            actor.answer(request, reply)
        }
    }

    func receive(control message: ControlMessage) {
        guard case .degrade(let state) = message, state != degrade else { return }
        degrade = state
        stateBody = nil
        if !viewers.isEmpty { publish() }
    }

    func drain(_ done: @escaping @Sendable () -> Void) {
        for viewer in viewers { viewer.stream.finish() }
        viewers.removeAll()
        metrics.viewers.value = 0
        done()
    }

    func stop() {
        for viewer in viewers { viewer.stream.fail() }
        viewers.removeAll()
    }

    // MARK: requests

    private func answer(_ request: HTTPRequest, _ reply: consuming Reply<HTTPResponse>) {
        guard request.method == .get || request.method == .head else {
            return reply(
                HTTPResponse(
                    problem: 405, "Method Not Allowed", fields: [(name: "Allow", value: "GET, HEAD")]))
        }
        let path = request.bytes(request.path)
        if Self.ends(path, with: "/stream") {
            reply(request.method == .head ? Self.streamHead : watch())
        } else if Self.ends(path, with: "/snapshot.json") {
            answerSnapshot(reply)
        } else if path.last == UInt8(ascii: "/") || Self.ends(path, with: "/wall") {
            reply(page.answer(request))
        } else {
            reply(
                HTTPResponse(problem: 404, "Not Found", detail: "there is nothing of this name on the wall"))
        }
    }

    private static func ends(_ path: UnsafeRawBufferPointer, with name: StaticString) -> Bool {
        let count = name.utf8CodeUnitCount
        guard path.count >= count else { return false }
        return path.suffix(count).elementsEqual(UnsafeBufferPointer(start: name.utf8Start, count: count))
    }

    /// Rows of a series that are sent at most.
    private static let longestSeries = 600
    /// Requests for the snapshot that wait for analytics at most.
    private static let longestQueue = 1_000

    private static let streamFields = [
        (name: "Content-Type", value: "text/event-stream; charset=utf-8"),
        (name: "Cache-Control", value: "no-store"),
        // Proxies that gather small pieces would hold up the frames.
        (name: "X-Accel-Buffering", value: "no"),
    ]
    private static var streamHead: HTTPResponse { HTTPResponse(HTTPContent(fields: streamFields)) }

    /// However many ask, analytics are asked once in an interval.
    private func answerSnapshot(_ reply: consuming Reply<HTTPResponse>) {
        if let stateBody, context.now < snapshotTime &+ settings.interval {
            return reply(Self.snapshotAnswer(stateBody))
        }
        guard waiting.count < Self.longestQueue else { return reply.fail(.refused) }
        waiting.append(ReplyBox(reply))
        ask()
    }

    private func answerWaiting() {
        guard !waiting.isEmpty else { return }
        readGauges()
        let body = HTTPBody(JSON.object(state()).encoded())
        stateBody = body
        for reply in waiting { reply(Self.snapshotAnswer(body)) }
        waiting.removeAll()
    }

    private static func snapshotAnswer(_ body: HTTPBody) -> HTTPResponse {
        HTTPResponse(
            type: "application/json", fields: [(name: "Cache-Control", value: "no-store")], body: body)
    }

    // MARK: viewers

    private func watch() -> HTTPResponse {
        dropGone()
        guard viewers.count < settings.viewers else {
            metrics.turnedAway.increment()
            return HTTPResponse(
                problem: 503, "Service Unavailable",
                detail: "at most \(settings.viewers) viewers watch at a time",
                fields: [(name: "Retry-After", value: "5"), (name: "Cache-Control", value: "no-store")])
        }
        let stream = HTTPBodyStream(limit: settings.queue)
        let number = nextViewer
        nextViewer += 1
        stream.onCancel { [weak self, loop = context.loop] in
            guard let self else { return }
            loop.execute { [weak self] in self?.assumeIsolated { $0.leave(number) } }
        }
        stream.write(FrameSource.preamble)
        viewers.append(Viewer(number: number, stream: stream))
        metrics.viewers.value = Double(viewers.count)
        if isTicking {
            welcome()
        } else {
            isTicking = true
            lastSent = context.now
            tick()
        }
        return HTTPResponse(HTTPContent(fields: Self.streamFields, hasLength: false), stream: stream)
    }

    private func leave(_ number: Int) {
        viewers.removeAll { $0.number == number }
        metrics.viewers.value = Double(viewers.count)
    }

    private func dropGone() {
        viewers.removeAll { !$0.stream.isOpen }
        metrics.viewers.value = Double(viewers.count)
    }

    // MARK: frames

    /// Runs while somebody watches.
    private func tick() {
        dropGone()
        guard !viewers.isEmpty else {
            isTicking = false
            return
        }
        ask()
        context.after(settings.interval, on: self) { $0.tick() }
    }

    private func ask() {
        guard !isAsking else { return }
        isAsking = true
        asker?.ask(.init(), timeout: settings.timeout) { actor, result in
            actor.isAsking = false
            actor.take(result)
            actor.answerWaiting()
            actor.publish()
        }
    }

    private func take(_ result: Result<JSON, AskFailure>) {
        snapshotTime = context.now
        stateBody = nil
        if case .success(let json) = result, let members = json.objectValue {
            snapshot = members.map { ($0.0, $0.0 == "series" ? Self.shortened($0.1) : $0.1) }
            isSilent = false
        } else {
            isSilent = true
            metrics.silent.increment()
        }
    }

    /// The latest rows of a series: what a screen has room for.
    private static func shortened(_ series: JSON) -> JSON {
        guard let rows = series["rows"]?.arrayValue, rows.count > longestSeries else { return series }
        return .object([
            ("columns", series["columns"] ?? .null), ("rows", .array(Array(rows.suffix(longestSeries)))),
        ])
    }

    private func readGauges() {
        if let gaugeTime, context.now < gaugeTime &+ settings.actorInterval { return }
        gaugeTime = context.now
        actors = gauges.actors(now: context.now)
        cache = gauges.cache(context.host.metrics)
    }

    private func state() -> [(String, JSON)] {
        let features = degrade.featuresOff.map { feature in
            JSON.object([
                ("name", .string(feature.name)), ("fallback", feature.fallback.map(JSON.string) ?? .null),
            ])
        }
        return snapshot + [
            ("status", .string(isSilent ? "silent" : "ok")),
            ("degrade", .object([("level", .integer(degrade.level)), ("off", .array(features))])),
            ("cache", cache),
            ("actors", actors),
            ("heartbeat_ms", .integer(Int(clamping: settings.heartbeat / 1_000_000))),
        ]
    }

    private func publish() {
        guard !viewers.isEmpty else { return }
        readGauges()
        wholeBody = nil
        let change = frames.update(state()).map { FrameSource.event("change", $0) }
        for index in viewers.indices where !viewers[index].isNew {
            if let change { send(change, to: index) }
        }
        if change != nil { metrics.frames.increment() }
        welcome()
        if change != nil { lastSent = context.now }
        guard context.now >= lastSent &+ settings.heartbeat else { return }
        lastSent = context.now
        for index in viewers.indices { send(FrameSource.heartbeat, to: index) }
    }

    /// Sends the whole state to those who have just come.
    private func welcome() {
        guard viewers.contains(where: \.isNew), let whole = frames.whole else { return }
        let body = wholeBody ?? FrameSource.event("whole", whole)
        wholeBody = body
        for index in viewers.indices where viewers[index].isNew {
            viewers[index].isNew = false
            send(body, to: index)
        }
    }

    /// Sends, or cuts a viewer who does not read.
    private func send(_ body: HTTPBody, to index: Int) {
        let stream = viewers[index].stream
        let waiting = stream.bytesWaiting
        // To one who has read everything, even a large first frame can be sent.
        guard waiting <= FrameSource.preamble.count || waiting + body.count <= settings.queue else {
            if stream.isOpen { metrics.cut.increment() }
            stream.fail()
            return
        }
        stream.write(body)
    }
}
