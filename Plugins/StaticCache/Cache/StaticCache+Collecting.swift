import ModuleKit

/// A streamed answer that is gathered, so that it can be stored. Belongs to its actor's loop.
final class Gathering: @unchecked Sendable {
    let fetch: Fetch
    let content: HTTPContent
    let stream: HTTPBodyStream
    @exclusivity(unchecked) var bytes: [UInt8] = []
    @exclusivity(unchecked) var isOver = false

    init(_ stream: HTTPBodyStream, of content: HTTPContent, for fetch: Fetch) {
        self.stream = stream
        self.content = content
        self.fetch = fetch
    }
}

/// Answers that come piece by piece, stored all the same where the settings ask for it.
extension StaticCache {
    /// Whether a streamed answer may be stored by what its head says.
    func isWorthCollecting(_ content: HTTPContent) -> Bool {
        guard settings.collect > 0 else { return false }
        let whole = HTTPResponse(HTTPContent(status: content.status, fields: content.fields))
        return settings.policy.terms(for: whole, wall: context.loop.wallNow, isPersonal: true).decision
            == .store
    }

    /// Those who wait go on waiting until the answer is whole; within the fetch's time limit.
    func collect(_ stream: HTTPBodyStream, of content: HTTPContent, for fetch: Fetch) {
        let gathering = Gathering(stream, of: content, for: fetch)
        let (loop, context) = (context.loop, context)
        stream.attach { [weak self] in
            guard let cache = self else { return }
            loop.execute {
                if context.isCurrent { cache.assumeIsolated { $0.take(gathering) } }
            }
        }
    }

    private func take(_ gathering: Gathering) {
        guard !gathering.isOver else { return }
        for event in gathering.stream.take() where !gathering.isOver {
            switch event {
            case .piece(let body):
                guard gathering.bytes.count + body.count <= settings.collect else {
                    giveUp(gathering)
                    break
                }
                gathering.bytes.append(contentsOf: body.bytes)
            case .end: finish(gathering)
            case .failed:
                gathering.isOver = true
                complete(gathering.fetch, .failure(.failed))
            }
        }
        endDrainIfDone()
    }

    private func finish(_ gathering: Gathering) {
        gathering.isOver = true
        let fields = gathering.content.fields.filter { $0.name.lowercased() != "content-length" }
        let whole = HTTPContent(
            status: gathering.content.status, fields: fields, body: HTTPBody(gathering.bytes))
        complete(gathering.fetch, .success(HTTPResponse(whole)))
    }

    /// It is longer than is gathered: those who wait ask for themselves, and so does everybody for a
    /// while.
    private func giveUp(_ gathering: Gathering) {
        gathering.isOver = true
        gathering.bytes = []
        gathering.stream.cancel()
        let fetch = gathering.fetch
        fetch.resource.passUntil = context.loop.now.addingSaturated(settings.pass)
        for waiter in takeWaiters(of: fetch) { pass(waiter.request, waiter.delivery, waiter.reply) }
        complete(fetch, .failure(.dropped))
    }
}
