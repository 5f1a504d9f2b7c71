import ModuleKit

/// What became of the bytes that a head was read from.
enum HeadOutcome: Equatable {
    /// The bytes end before the head does; goes on at the same line when there are more.
    case incomplete
    case complete
    /// The request is to be refused with this status and the connection closed: where the next request
    /// begins is not known.
    case refused(Int)
}

/// The bounds of a head, see `HTTPServerLimits`.
struct HeadLimits {
    var size: Int
    var target: Int
    var fields: Int

    init(_ limits: HTTPServerLimits) {
        (size, target, fields) = (limits.headSize, limits.targetSize, limits.fields)
    }
}

/// Reads the head of a request (RFC 9112) out of a client's bytes, without copying any.
///
/// Strict, so that no two readers can disagree about where a request ends: CRLF only, no folding, no
/// space before a colon, tokens are tokens, one `Host`, one `Content-Length` or one `Transfer-Encoding`.
/// The outcome depends on the bytes alone and not on how they were cut: complete lines are read once.
struct RequestHead {
    /// Bytes of the head, once it is complete.
    private(set) var count = 0
    private(set) var method = HTTPMethod.other
    /// Whether the client speaks HTTP/1.0.
    private(set) var isOld = false
    var keepsAlive = true
    var hasChunks = false
    var expectsContinue = false
    /// -1 without one.
    private(set) var contentLength = -1
    var target = HTTPSpan()
    var host = HTTPSpan()
    private(set) var fieldCount = 0
    /// Where the first line begins that has not been read.
    private var next = 0
    private var hasRequestLine = false
    var hosts = 0
    var expectsMore = false
    var coding = Coding.none

    /// What the `Transfer-Encoding` fields say.
    enum Coding { case none, chunked, unknown, broken }

    /// Reads on. `count` bytes lie at `base`; behind them is a zero byte, and 15 more can be read. The
    /// spans of field lines are put into `fields`, which has room for as many as the limit says.
    @inline(__always)
    mutating func read(
        _ base: UnsafeRawPointer, _ count: Int, fields: UnsafeMutablePointer<HTTPFieldSpan>,
        _ limits: HeadLimits
    ) -> HeadOutcome {
        let outcome = readLines(base, count, fields, limits)
        if case .incomplete = outcome, count > limits.size { return .refused(431) }
        return outcome
    }

    @inline(__always)
    private mutating func readLines(
        _ base: UnsafeRawPointer, _ count: Int, _ fields: UnsafeMutablePointer<HTTPFieldSpan>,
        _ limits: HeadLimits
    ) -> HeadOutcome {
        @inline(__always) func byte(_ index: Int) -> UInt8 {
            base.load(fromByteOffset: index, as: UInt8.self)
        }
        if !hasRequestLine {
            let outcome = readRequestLine(base, count, limits)
            if outcome != .complete { return outcome }
            hasRequestLine = true
        }
        while true {
            var p = next
            if byte(p) == 13 {
                if byte(p &+ 1) != 10 { return stop(p &+ 1, count, limits) }
                self.count = p &+ 2
                if self.count > limits.size { return .refused(431) }
                return judge(base)
            }
            let name = p
            let nameCount = ByteScan.name(base + p)
            p &+= nameCount
            if nameCount == 0 || byte(p) != UInt8(ascii: ":") { return stop(p, count, limits) }
            p &+= 1
            while byte(p) == 32 || byte(p) == 9 { p &+= 1 }
            let value = p
            p &+= ByteScan.value(base + p)
            if byte(p) != 13 { return stop(p, count, limits) }
            if byte(p &+ 1) != 10 { return stop(p &+ 1, count, limits) }
            var end = p
            while end > value && (byte(end &- 1) == 32 || byte(end &- 1) == 9) { end &-= 1 }
            p &+= 2
            if p > limits.size || fieldCount >= limits.fields { return .refused(431) }
            let span = HTTPSpan(value, end &- value)
            (fields + fieldCount).initialize(
                to: HTTPFieldSpan(name: HTTPSpan(name, nameCount), value: span))
            fieldCount &+= 1
            if Self.matters(nameCount) && !take(base + name, nameCount, span, base) { return .refused(400) }
            next = p
        }
    }

    /// What a stop at a byte that should not be there means.
    @inline(__always)
    private func stop(_ index: Int, _ count: Int, _ limits: HeadLimits) -> HeadOutcome {
        index >= count ? .incomplete : .refused(index >= limits.size ? 431 : 400)
    }

    // MARK: the request line

    @inline(__always)
    private mutating func readRequestLine(
        _ base: UnsafeRawPointer, _ count: Int, _ limits: HeadLimits
    ) -> HeadOutcome {
        @inline(__always) func byte(_ index: Int) -> UInt8 {
            base.load(fromByteOffset: index, as: UInt8.self)
        }
        var p = 0
        // Empty lines before a request are ignored (RFC 9112, section 2.2), two at most.
        while byte(p) == 13 {
            if byte(p &+ 1) != 10 || p >= 4 { return stop(p &+ 1, count, limits) }
            p &+= 2
        }
        let first = base.loadUnaligned(fromByteOffset: p, as: UInt32.self)
        if first == 0x2054_4547 {  // "GET "
            method = .get
            p &+= 4
        } else {
            let length = ByteScan.name(base + p)
            if length > 32 { return .refused(501) }
            if length == 0 || byte(p &+ length) != 32 { return stop(p &+ length, count, limits) }
            method = Self.method(UnsafeRawBufferPointer(start: base + p, count: length))
            p &+= length &+ 1
        }
        let length = ByteScan.target(base + p)
        if length > limits.target { return .refused(414) }
        target = HTTPSpan(p, length)
        if length == 0 || byte(p &+ length) != 32 { return stop(p &+ length, count, limits) }
        p &+= length &+ 1
        if base.loadUnaligned(fromByteOffset: p, as: UInt64.self) != 0x312E_312F_5054_5448 {  // "HTTP/1.1"
            let outcome = readVersion(base, p, count, limits)
            if outcome != .complete { return outcome }
        }
        p &+= 8
        if byte(p) != 13 { return stop(p, count, limits) }
        if byte(p &+ 1) != 10 { return stop(p &+ 1, count, limits) }
        next = p &+ 2
        return next > limits.size ? .refused(431) : .complete
    }

    /// A version other than 1.1, or one that has not come wholly.
    @inline(never)
    private mutating func readVersion(
        _ base: UnsafeRawPointer, _ start: Int, _ count: Int, _ limits: HeadLimits
    ) -> HeadOutcome {
        let pattern: StaticString = "HTTP/0.0"
        for index in 0..<8 {
            let byte = base.load(fromByteOffset: start &+ index, as: UInt8.self)
            let isRight =
                index == 5 || index == 7 ? byte &- 48 < 10 : byte == (pattern.utf8Start + index).pointee
            if !isRight { return stop(start &+ index, count, limits) }
        }
        guard base.load(fromByteOffset: start &+ 5, as: UInt8.self) == UInt8(ascii: "1") else {
            return .refused(505)
        }
        isOld = base.load(fromByteOffset: start &+ 7, as: UInt8.self) == UInt8(ascii: "0")
        keepsAlive = !isOld
        return .complete
    }

    @inline(never)
    private static func method(_ name: UnsafeRawBufferPointer) -> HTTPMethod {
        func equals(_ text: StaticString) -> Bool {
            guard name.count == text.utf8CodeUnitCount else { return false }
            return name.indices.allSatisfy { name[$0] == (text.utf8Start + $0).pointee }
        }
        switch name.count {
        case 3: return equals("PUT") ? .put : .other
        case 4: return equals("HEAD") ? .head : equals("POST") ? .post : .other
        case 5: return equals("PATCH") ? .patch : .other
        case 6: return equals("DELETE") ? .delete : .other
        case 7: return equals("OPTIONS") ? .options : .other
        default: return .other
        }
    }

    // MARK: fields that decide

    /// Whether a name of this length may be one of those that `take` knows.
    @inline(__always) private static func matters(_ count: Int) -> Bool {
        count < 18 && (1 &<< count) & (1 << 4 | 1 << 6 | 1 << 10 | 1 << 14 | 1 << 17) != 0
    }

    /// Takes a field that matters; false if the request makes no sense.
    @inline(__always)
    private mutating func take(
        _ name: UnsafeRawPointer, _ nameCount: Int, _ value: HTTPSpan, _ base: UnsafeRawPointer
    ) -> Bool {
        /// In lower case; exact for names, which hold no character that differs in this bit otherwise.
        @inline(__always) func at(_ index: Int) -> UInt64 {
            name.loadUnaligned(fromByteOffset: index, as: UInt64.self) | 0x2020_2020_2020_2020
        }
        @inline(__always) func half(_ index: Int) -> UInt32 {
            name.loadUnaligned(fromByteOffset: index, as: UInt32.self) | 0x2020_2020
        }
        switch nameCount {
        case 4 where half(0) == 0x7473_6F68:  // "host"
            hosts &+= 1
            host = value
            return hosts == 1
        case 6 where half(0) == 0x6570_7865 && half(2) == 0x7463_6570:  // "expect"
            takeExpectation(value, base)
            return true
        case 10 where at(0) == ByteScan.word("connecti") && at(2) == ByteScan.word("nnection"):
            takeConnection(value, base)
            return true
        case 14 where at(0) == ByteScan.word("content-") && at(6) == ByteScan.word("t-length"):
            return takeLength(value, base)
        case 17
        where at(0) == ByteScan.word("transfer") && at(8) == ByteScan.word("-encodin")
            && at(9) == ByteScan.word("encoding"):
            takeCoding(value, base)
            return coding != .broken
        default: return true
        }
    }

    @inline(never) private mutating func takeLength(_ value: HTTPSpan, _ base: UnsafeRawPointer) -> Bool {
        // A second one is refused even if it says the same.
        guard contentLength < 0, value.count > 0, value.count < 16 else { return false }
        var length = 0
        for byte in Self.bytes(value, base) {
            guard byte &- 48 < 10 else { return false }
            length = length &* 10 &+ Int(byte &- 48)
        }
        contentLength = length
        return true
    }

    @inline(never) private mutating func takeConnection(_ value: HTTPSpan, _ base: UnsafeRawPointer) {
        Self.eachElement(Self.bytes(value, base)) { option in
            if HTTPText.equalsIgnoringCase(option, "close") { keepsAlive = false }
            if isOld && HTTPText.equalsIgnoringCase(option, "keep-alive") { keepsAlive = true }
        }
    }

    @inline(never) private mutating func takeExpectation(_ value: HTTPSpan, _ base: UnsafeRawPointer) {
        if HTTPText.equalsIgnoringCase(Self.bytes(value, base), "100-continue") {
            expectsContinue = true
        } else {
            expectsMore = true
        }
    }

    @inline(never) private mutating func takeCoding(_ value: HTTPSpan, _ base: UnsafeRawPointer) {
        guard coding == .none else { return coding = .broken }
        var count = 0
        Self.eachElement(Self.bytes(value, base)) { element in
            count += 1
            let isChunked = HTTPText.equalsIgnoringCase(element, "chunked")
            switch coding {
            case .none: coding = isChunked ? .chunked : element.isEmpty ? .broken : .unknown
            // Nothing may follow `chunked`, and it may not come twice.
            case .chunked: coding = .broken
            case .unknown: if element.isEmpty { coding = .broken }
            case .broken: break
            }
        }
        if count == 0 { coding = .broken }
    }
}
