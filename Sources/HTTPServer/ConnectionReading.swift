import ModuleKit

/// Reading requests.
extension HTTPConnection {
    /// Reads as many requests as there are.
    func parse() {
        guard !isParsing else { return }
        isParsing = true
        while start < filled && !takesNoMore {
            guard let block = input else { break }
            if phase == .head {
                guard mayReadHead(block) else {
                    isBlocked = true
                    break
                }
                if !readHead(block) { break }
            } else if !readBody(in: block) {
                break
            }
        }
        isParsing = false
        settle()
    }

    /// Whether there is room for another request.
    @inline(__always) private func mayReadHead(_ block: HTTPInput) -> Bool {
        pending < server.limits.pipelineDepth && mayWrite
            && (fieldsBase == 0 || block.fieldCapacity &- fieldsBase >= server.limits.fields)
    }

    /// Reads one head; false if there is none yet.
    @inline(__always) private func readHead(_ block: HTTPInput) -> Bool {
        if filled < block.capacity { block.bytes.storeBytes(of: 0, toByteOffset: filled, as: UInt8.self) }
        var head = self.head
        let outcome = head.read(
            block.bytes + headBase, filled &- headBase, fields: block.fields + fieldsBase, server.headLimits)
        switch outcome {
        case .complete:
            start = headBase &+ head.count
            if head.contentLength > 0 || head.hasChunks {
                beginBody(head)
            } else {
                deliver(head, block, nil)
            }
            return true
        case .incomplete:
            if phaseBegan == 0 { phaseBegan = server.loop.now }
            self.head = head
            return false
        case .refused(let status):
            refuse(status, isHead: false)
            return false
        }
    }

    /// Hands a request on.
    @inline(__always)
    func deliver(_ head: borrowing RequestHead, _ block: HTTPInput, _ body: HTTPBody?) {
        requests &+= 1
        guard server.exchanges.hasRoom else { return refuse(503, isHead: head.method == .head) }
        let isLast = !head.keepsAlive || requests >= server.limits.requestsPerConnection
        if isLast { takesNoMore = true }
        let index = server.exchanges.take()
        let slot = server.exchanges.slots + index
        slot.pointee.connection = Unmanaged.passUnretained(self)
        slot.pointee.next = -1
        slot.pointee.isHead = head.method == .head
        slot.pointee.isOld = head.isOld
        slot.pointee.isLast = isLast
        slot.pointee.method = head.method
        slot.pointee.base = UInt32(truncatingIfNeeded: headBase)
        slot.pointee.target = head.target
        slot.pointee.host = head.host
        slot.pointee.fieldStart = UInt16(truncatingIfNeeded: fieldsBase)
        slot.pointee.fieldCount = UInt16(truncatingIfNeeded: head.fieldCount)
        append(index)
        let request = HTTPRequest(
            input: block, base: headBase, method: head.method, isOld: head.isOld, target: head.target,
            host: head.host, fieldStart: fieldsBase, fieldCount: head.fieldCount, body: body)
        headBase = start
        fieldsBase &+= head.fieldCount
        if phase != .head || phaseBegan != 0 { beginHead() }
        server.counters.requests.increment()
        server.handler?.handle(request, server.exchanges.exchange(at: index))
    }

    @inline(never) private func beginHead() {
        phase = .head
        phaseBegan = 0
        head = RequestHead()
        headBase = start
        dropBody()
    }

    /// Answers with an error in its turn, and takes nothing more: where the next request begins is not
    /// known, or it is not wanted.
    @inline(never) func refuse(_ status: Int, isHead: Bool) {
        takesNoMore = true
        dropBody()
        guard server.exchanges.hasReserve else { return close() }
        server.counters.refused(.init(status: status)).increment()
        server.handler?.refused(status, peerAddress: peerAddress)
        let index = server.exchanges.take()
        let slot = server.exchanges.slots + index
        slot.pointee.connection = Unmanaged.passUnretained(self)
        slot.pointee.next = -1
        slot.pointee.isHead = isHead
        slot.pointee.isOld = false
        slot.pointee.isLast = true
        slot.pointee.fieldCount = 0
        append(index)
        server.respond(to: server.exchanges.exchange(at: index), server.problem(status))
    }

    // MARK: what is to be done next

    /// After reading, and after answers: decides what the connection does next.
    @inline(__always) func settle() {
        if isParsing || isGone { return }
        if start == filled && phase == .head && !takesNoMore && !isPaused && !isBlocked && phaseBegan == 0 {
            if isBusy {
                if let input, input.capacity &- filled < 1024 { return settleSlowly() }
                return setDeadline(.max)
            }
            giveInput()
            return setDeadline(server.loop.now &+ server.limits.idleTime)
        }
        settleSlowly()
    }

    @inline(never) private func settleSlowly() {
        let isBusy = isBusy
        if isFinished || (takesNoMore && !isBusy) { return finish() }
        if takesNoMore {
            resumeReading()
            return setDeadline(.max)
        }
        if !isBusy {
            tidy()
            if continueIsDue { sendContinue() }
        }
        if isBlocked {
            pauseReading()
            setDeadline(.max)
            // Looked at again after each answer, and when the client has taken its answers.
            let hasRoom = !isBusy || pending <= server.limits.pipelineDepth / 2
            if hasRoom, let input, mayReadHead(input) { server.resumeLater(self) }
            return
        }
        if phase != .sizedBody, let input, input.capacity &- filled < 1024 {
            // The block is full of requests under way: it is used again when they are answered.
            pauseReading()
            return setDeadline(.max)
        }
        let now = server.loop.now
        // The time for which nothing was read is not the client's.
        if isPaused && phaseBegan != 0 { phaseBegan = now }
        resumeReading()
        switch phase {
        case .head where start < filled: setDeadline(phaseBegan &+ server.limits.headTime)
        case .head: setDeadline(isBusy ? .max : now &+ server.limits.idleTime)
        case .sizedBody, .chunkedBody: setDeadline(phaseBegan &+ server.limits.bodyTime)
        }
    }

    /// Goes on after a pause.
    func goOn() {
        isResuming = false
        if isGone { return }
        if tail != nil { continueBody() }
        if isBlocked {
            isBlocked = false
            if start < filled { return parse() }
        }
        settle()
    }

    /// The connection's time is up.
    func timeIsUp() {
        setDeadline(.max)
        if isGone { return }
        if isLingering || takesNoMore { return close() }
        if phase == .head && start == filled {
            if isBusy { return }
            return finish()
        }
        refuse(408, isHead: false)
        settle()
    }

    // MARK: the block of input

    /// Nothing is under way: the block goes back, or what is left in it moves to the front.
    private func tidy() {
        let isOurs = isKnownUniquelyReferenced(&input)
        guard let block = input else { return }
        let keep = phase == .head ? start : headBase
        if keep == filled && phase == .head {
            input = nil
            (headBase, start, filled, fieldsBase) = (0, 0, 0, 0)
            if isOurs { server.pool.give(block) }
            return
        }
        if isOurs && keep == 0 && fieldsBase == 0 { return }
        let target = isOurs ? block : server.pool.take(for: peerAddress)
        target.bytes.copyMemory(from: block.bytes + keep, byteCount: filled - keep)
        if phase == .head {
            head = RequestHead()
        } else {
            target.fields.update(from: block.fields + fieldsBase, count: head.fieldCount)
        }
        input = target
        start -= keep
        filled -= keep
        headBase = 0
        fieldsBase = 0
    }

    /// Gives the block back; one that somebody still holds is left to them.
    @inline(__always) func giveInput() {
        (headBase, start, filled, fieldsBase) = (0, 0, 0, 0)
        guard input != nil else { return }
        if isKnownUniquelyReferenced(&input), let block = input.take(), !block.isAbandoned {
            server.pool.give(block)
        }
        input = nil
    }
}
