import HTTPServer
import ModuleKit

/// Where requests of one route go.
struct RouteTarget {
    /// Index into the links.
    var link: Int
    /// Members behind the link.
    var members: Int
    /// Nanoseconds.
    var timeout: UInt64
    var criticality: Criticality
    /// What analytics are told of it; nil for nothing.
    var event: BehaviourKind?
    /// As written in the settings.
    var name: String
}

/// What the gate knows of a request under way, beside what the server knows.
struct RequestRow {
    var route = 0
    /// By the precise clock; 0 if the request is not measured.
    var startedAt: UInt64 = 0
    var trace: UInt64 = 0
    var isLogged = false
}

/// The way of a request: matched, asked of a link, answered. On the gate's loop only; nothing is
/// allocated for a request.
final class GateCore: HTTPRequestHandler, @unchecked Sendable {
    let context: Context
    let loop: Loop
    let links: [Link<HTTPContract>]
    let eventLink: Link<BehaviourContract>?
    let accessLog: AccessLog?
    let metrics: GateMetrics
    let errors = ErrorPages()
    let events: EventMaker
    private let table: RouteTable
    private let targets: [RouteTarget]
    private let listenAddress: SocketAddress
    let server: HTTPServer
    @exclusivity(unchecked) private(set) var address: SocketAddress?
    @exclusivity(unchecked) private var random: Random
    @exclusivity(unchecked) private var rows: UnsafeMutablePointer<RequestRow>
    @exclusivity(unchecked) private var rowCapacity = 64
    @exclusivity(unchecked) private var sinceMeasured = 0
    @exclusivity(unchecked) private var measuredAt: UInt64 = 0

    init(_ context: Context) throws {
        self.context = context
        loop = context.loop
        random = context.makeRandom()
        let settings = context.settings
        guard let address = SocketAddress(settings.string("listen")) else {
            throw ModuleError("'\(settings.string("listen"))' is no address", setting: "listen")
        }
        listenAddress = address
        let routes = try GateRoutes(settings, context)
        (links, targets, table) = (routes.links, routes.targets, RouteTable(routes.patterns))
        let hasEvents = !context.links.targets("events").isEmpty
        eventLink = hasEvents ? try context.link("events", BehaviourContract.self) : nil
        events = EventMaker(settings)
        let metrics = GateMetrics(context)
        self.metrics = metrics
        accessLog = Settings(settings["access_log"]).map {
            AccessLog(AccessLogOptions($0), context.loop, dropped: metrics.droppedLogLines)
        }
        rows = .allocate(capacity: rowCapacity)
        rows.initialize(repeating: RequestRow(), count: rowCapacity)
        server = HTTPServer(
            on: loop, limits: GateDeclaration.limits(of: settings), counters: metrics.server)
        server.handler = self
    }
    deinit {
        rows.deinitialize(count: rowCapacity)
        rows.deallocate()
    }

    func listen() throws {
        var options = ListenOptions()
        options.sharesPort = context.actor.replicas > 1
        do {
            let taken = try server.listen(listenAddress, via: context.network, options: options)
            address = taken
            context.log.info("listening", [LogField("address", taken)])
        } catch {
            throw ModuleError(error.description, setting: "listen")
        }
    }
    func showGauges() {
        metrics.connections.value = Double(server.connectionCount)
        metrics.underWay.value = Double(server.exchangeCount)
    }

    // MARK: requests

    func handle(_ request: consuming HTTPRequest, _ exchange: HTTPExchange) {
        let target = request.bytes(request.target)
        let path = UnsafeRawBufferPointer(rebasing: target[..<Self.pathCount(target)])
        guard case .route(let index) = table.match(request.method, path) else {
            return turnAway(request, exchange, table.match(request.method, path))
        }
        let row = row(exchange.index)
        row.pointee.route = index
        row.pointee.trace = random.next() | 1
        row.pointee.isLogged = accessLog?.wantsLine() ?? false
        begin(row)
        let way = targets[index]
        let deadline = loop.now &+ way.timeout
        server.limit(exchange, until: deadline)
        let member =
            way.members > 1 ? StableHash.jump(StableHash.hash(target), buckets: way.members) : 0
        let delivery = Delivery(deadline: deadline, trace: row.pointee.trace, criticality: way.criticality)
        if !links[way.link].ask(request, tag: exchange.tag, of: member, delivery) {
            fail(exchange, .tooManyUnderWay)
        }
    }

    /// Measures one request in 16, and the first in each millisecond, so that quiet times are seen too.
    @inline(__always) private func begin(_ row: UnsafeMutablePointer<RequestRow>) {
        sinceMeasured &+= 1
        if sinceMeasured & 15 == 0 || loop.now &- measuredAt > 1_000_000 || row.pointee.isLogged {
            measuredAt = loop.now
            row.pointee.startedAt = loop.preciseNow
        } else {
            row.pointee.startedAt = 0
        }
    }

    /// Bytes of a target before its `?`.
    @inline(__always) static func pathCount(_ target: UnsafeRawBufferPointer) -> Int {
        var index = 0
        while index < target.count && target[index] != UInt8(ascii: "?") { index &+= 1 }
        return index
    }

    @inline(__always) private func row(_ index: Int) -> UnsafeMutablePointer<RequestRow> {
        if index >= rowCapacity { growRows(index) }
        return rows + index
    }
    @inline(never) private func growRows(_ index: Int) {
        let size = max(rowCapacity * 2, index + 1)
        let wide = UnsafeMutablePointer<RequestRow>.allocate(capacity: size)
        wide.moveInitialize(from: rows, count: rowCapacity)
        (wide + rowCapacity).initialize(repeating: RequestRow(), count: size - rowCapacity)
        rows.deallocate()
        (rows, rowCapacity) = (wide, size)
    }

    /// Requests that no route takes.
    @inline(never)
    private func turnAway(_ request: HTTPRequest, _ exchange: HTTPExchange, _ outcome: RouteTable.Outcome) {
        let row = row(exchange.index)
        row.pointee = RequestRow(route: -1, isLogged: accessLog?.wantsLine() ?? false)
        begin(row)
        let isServerWide = request.method == .options && request.bytes(request.target).elementsEqual("*".utf8)
        let wantsPage = ErrorPages.wantsPage(request)
        switch outcome {
        case .otherMethods(let methods):
            let allow = [(name: "Allow", value: RouteTable.names(of: methods | RoutePattern.bit(.options)))]
            if request.method == .options {
                return answer(exchange, HTTPResponse(HTTPContent(status: 204, fields: allow)))
            }
            answer(exchange, errors.response(405, wantsPage, fields: allow))
        case _ where request.method == .other: answer(exchange, errors.response(501, wantsPage))
        case _ where isServerWide: answer(exchange, HTTPResponse(HTTPContent(status: 204)))
        default: answer(exchange, errors.response(404, wantsPage))
        }
    }

    // MARK: answers

    /// An actor has answered, or will not.
    func heard(_ tag: UInt32, _ result: consuming Result<HTTPResponse, AskFailure>) {
        let exchange = HTTPExchange(tag: tag)
        switch consume result {
        case .success(let response): answer(exchange, response)
        case .failure(let reason): fail(exchange, reason)
        }
    }

    /// The actor behind the route did not answer in time.
    func timedOut(_ exchange: HTTPExchange) -> HTTPResponse {
        let response = failure(exchange, .timedOut)
        note(exchange, response)
        return response
    }

    @inline(never) private func fail(_ exchange: HTTPExchange, _ reason: AskFailure) {
        answer(exchange, failure(exchange, reason))
    }
    private func failure(_ exchange: HTTPExchange, _ reason: AskFailure) -> HTTPResponse {
        metrics.failures[Int(reason.rawValue)].increment()
        context.countError()
        let wantsPage = server.request(of: exchange).map(ErrorPages.wantsPage) ?? false
        switch reason {
        case .timedOut, .expired: return errors.response(504, wantsPage)
        case .dropped, .refused, .failed, .unavailable, .tooManyUnderWay:
            return errors.response(503, wantsPage)
        }
    }

    @inline(__always)
    private func answer(_ exchange: HTTPExchange, _ response: consuming HTTPResponse) {
        let row = row(exchange.index)
        if row.pointee.startedAt != 0 || hasEvent(row.pointee.route) { note(exchange, response) }
        server.respond(to: exchange, response)
    }
    @inline(__always) private func hasEvent(_ route: Int) -> Bool {
        eventLink != nil && route >= 0 && targets[route].event != nil
    }

    /// What is kept of an answered request: its time, a line of the log, an event.
    @inline(never) private func note(_ exchange: HTTPExchange, _ response: borrowing HTTPResponse) {
        // Nobody waits any more: the time was noted when the client was told.
        guard let request = server.request(of: exchange) else { return }
        let row = rows[exchange.index]
        var elapsed: UInt64 = 0
        if row.startedAt != 0 {
            elapsed = loop.preciseNow &- row.startedAt
            metrics.latency.record(elapsed)
        }
        if row.isLogged, let accessLog {
            accessLog.add(
                request, response, elapsed: elapsed, trace: row.trace,
                route: row.route >= 0 ? targets[row.route].name : "")
        }
        guard hasEvent(row.route), let kind = targets[row.route].event, let eventLink,
            request.method == .get, response.content.status < 400
        else { return }
        let event = events.make(kind, request, response, elapsed: elapsed, loop)
        if eventLink.tell(.event(event), Delivery(trace: row.trace, criticality: .background)) != .accepted {
            metrics.droppedEvents.increment()
        }
    }
}
