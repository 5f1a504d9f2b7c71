import ModuleKit

/// A server of HTTP/1.1 (RFC 9110, RFC 9112) on one loop.
///
/// Requests go to its handler as they come and are answered in their order, whatever the order of the
/// handler's answers. Nothing is allocated for a request whose answer is at hand; answers of one turn
/// leave in one write a connection. Use it on its loop only.
public final class HTTPServer: @unchecked Sendable {
    /// Where its connections live.
    public let loop: Loop
    /// What a client may ask for, and how long it may take.
    public let limits: HTTPServerLimits
    /// What happened since it was made.
    public let counters: HTTPServerCounters
    /// Who answers; held until `close`. Set it before connections come.
    @exclusivity(unchecked) public var handler: (any HTTPRequestHandler)?
    let headLimits: HeadLimits
    let exchanges: ExchangeTable
    let pool: InputPool
    let writer: ResponseWriter
    /// Where bytes go that nobody wants.
    let discarded = UnsafeMutableRawBufferPointer.allocate(byteCount: 4096, alignment: 16)

    @exclusivity(unchecked) private var connections: [HTTPConnection?] = []
    @exclusivity(unchecked) private var freeNumbers: [Int] = []
    /// By the connection's number: when it is to be looked at; `.max` for never.
    @exclusivity(unchecked) var deadlines = UnsafeMutablePointer<UInt64>.allocate(capacity: 16)
    @exclusivity(unchecked) private var deadlineCapacity = 16
    @exclusivity(unchecked) private var open = 0
    @exclusivity(unchecked) private var surplus = 0
    @exclusivity(unchecked) private var perAddress: [String: Int] = [:]
    @exclusivity(unchecked) private var listeners: [any Listener] = []
    @exclusivity(unchecked) var bodyBytes = 0
    /// Connections whose clients are slow to take their answers.
    @exclusivity(unchecked) var slow: [HTTPConnection] = []
    @exclusivity(unchecked) private var resumable: [HTTPConnection] = []
    @exclusivity(unchecked) private var isAwake = false
    @exclusivity(unchecked) private var hook: () -> Void = {}
    @exclusivity(unchecked) private var isSweeping = false
    /// Whether it closes each connection after the answers under way.
    @exclusivity(unchecked) public private(set) var isDraining = false
    @exclusivity(unchecked) private var isClosed = false
    @exclusivity(unchecked) private var drained: (() -> Void)?
    @exclusivity(unchecked) private var problems: [(status: Int, response: HTTPResponse)] = []

    /// How often time limits are looked at, in nanoseconds: they are late by so much at most.
    static let sweepInterval: UInt64 = 100_000_000
    /// Connections beyond the limit that are told so; more are reset.
    static let surplusLimit = 64

    /// A server without a listener.
    public init(
        on loop: Loop, limits: HTTPServerLimits = HTTPServerLimits(),
        counters: HTTPServerCounters = HTTPServerCounters()
    ) {
        self.loop = loop
        self.limits = limits.inRange
        self.counters = counters
        headLimits = HeadLimits(self.limits)
        exchanges = ExchangeTable(limit: self.limits.exchanges)
        pool = InputPool(self.limits)
        writer = ResponseWriter(loop, counters.bytesOut)
        hook = { [weak self] in self?.endOfIteration() }
    }
    deinit {
        discarded.deallocate()
        deadlines.deallocate()
    }

    // MARK: connections

    /// Accepts connections there; answers the address with the port that was really taken.
    @discardableResult
    public func listen(
        _ address: SocketAddress, via network: any Network, options: ListenOptions = ListenOptions()
    ) throws(NetworkError) -> SocketAddress {
        let listener = try network.listen(address, on: loop, options: options) { [weak self] stream in
            guard let self else { return stream.close() }
            self.accept(stream)
        }
        listeners.append(listener)
        return listener.address
    }

    /// Serves a connection that somebody else accepted.
    public func accept(_ stream: any ByteStream) {
        counters.accepted.increment()
        let address = stream.peerAddress
        var refusal: HTTPServerCounters.Refusal?
        if open - surplus >= limits.connections { refusal = .connections }
        if !address.isEmpty && perAddress[address, default: 0] >= limits.connectionsPerAddress {
            refusal = refusal ?? .address
        }
        if let refusal {
            counters.refused(refusal).increment()
            if surplus >= Self.surplusLimit || isDraining {
                counters.closed.increment()
                return stream.reset()
            }
        }
        let number = freeNumbers.popLast() ?? newNumber()
        let connection = HTTPConnection(self, stream, number: number, isSurplus: refusal != nil)
        connections[number] = connection
        open += 1
        if refusal == nil {
            if !address.isEmpty { perAddress[address, default: 0] += 1 }
        } else {
            surplus += 1
        }
        stream.start(connection)
        deadlines[number] = loop.now &+ limits.idleTime
        if refusal != nil { turnAway(connection) }
        if isDraining { connection.finish() }
        if !isSweeping { sweepLater() }
    }

    private func turnAway(_ connection: HTTPConnection) {
        connection.takesNoMore = true
        let response = problem(503)
        writer.begin(connection, 4096)
        writer.putHead(
            response.content, response,
            ResponseWriter.Framing(isLast: true, isOld: false, isChunked: false, length: -1))
        writer.putBody(response.content.body, from: 0, count: response.content.body.count)
        counters.responses[4].increment()
        connection.finish()
    }

    private func newNumber() -> Int {
        connections.append(nil)
        if connections.count > deadlineCapacity {
            let wide = UnsafeMutablePointer<UInt64>.allocate(capacity: deadlineCapacity * 2)
            wide.update(from: deadlines, count: deadlineCapacity)
            deadlines.deallocate()
            deadlines = wide
            deadlineCapacity *= 2
        }
        return connections.count - 1
    }

    /// The stream is closed.
    func remove(_ connection: HTTPConnection) {
        guard !connection.isRemoved else { return }
        connection.isRemoved = true
        connections[connection.number] = nil
        freeNumbers.append(connection.number)
        deadlines[connection.number] = .max
        open -= 1
        counters.closed.increment()
        if connection.isSurplus {
            surplus -= 1
        } else if !connection.peerAddress.isEmpty {
            let left = perAddress[connection.peerAddress, default: 1] - 1
            perAddress[connection.peerAddress] = left > 0 ? left : nil
        }
        checkDrained()
    }

    // MARK: time

    private func sweepLater() {
        isSweeping = true
        loop.after(Self.sweepInterval) { [weak self] in self?.sweep() }
    }

    /// Time limits of all connections and requests: one timer, and a walk over two arrays of times.
    private func sweep() {
        isSweeping = false
        let now = loop.now
        for number in connections.indices where deadlines[number] <= now { connections[number]?.timeIsUp() }
        for index in 0..<exchanges.used where exchanges.deadlines[index] <= now { timeIsUp(index) }
        if !slow.isEmpty {
            let list = slow
            slow = list.filter { $0.isSlow && !$0.isGone }
            for connection in list where connection.isSlow && !connection.isGone {
                guard !connection.makesProgress(now) else { continue }
                counters.refused(.slowReader).increment()
                connection.reset()
            }
        }
        if open > 0 && !isSweeping { sweepLater() }
    }

    /// A request was not answered in time: its client gets what the handler says. The late answer finds
    /// nobody, so the request's slot stays taken until then and another stands in for it in the line.
    private func timeIsUp(_ index: Int) {
        exchanges.deadlines[index] = .max
        let late = exchanges.slots[index]
        guard late.isTaken, late.response == nil, let connection = late.connection?.takeUnretainedValue()
        else { return }
        counters.timedOut.increment()
        let response = handler?.timedOut(exchanges.exchange(at: index)) ?? problem(504)
        guard exchanges.hasReserve else { return connection.close() }
        let substitute = exchanges.take()
        let generation = exchanges.slots[substitute].generation
        exchanges.slots[substitute] = late
        exchanges.slots[substitute].generation = generation
        exchanges.slots[index].connection = nil
        connection.replace(index, by: substitute)
        respond(to: exchanges.exchange(at: substitute), response)
    }

    // MARK: the end of an iteration

    /// What was put is written at the end of the loop's iteration.
    @inline(__always) func wake() {
        if isAwake { return }
        isAwake = true
        loop.atEndOfIteration(hook)
    }
    /// Goes on with the connection at the end of the iteration.
    func resumeLater(_ connection: HTTPConnection) {
        if connection.isResuming { return }
        connection.isResuming = true
        resumable.append(connection)
        wake()
    }
    private func endOfIteration() {
        var rounds = 0
        repeat {
            writer.flush()
            let list = resumable
            resumable = []
            for connection in list { connection.goOn() }
            rounds += 1
        } while rounds < 4 && (!resumable.isEmpty || writer.total > 0)
        writer.flush()
        isAwake = false
        // Others' turn: one quick client does not hold the loop.
        if !resumable.isEmpty { loop.execute { [weak self] in self?.wake() } }
    }

    // MARK: the end

    /// Takes no new connections and requests, answers those under way, then calls `done`. Streams of
    /// events, which have no end of their own, are ended.
    public func drain(_ done: @escaping () -> Void) {
        stopListening()
        isDraining = true
        drained = done
        for connection in connections {
            guard let connection, !connection.isGone else { continue }
            connection.takesNoMore = true
            connection.endEventStream()
            connection.settle()
        }
        checkDrained()
    }

    /// Whether nothing is under way any more; clients that only have to notice the end do not count.
    func checkDrained() {
        guard isDraining, let done = drained else { return }
        for connection in connections {
            guard let connection, !connection.isGone else { continue }
            if !connection.isLingering || connection.stream.queuedBytes > 0 { return }
        }
        drained = nil
        done()
    }

    private func stopListening() {
        for listener in listeners { listener.close() }
        listeners = []
    }

    /// Ends everything at once and lets go of the handler.
    public func close() {
        guard !isClosed else { return }
        isClosed = true
        isDraining = true
        stopListening()
        for connection in connections { connection?.close() }
        handler = nil
        resumable = []
        slow = []
    }

    /// Connections that are open.
    public var connectionCount: Int { open }
    /// Requests that wait for their answers.
    public var exchangeCount: Int { exchanges.count }

    /// The server's own answer for an error.
    func problem(_ status: Int) -> HTTPResponse {
        if let known = problems.first(where: { $0.status == status }) { return known.response }
        let fields = status == 503 ? [(name: "Retry-After", value: "1")] : []
        let response = HTTPResponse(problem: status, HTTPStatus.reason(status), fields: fields)
        problems.append((status, response))
        return response
    }
}
