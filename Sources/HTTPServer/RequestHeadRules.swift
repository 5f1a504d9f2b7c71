import ModuleKit

/// The rules that need the whole head.
extension RequestHead {
    @inline(__always) mutating func judge(_ base: UnsafeRawPointer) -> HeadOutcome {
        if hosts == 0 && !isOld { return .refused(400) }
        for byte in Self.bytes(host, base) where !ByteScan.isHost(byte) { return .refused(400) }
        if coding != .none || expectsMore || expectsContinue {
            if coding != .none && (isOld || contentLength >= 0) { return .refused(400) }
            if coding == .unknown { return .refused(501) }
            hasChunks = coding == .chunked
            if expectsMore && !isOld { return .refused(417) }
            if isOld { expectsContinue = false }
        }
        if base.load(fromByteOffset: Int(target.start), as: UInt8.self) == UInt8(ascii: "/") {
            return .complete
        }
        return judgeTarget(base)
    }

    /// `GET http://host/path`: the target's host wins (RFC 9112, section 3.2.2). `OPTIONS *` passes.
    @inline(never) private mutating func judgeTarget(_ base: UnsafeRawPointer) -> HeadOutcome {
        let bytes = Self.bytes(target, base)
        if bytes.count == 1 && bytes[0] == UInt8(ascii: "*") && method == .options { return .complete }
        let schemes: [StaticString] = ["http://", "https://"]
        let scheme = schemes.first { text in
            let count = text.utf8CodeUnitCount
            return bytes.count > count
                && HTTPText.equalsIgnoringCase(UnsafeRawBufferPointer(rebasing: bytes[..<count]), text)
        }
        guard let count = scheme?.utf8CodeUnitCount else {
            // The authority of a CONNECT.
            return .refused(method == .other ? 501 : 400)
        }
        let authorityEnd = bytes[count...].firstIndex { $0 == UInt8(ascii: "/") || $0 == UInt8(ascii: "?") }
        let end = authorityEnd ?? bytes.count
        guard end > count, bytes[count..<end].allSatisfy(ByteScan.isHost) else { return .refused(400) }
        host = HTTPSpan(Int(target.start) + count, end - count)
        if end == bytes.count {
            // No path is the path `/`, and there is one in the scheme.
            target = HTTPSpan(Int(target.start) + count - 1, 1)
            return .complete
        }
        guard bytes[end] == UInt8(ascii: "/") else { return .refused(400) }
        target = HTTPSpan(Int(target.start) + end, bytes.count - end)
        return .complete
    }

    @inline(__always)
    static func bytes(_ span: HTTPSpan, _ base: UnsafeRawPointer) -> UnsafeRawBufferPointer {
        UnsafeRawBufferPointer(start: base + Int(span.start), count: Int(span.count))
    }

    /// The elements of a list (RFC 9110, section 5.6.1), without the blanks around them.
    static func eachElement(
        _ bytes: UnsafeRawBufferPointer, _ body: (UnsafeRawBufferPointer) -> Void
    ) {
        guard !bytes.isEmpty else { return }
        var start = 0
        for index in 0...bytes.count where index == bytes.count || bytes[index] == UInt8(ascii: ",") {
            var (from, to) = (start, index)
            while from < to && (bytes[from] == 32 || bytes[from] == 9) { from += 1 }
            while to > from && (bytes[to - 1] == 32 || bytes[to - 1] == 9) { to -= 1 }
            body(UnsafeRawBufferPointer(rebasing: bytes[from..<to]))
            start = index + 1
        }
    }
}
