import ModuleKit

/// One client. Belongs to the server's loop.
///
/// Its requests under way are a list of slots in the server's table, in the order in which they came;
/// their bytes lie in one block of input, which stays where it is until all of them are answered.
final class HTTPConnection: StreamHandler, @unchecked Sendable {
    /// What the next byte belongs to.
    enum Phase { case head, sizedBody, chunkedBody }

    let server: HTTPServer
    let stream: any ByteStream
    /// Its place in the server's table.
    let number: Int
    let peerAddress: String
    /// Whether it was turned away when it came: it counts towards no limit.
    let isSurplus: Bool

    // Input: [headBase, start) is read of the present request, [start, filled) is not read yet.
    @exclusivity(unchecked) var input: HTTPInput?
    @exclusivity(unchecked) var headBase = 0
    @exclusivity(unchecked) var start = 0
    @exclusivity(unchecked) var filled = 0
    /// Where in the block's table the fields of the present head begin.
    @exclusivity(unchecked) var fieldsBase = 0
    @exclusivity(unchecked) var phase = Phase.head
    /// The present head, as far as it was read.
    @exclusivity(unchecked) var head = RequestHead()
    @exclusivity(unchecked) var phaseBegan: UInt64 = 0
    @exclusivity(unchecked) var requests = 0
    @exclusivity(unchecked) var body: BodyBuffer?
    @exclusivity(unchecked) var bodyLeft = 0
    @exclusivity(unchecked) var bodyCharge = 0
    @exclusivity(unchecked) var decoder = ChunkDecoder()
    /// What `streamBuffer` gave last.
    @exclusivity(unchecked) var reads = Reads.input
    enum Reads { case input, body, nothing }

    // Requests under way, as indices of slots; -1 for none.
    @exclusivity(unchecked) var first: Int32 = -1
    @exclusivity(unchecked) var last: Int32 = -1
    @exclusivity(unchecked) var pending = 0

    // The answer that is being written piece by piece.
    @exclusivity(unchecked) var tail: HTTPBody?
    @exclusivity(unchecked) var tailStart = 0
    @exclusivity(unchecked) var streaming: HTTPBodyStream?
    @exclusivity(unchecked) var isChunked = false
    @exclusivity(unchecked) var isEventStream = false
    @exclusivity(unchecked) var isWritingLast = false

    @exclusivity(unchecked) var isParsing = false
    @exclusivity(unchecked) var isPaused = false
    /// The next request is not read until there is room for it.
    @exclusivity(unchecked) var isBlocked = false
    /// No further request is read; what comes is thrown away.
    @exclusivity(unchecked) var takesNoMore = false
    /// The last answer has been put.
    @exclusivity(unchecked) var isFinished = false
    /// Everything is written or queued: waits for the client's end.
    @exclusivity(unchecked) var isLingering = false
    @exclusivity(unchecked) var sawEnd = false
    @exclusivity(unchecked) var isGone = false
    @exclusivity(unchecked) var isRemoved = false
    @exclusivity(unchecked) var continueIsDue = false
    @exclusivity(unchecked) var isResuming = false

    // A client that is slow to take its answers.
    @exclusivity(unchecked) var isSlow = false
    @exclusivity(unchecked) var given = 0
    @exclusivity(unchecked) var takenMark = 0
    @exclusivity(unchecked) var writeDue: UInt64 = 0

    init(_ server: HTTPServer, _ stream: any ByteStream, number: Int, isSurplus: Bool) {
        self.server = server
        self.stream = stream
        self.number = number
        self.isSurplus = isSurplus
        peerAddress = stream.peerAddress
    }

    /// Whether an answer is being written piece by piece.
    @inline(__always) var isWriting: Bool { tail != nil || streaming != nil }
    @inline(__always) var isBusy: Bool { first >= 0 || isWriting }
    @inline(__always) func setDeadline(_ time: UInt64) { server.deadlines[number] = time }
    /// Whether the client takes its answers well enough that more can be written.
    @inline(__always) var mayWrite: Bool { !isSlow || stream.queuedBytes <= server.limits.queuedBytes }

    // MARK: the list of requests under way

    @inline(__always) func append(_ index: Int) {
        let index = Int32(truncatingIfNeeded: index)
        if first < 0 { first = index } else { server.exchanges.slots[Int(last)].next = index }
        last = index
        pending &+= 1
    }
    @inline(__always) func popFirst() {
        let index = Int(first)
        first = server.exchanges.slots[index].next
        pending &-= 1
        server.exchanges.give(index)
    }

    // MARK: the stream's calls

    func streamBuffer(_ stream: any ByteStream) -> UnsafeMutableRawBufferPointer {
        if takesNoMore {
            reads = .nothing
            return server.discarded
        }
        if phase == .sizedBody, start == filled, let body {
            reads = .body
            return body.room(bodyLeft)
        }
        reads = .input
        let block: HTTPInput
        if let input {
            block = input
        } else {
            block = server.pool.take(for: peerAddress)
            input = block
        }
        return UnsafeMutableRawBufferPointer(start: block.bytes + filled, count: block.capacity &- filled)
    }

    func stream(_ stream: any ByteStream, didRead count: Int) {
        server.counters.bytesIn.increment(by: count)
        if isGone { return }
        switch reads {
        case .nothing: return
        case .input:
            // Room may have been given before the connection stopped taking requests.
            if takesNoMore { return }
            filled &+= count
            parse()
        case .body: readBody(count)
        }
    }

    func stream(_ stream: any ByteStream, didEnd error: NetworkError?) {
        if isGone { return }
        if error != nil { return close() }
        sawEnd = true
        takesNoMore = true
        if isEventStream { return close() }
        if isLingering || !isBusy { return finish() }
        setDeadline(.max)
    }

    func streamDidDrain(_ stream: any ByteStream) {
        isSlow = false
        if isGone { return }
        if isLingering {
            if sawEnd { return close() }
            return setDeadline(server.loop.now &+ server.limits.lingerTime)
        }
        if tail != nil { continueBody() }
        if streaming != nil { pump() }
        if first >= 0 { server.advance(self) }
        settle()
        if isBlocked { server.resumeLater(self) }
    }

    func streamDidClose(_ stream: any ByteStream) {
        leave()
        server.remove(self)
    }

    // MARK: the end

    /// The last answer was put, or none is to come: writes what there is, then closes without losing it.
    @inline(never) func finish() {
        guard !isGone else { return }
        server.writer.flush()
        guard !isGone else { return }
        takesNoMore = true
        let wasLingering = isLingering
        isLingering = true
        let queued = stream.queuedBytes
        if sawEnd {
            if queued == 0 { close() }
            return
        }
        if !wasLingering { stream.shutdownWriting() }
        giveInput()
        resumeReading()
        setDeadline(queued == 0 ? server.loop.now &+ server.limits.lingerTime : .max)
        server.checkDrained()
    }

    /// Ends the connection at once; requests under way lose their client.
    func close() {
        guard !isGone else { return }
        leave()
        stream.close()
    }
    /// As `close`, in a way that the client cannot take for a good end.
    func reset() {
        guard !isGone else { return }
        leave()
        stream.reset()
    }

    /// Leaves everything that others might reach it by.
    private func leave() {
        guard !isGone else { return }
        isGone = true
        setDeadline(.max)
        server.writer.forget(self)
        streaming?.cancel()
        (streaming, tail) = (nil, nil)
        abandonRequests()
        dropBody()
        giveInput()
    }

    /// Requests under way lose their client: their answers will go nowhere.
    func abandonRequests() {
        if first >= 0 { input?.isAbandoned = true }
        var index = first
        while index >= 0 {
            let slot = server.exchanges.slots + Int(index)
            let next = slot.pointee.next
            slot.pointee.connection = nil
            server.counters.abandoned.increment()
            if let response = slot.pointee.response {
                response.stream?.cancel()
                slot.pointee.response = nil
                server.exchanges.give(Int(index))
            }
            index = next
        }
        (first, last, pending) = (-1, -1, 0)
    }

    // MARK: reading and writing

    func pauseReading() {
        guard !isPaused else { return }
        isPaused = true
        stream.pauseReading()
    }
    func resumeReading() {
        guard isPaused else { return }
        isPaused = false
        stream.resumeReading()
    }

    /// Called by the writer.
    @inline(__always) func write(_ buffers: UnsafeMutablePointer<IOBuffer>, _ count: Int, _ total: Int) {
        guard !stream.isClosing else { return }
        given &+= total
        stream.write(buffers, count)
        if stream.queuedBytes > 0 { noteQueue() }
    }
    @inline(never) private func noteQueue() {
        guard !isSlow else { return }
        isSlow = true
        takenMark = given &- stream.queuedBytes
        writeDue = server.loop.now &+ server.limits.writeTime
        server.slow.append(self)
    }

    /// Whether the client took enough since the last time that this was asked for.
    func makesProgress(_ now: UInt64) -> Bool {
        guard writeDue <= now else { return true }
        let taken = given &- stream.queuedBytes
        guard taken &- takenMark >= server.limits.writeProgress else { return false }
        takenMark = taken
        writeDue = now &+ server.limits.writeTime
        return true
    }
}
