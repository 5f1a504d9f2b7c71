import ModuleKit

/// Answers that are written piece by piece: large bodies and streams.
extension HTTPConnection {
    /// Bytes that may wait for the socket when the next pieces of a stream are taken.
    static let streamQueue = 64 << 10

    /// The rest of a large body follows when the socket has taken what it was given.
    func beginBody(_ body: HTTPBody, from start: Int, isLast: Bool) {
        (tail, tailStart, isWritingLast) = (body, start, isLast)
        server.resumeLater(self)
    }

    func continueBody() {
        guard let body = tail else { return }
        server.writer.flush()
        guard !isGone, stream.queuedBytes == 0 else { return }
        let count = min(ResponseWriter.sliceSize, body.count - tailStart)
        server.writer.begin(self, ResponseWriter.copyLimit)
        server.writer.putBody(body, from: tailStart, count: count)
        tailStart += count
        if tailStart < body.count {
            server.resumeLater(self)
        } else {
            tail = nil
            endOfAnswer()
        }
        server.wake()
    }

    // MARK: streams

    /// The pieces of a body follow as they are made. Its head was put.
    func beginStream(_ body: HTTPBodyStream, isChunked: Bool, isEventStream: Bool, isLast: Bool) {
        streaming = body
        self.isChunked = isChunked
        self.isEventStream = isEventStream
        isWritingLast = isLast
        let loop = server.loop
        // Never within this call: the answer is still being put.
        if isEventStream && (sawEnd || server.isDraining) {
            return loop.execute { [weak self] in self?.endEventStream() }
        }
        body.attach { [weak self, weak body] in
            loop.execute { [weak self, weak body] in
                guard let self, let body, self.streaming === body else { return }
                self.pump()
            }
        }
    }

    /// Writes the pieces that have come, unless the client is behind; then they stay where they are, and
    /// the one who makes them notices.
    func pump() {
        guard let body = streaming, !isGone else { return }
        server.writer.flush()
        guard !isGone, stream.queuedBytes <= Self.streamQueue else { return }
        for event in body.take() {
            switch event {
            case .piece(let piece):
                server.writer.begin(self, ResponseWriter.copyLimit + 64)
                if isChunked {
                    server.writer.putChunk(piece)
                } else {
                    server.writer.putBody(piece, from: 0, count: piece.count)
                }
            case .end: return endOfStream(isWhole: true)
            case .failed: return endOfStream(isWhole: false)
            }
        }
        server.wake()
    }

    /// - Parameter isWhole: false if the body was not completed; the client is to notice.
    private func endOfStream(isWhole: Bool) {
        streaming = nil
        server.wake()
        if isWhole {
            if isChunked {
                server.writer.begin(self, 64)
                server.writer.put("0\r\n\r\n")
            }
            return endOfAnswer()
        }
        server.writer.flush()
        // Without its last chunk a chunked body is seen to be cut; otherwise only a reset tells.
        if !isChunked { return reset() }
        abandonRequests()
        endAnswers()
        settle()
    }

    /// A stream that has no end of its own is ended.
    func endEventStream() {
        guard isEventStream, let body = streaming else { return }
        body.cancel()
        endOfStream(isWhole: true)
    }

    /// The answer that was written piece by piece is complete.
    private func endOfAnswer() {
        isEventStream = false
        if isWritingLast { endAnswers() } else if first >= 0 { server.advance(self) }
        settle()
    }
}
