import ModuleKit

/// Reading bodies: sized ones straight into their buffer where that is possible, chunked ones through the
/// block of input.
extension HTTPConnection {
    @inline(never) func beginBody(_ head: borrowing RequestHead) {
        self.head = copy head
        phaseBegan = server.loop.now
        if head.hasChunks {
            phase = .chunkedBody
            decoder = ChunkDecoder()
            body = BodyBuffer(expecting: 0)
        } else {
            guard head.contentLength <= server.limits.bodySize else {
                return refuse(413, isHead: head.method == .head)
            }
            phase = .sizedBody
            bodyLeft = head.contentLength
            body = BodyBuffer(expecting: bodyLeft)
        }
        // Who has begun to send the body does not wait for the word.
        if head.expectsContinue && start == filled {
            if isBusy { continueIsDue = true } else { sendContinue() }
        }
        chargeBody()
    }

    func sendContinue() {
        continueIsDue = false
        server.writer.begin(self, 64)
        server.writer.put("HTTP/1.1 100 Continue\r\n\r\n")
        server.wake()
    }

    /// Takes what the block holds of the body; false if more is needed, or the request was refused.
    func readBody(in block: HTTPInput) -> Bool {
        guard let body else { return false }
        let bytes = UnsafeRawBufferPointer(start: block.bytes + start, count: filled &- start)
        if phase == .sizedBody {
            let part = min(bodyLeft, bytes.count)
            body.append(UnsafeRawBufferPointer(rebasing: bytes[..<part]))
            bodyLeft &-= part
            start &+= part
            return endOfPiece(isComplete: bodyLeft == 0, block)
        }
        let result = decoder.decode(bytes, limit: server.limits.bodySize) { body.append($0) }
        start &+= result.used
        if case .refused(let status) = result.outcome {
            refuse(status, isHead: head.method == .head)
            return false
        }
        return endOfPiece(isComplete: result.outcome == .complete, block)
    }

    /// Bytes of a sized body came straight into its buffer.
    func readBody(_ count: Int) {
        if takesNoMore { return }
        isParsing = true
        takePiece(count)
        isParsing = false
        settle()
    }
    private func takePiece(_ count: Int) {
        guard let body, let block = input else { return }
        body.added(count)
        bodyLeft &-= count
        _ = endOfPiece(isComplete: bodyLeft == 0, block)
    }

    private func endOfPiece(isComplete: Bool, _ block: HTTPInput) -> Bool {
        guard chargeBody() else { return false }
        // Bytes of the body were copied: their place is used again.
        if start == filled {
            start = headBase &+ head.count
            filled = start
        }
        guard isComplete, let body else { return start < filled }
        let head = head
        deliver(head, block, body.body)
        return true
    }

    /// Counts the memory of bodies that are being received; false if it is too much.
    @discardableResult private func chargeBody() -> Bool {
        guard let body else { return false }
        server.bodyBytes += body.capacity - bodyCharge
        bodyCharge = body.capacity
        if server.bodyBytes <= server.limits.bodyBytes { return true }
        refuse(503, isHead: head.method == .head)
        return false
    }
    func dropBody() {
        server.bodyBytes -= bodyCharge
        bodyCharge = 0
        body = nil
    }
}
