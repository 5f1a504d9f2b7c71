import ModuleKit

/// Assembles answers and writes them: one write for each connection and turn, however many answers it
/// gets. Small bodies are copied behind their heads; larger ones are gathered, and held until then.
final class ResponseWriter {
    static let capacity = 256 << 10
    /// Bodies up to this size are copied.
    static let copyLimit = 4 << 10
    /// Of a body, bytes given to the socket at once; the rest follows when these are gone.
    static let sliceSize = 256 << 10

    private let out = UnsafeMutableRawPointer.allocate(byteCount: capacity + 64, alignment: 64)
    private let buffers = UnsafeMutablePointer<IOBuffer>.allocate(capacity: 64)
    @exclusivity(unchecked) private var bufferCount = 0
    @exclusivity(unchecked) private var outStart = 0
    @exclusivity(unchecked) private var outCount = 0
    @exclusivity(unchecked) private(set) var total = 0
    @exclusivity(unchecked) private var held: [AnyObject] = []
    /// Unowned: a connection that closes is taken out first.
    @exclusivity(unchecked) private var current: Unmanaged<HTTPConnection>?
    private let loop: Loop
    private let bytesOut: Counter
    /// "Date: ... GMT" and CRLF, of the second that ends at `dateUntil`.
    private let date = UnsafeMutableRawPointer.allocate(byteCount: 64, alignment: 16)
    @exclusivity(unchecked) private var dateUntil: UInt64 = 0
    static let dateCount = 37

    init(_ loop: Loop, _ bytesOut: Counter) {
        self.loop = loop
        self.bytesOut = bytesOut
    }
    deinit {
        out.deallocate()
        buffers.deallocate()
        date.deallocate()
    }

    // MARK: pieces

    /// Makes the connection the one that is written for, with room for so many bytes (at most 64 KiB).
    @inline(__always) func begin(_ connection: HTTPConnection, _ room: Int) {
        let wanted = Unmanaged.passUnretained(connection)
        if current?.toOpaque() != wanted.toOpaque() {
            if total > 0 { flush() }
            current = wanted
        }
        if outCount &+ room > Self.capacity || bufferCount > 56 {
            flush()
            current = wanted
        }
    }
    @inline(__always) func put(_ bytes: UnsafeRawPointer, _ count: Int) {
        (out + outCount).copyMemory(from: bytes, byteCount: count)
        outCount &+= count
        total &+= count
    }
    @inline(__always) func put(_ text: StaticString) {
        put(UnsafeRawPointer(text.utf8Start), text.utf8CodeUnitCount)
    }
    @inline(__always) func put(_ number: UInt32) {
        var (rest, count) = (number, 1)
        while rest > 9 {
            rest /= 10
            count &+= 1
        }
        rest = number
        var index = outCount &+ count
        repeat {
            index &-= 1
            out.storeBytes(
                of: UInt8(truncatingIfNeeded: rest % 10) &+ 48, toByteOffset: index, as: UInt8.self)
            rest /= 10
        } while index > outCount
        outCount &+= count
        total &+= count
    }
    private func putHexadecimal(_ number: Int) {
        let digits: StaticString = "0123456789abcdef"
        var shift = 60
        while shift > 0 && number >> shift == 0 { shift -= 4 }
        while shift >= 0 {
            put(UnsafeRawPointer(digits.utf8Start + (number >> shift) & 15), 1)
            shift -= 4
        }
    }
    /// Bytes that are not copied: the owner is held until they are written.
    @inline(never) func refer(_ bytes: UnsafeRawBufferPointer, of owner: AnyObject) {
        cut()
        buffers[bufferCount] = IOBuffer(
            base: UnsafeMutableRawPointer(mutating: bytes.baseAddress), count: bytes.count)
        bufferCount &+= 1
        total &+= bytes.count
        held.append(owner)
    }
    @inline(__always) private func cut() {
        guard outCount > outStart else { return }
        buffers[bufferCount] = IOBuffer(base: out + outStart, count: outCount &- outStart)
        bufferCount &+= 1
        outStart = outCount
    }

    // MARK: answers

    /// What an answer's framing depends on, beside the answer.
    struct Framing {
        /// The connection ends with it.
        var isLast: Bool
        /// For HTTP/1.0.
        var isOld: Bool
        /// The body follows in chunks.
        var isChunked: Bool
        /// The body's length, where the content's head does not say it; else -1.
        var length: Int
    }

    /// Puts a head. The connection was begun.
    @inline(__always)
    func putHead(_ content: HTTPContent, _ response: borrowing HTTPResponse, _ framing: Framing) {
        if content.head.count <= 16 << 10, let head = content.head.baseAddress {
            put(head, content.head.count)
        } else {
            refer(content.head, of: content)
        }
        if loop.now >= dateUntil { renderDate() }
        put(date, Self.dateCount)
        if response.age >= 0 {
            put("Age: ")
            put(UInt32(truncatingIfNeeded: response.age))
            put("\r\n")
        }
        if response.cacheStatus.kind != .none { put(response.cacheStatus) }
        if framing.isLast || framing.isOld || framing.isChunked || framing.length >= 0 { put(framing) }
        put("\r\n")
    }
    @inline(never) private func put(_ framing: Framing) {
        if framing.isLast {
            put("Connection: close\r\n")
        } else if framing.isOld {
            put("Connection: keep-alive\r\n")
        }
        if framing.isChunked { put("Transfer-Encoding: chunked\r\n") }
        if framing.length >= 0 {
            put("Content-Length: ")
            put(UInt32(truncatingIfNeeded: framing.length))
            put("\r\n")
        }
    }
    /// As RFC 9211 has it.
    @inline(__always) private func put(_ status: HTTPCacheStatus) {
        switch status.kind {
        case .none: return
        case .hit: put("Cache-Status: souk; hit; ttl=")
        case .stale: put("Cache-Status: souk; hit; ttl=")
        case .miss: return put("Cache-Status: souk; fwd=uri-miss\r\n")
        case .expired: return put("Cache-Status: souk; fwd=stale\r\n")
        case .collapsed: return put("Cache-Status: souk; fwd=uri-miss; collapsed\r\n")
        case .revalidated: return put("Cache-Status: souk; fwd=stale; fwd-status=304\r\n")
        case .bypass: return put("Cache-Status: souk; fwd=bypass\r\n")
        }
        if status.ttl < 0 { put("-") }
        put(status.ttl.magnitude)
        put("\r\n")
    }

    /// Puts a piece of a body. The connection was begun, with room for `copyLimit` bytes.
    @inline(__always) func putBody(_ body: HTTPBody, from start: Int, count: Int) {
        guard count > 0, let base = body.bytes.baseAddress else { return }
        if count <= Self.copyLimit {
            put(base + start, count)
        } else {
            refer(UnsafeRawBufferPointer(start: base + start, count: count), of: body)
        }
    }

    /// One chunk (RFC 9112, section 7.1). The connection was begun.
    func putChunk(_ body: HTTPBody) {
        putHexadecimal(body.count)
        put("\r\n")
        putBody(body, from: 0, count: body.count)
        put("\r\n")
    }

    /// Hands over what has been put, in one write.
    @inline(never) func flush() {
        guard total > 0, let connection = current else { return }
        cut()
        let count = total
        bytesOut.increment(by: count)
        connection._withUnsafeGuaranteedRef { $0.write(buffers, bufferCount, count) }
        reset()
    }
    /// The connection is gone: what was put for it is let go.
    func forget(_ connection: HTTPConnection) {
        if current?.toOpaque() == Unmanaged.passUnretained(connection).toOpaque() { reset() }
    }
    private func reset() {
        (bufferCount, outStart, outCount, total) = (0, 0, 0, 0)
        current = nil
        if !held.isEmpty { held.removeAll(keepingCapacity: true) }
    }

    // MARK: date

    /// As RFC 9110, section 5.6.7, has it.
    @inline(never) private func renderDate() {
        let now = loop.wallNow
        let seconds = now / 1_000_000_000
        var text: [UInt8] = Array("Date: ".utf8)
        HTTPDate.append(seconds: seconds, to: &text)
        text.append(contentsOf: "\r\n".utf8)
        text.withUnsafeBytes { bytes in
            if let from = bytes.baseAddress { date.copyMemory(from: from, byteCount: Self.dateCount) }
        }
        dateUntil = loop.now &+ 1_000_000_000 &- now % 1_000_000_000
    }
}
