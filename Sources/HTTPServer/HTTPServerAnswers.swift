import ModuleKit

/// Answering requests.
extension HTTPServer {
    /// Answers a request. Answers to requests of one connection leave in the order of the requests; one
    /// that comes before its turn is kept. Goes nowhere if the client is gone, its time was up, or it
    /// was answered before.
    public func respond(to exchange: HTTPExchange, _ response: consuming HTTPResponse) {
        guard let slot = exchanges.find(exchange), slot.pointee.response == nil else {
            return lose(response)
        }
        let index = exchange.index
        guard let unowned = slot.pointee.connection else {
            exchanges.give(index)
            return lose(response)
        }
        let connection = unowned.takeUnretainedValue()
        if connection.first == Int32(truncatingIfNeeded: index) && !connection.isWriting
            && connection.mayWrite
        {
            // The common case: nobody before it, nothing to keep.
            emit(connection, slot, response)
            if connection.isGone { return exchanges.give(index) }
            connection.popFirst()
            if connection.first >= 0 { advance(connection) }
        } else {
            slot.pointee.response = response
            exchanges.deadlines[index] = .max
        }
        connection.settle()
    }

    @inline(never) private func lose(_ response: consuming HTTPResponse) {
        counters.late.increment()
        response.stream?.cancel()
    }

    /// Until when the handler is to answer: at that time (nanoseconds on the loop's clock, late by
    /// 100 ms at most) its `timedOut` is asked instead.
    @inline(__always) public func limit(_ exchange: HTTPExchange, until deadline: UInt64) {
        guard exchanges.find(exchange) != nil else { return }
        exchanges.deadlines[exchange.index] = deadline
    }

    /// The request again, without its body; nil if nobody waits for the answer any more.
    public func request(of exchange: HTTPExchange) -> HTTPRequest? {
        guard let slot = exchanges.find(exchange), let connection = slot.pointee.connection else {
            return nil
        }
        return connection._withUnsafeGuaranteedRef { connection in
            guard let input = connection.input else { return nil }
            return HTTPRequest(
                input: input, base: Int(slot.pointee.base), method: slot.pointee.method,
                isOld: slot.pointee.isOld, target: slot.pointee.target, host: slot.pointee.host,
                fieldStart: Int(slot.pointee.fieldStart), fieldCount: Int(slot.pointee.fieldCount))
        }
    }

    /// Puts the answers that nothing is before.
    @inline(never) func advance(_ connection: HTTPConnection) {
        while connection.first >= 0 && !connection.isWriting && connection.mayWrite {
            let index = Int(connection.first)
            let slot = exchanges.slots + index
            guard let response = slot.pointee.response.take() else { return }
            emit(connection, slot, response)
            // Writing may have shown that the client is gone; the slot was left to this answer.
            if connection.isGone { return exchanges.give(index) }
            connection.popFirst()
        }
    }

    @inline(__always)
    private func emit(
        _ connection: HTTPConnection, _ slot: UnsafeMutablePointer<ExchangeSlot>,
        _ response: borrowing HTTPResponse
    ) {
        let content = response.content
        wake()
        if response.stream != nil || !content.hasLength || content.status < 200 {
            return emitSpecial(connection, slot, response)
        }
        let isLast = slot.pointee.isLast || (connection.takesNoMore && slot.pointee.next < 0)
        counters.responses[min(content.status / 100, 5) - 1].increment()
        let body = content.body
        writer.begin(connection, min(content.head.count, 16 << 10) &+ 512 &+ ResponseWriter.copyLimit)
        writer.putHead(
            content, response,
            ResponseWriter.Framing(isLast: isLast, isOld: slot.pointee.isOld, isChunked: false, length: -1))
        if !slot.pointee.isHead && !HTTPStatus.hasNoBody(content.status) {
            if body.count > ResponseWriter.sliceSize {
                writer.putBody(body, from: 0, count: ResponseWriter.sliceSize)
                return connection.beginBody(body, from: ResponseWriter.sliceSize, isLast: isLast)
            }
            writer.putBody(body, from: 0, count: body.count)
        }
        if isLast { connection.endAnswers() }
    }

    /// Answers without a length of their own: streams, and contents whose head does not say it.
    @inline(never)
    private func emitSpecial(
        _ connection: HTTPConnection, _ slot: UnsafeMutablePointer<ExchangeSlot>,
        _ response: borrowing HTTPResponse
    ) {
        let content = response.content
        // A status below 200 is no answer: the client would wait for another.
        guard content.status >= 200, response.stream == nil || !content.hasLength else {
            response.stream?.cancel()
            return emitSpecial(connection, slot, HTTPResponse(HTTPContent(status: 500, hasLength: false)))
        }
        let isHead = slot.pointee.isHead
        let hasBody = !HTTPStatus.hasNoBody(content.status)
        let isStreamed = response.stream != nil && hasBody
        let isOld = slot.pointee.isOld
        let isLast =
            slot.pointee.isLast || (connection.takesNoMore && slot.pointee.next < 0) || (isStreamed && isOld)
        counters.responses[min(content.status / 100, 5) - 1].increment()
        writer.begin(connection, min(content.head.count, 16 << 10) + 512 + ResponseWriter.copyLimit)
        writer.putHead(
            content, response,
            ResponseWriter.Framing(
                isLast: isLast, isOld: isOld, isChunked: isStreamed && !isOld,
                length: response.stream == nil && hasBody ? content.body.count : -1))
        if isLast { connection.takesNoMore = true }
        if let stream = response.stream {
            if isStreamed && !isHead {
                let isEventStream = content.field("content-type")?.hasPrefix("text/event-stream") == true
                return connection.beginStream(
                    stream, isChunked: !isOld, isEventStream: isEventStream, isLast: isLast)
            }
            stream.cancel()
        } else if !isHead && hasBody {
            if content.body.count > ResponseWriter.copyLimit {
                return connection.beginBody(content.body, from: 0, isLast: isLast)
            }
            writer.putBody(content.body, from: 0, count: content.body.count)
        }
        if isLast { connection.endAnswers() }
    }
}

extension HTTPConnection {
    /// The last answer has been put.
    func endAnswers() {
        takesNoMore = true
        isFinished = true
    }

    /// Puts one slot in another's place in the line.
    func replace(_ old: Int, by new: Int) {
        let (old, new) = (Int32(truncatingIfNeeded: old), Int32(truncatingIfNeeded: new))
        if first == old {
            first = new
        } else {
            var index = first
            while index >= 0 && server.exchanges.slots[Int(index)].next != old {
                index = server.exchanges.slots[Int(index)].next
            }
            if index >= 0 { server.exchanges.slots[Int(index)].next = new }
        }
        if last == old { last = new }
    }
}
