import Glibc

/// A request as it travels between modules: it borrows the bytes of the client's input and keeps them
/// alive. Copying it copies a reference.
@frozen public struct HTTPRequest: Sendable {
    /// The memory that the request lies in.
    public let input: HTTPInput
    /// Where the head begins in the input.
    @usableFromInline let base: UInt32
    /// What is to be done with the target.
    public let method: HTTPMethod
    /// Whether the client speaks HTTP/1.0.
    public let isOld: Bool
    /// Path and query, as sent; begins with `/`.
    public let target: HTTPSpan
    /// The `Host` field; empty if an old client sent none.
    public let host: HTTPSpan
    @usableFromInline let fieldStart: UInt16
    /// Field lines of the head.
    public let fieldCount: UInt16
    /// The whole body; nil without one.
    public let body: HTTPBody?

    /// A view of a head that was parsed into `input`; offsets are relative to `base`.
    @inlinable public init(
        input: HTTPInput, base: Int, method: HTTPMethod, isOld: Bool = false, target: HTTPSpan,
        host: HTTPSpan, fieldStart: Int, fieldCount: Int, body: HTTPBody? = nil
    ) {
        self.input = input
        self.base = UInt32(truncatingIfNeeded: base)
        self.method = method
        self.isOld = isOld
        self.target = target
        self.host = host
        self.fieldStart = UInt16(truncatingIfNeeded: fieldStart)
        self.fieldCount = UInt16(truncatingIfNeeded: fieldCount)
        self.body = body
    }

    /// The bytes of a piece of the head; valid as long as the request is held.
    @inlinable public func bytes(_ span: HTTPSpan) -> UnsafeRawBufferPointer {
        UnsafeRawBufferPointer(start: input.bytes + Int(base) + Int(span.start), count: Int(span.count))
    }
    /// The bytes of a piece of the head as text; wrong UTF-8 is replaced.
    public func text(_ span: HTTPSpan) -> String { String(decoding: bytes(span), as: UTF8.self) }

    /// The target up to its `?`.
    public var path: HTTPSpan {
        let all = bytes(target)
        return HTTPSpan(Int(target.start), all.firstIndex(of: UInt8(ascii: "?")) ?? all.count)
    }
    /// What follows the `?`; empty without one.
    public var query: HTTPSpan {
        let count = Int(path.count)
        guard count < Int(target.count) else { return HTTPSpan() }
        return HTTPSpan(Int(target.start) + count + 1, Int(target.count) - count - 1)
    }
    /// The target up to its `?`, not decoded.
    public var pathText: String { text(path) }
    /// Path and query, not decoded.
    public var targetText: String { text(target) }
    /// Empty without a `Host` field.
    public var hostText: String { text(host) }

    /// One field line, from 0 to `fieldCount`.
    @inlinable public func field(at index: Int) -> HTTPFieldSpan { input.fields[Int(fieldStart) + index] }

    /// The value of the first field of that name (lower case); nil if there is none.
    public func field(_ name: StaticString) -> HTTPSpan? {
        let count = name.utf8CodeUnitCount
        for index in 0..<Int(fieldCount) {
            let field = field(at: index)
            guard Int(field.name.count) == count else { continue }
            let bytes = bytes(field.name)
            if HTTPText.equalsIgnoringCase(bytes, name) { return field.value }
        }
        return nil
    }
    /// All values of fields of that name (lower case), in order.
    public func fieldTexts(_ name: StaticString) -> [String] {
        (0..<Int(fieldCount)).compactMap { index in
            let field = field(at: index)
            return HTTPText.equalsIgnoringCase(bytes(field.name), name) ? text(field.value) : nil
        }
    }
    /// The value of the first field of that name (lower case); nil if there is none.
    public func fieldText(_ name: StaticString) -> String? { field(name).map(text) }

    /// The value of a cookie; nil if it was not sent.
    public func cookie(_ name: String) -> String? {
        for line in fieldTexts("cookie") {
            for pair in line.split(separator: ";") {
                let trimmed = pair.drop { $0 == " " }
                if trimmed.hasPrefix(name + "=") { return String(trimmed.dropFirst(name.utf8.count + 1)) }
            }
        }
        return nil
    }
    /// Decoded pairs of the query, in order.
    public var queryPairs: [(name: String, value: String)] { HTTPText.formPairs(bytes(query)) }
    /// The first value of a query parameter; nil if it was not sent.
    public func queryParameter(_ name: String) -> String? { queryPairs.first { $0.name == name }?.value }
}

extension HTTPRequest {
    /// A request that a module makes itself. Names of fields in lower case.
    public init(
        _ method: HTTPMethod = .get, _ target: String, host: String = "localhost",
        fields: [(name: String, value: String)] = [], body: [UInt8]? = nil, peerAddress: String = ""
    ) {
        var bytes: [UInt8] = []
        func add(_ text: String) -> HTTPSpan {
            defer { bytes.append(contentsOf: text.utf8) }
            return HTTPSpan(bytes.count, text.utf8.count)
        }
        let target = add(target)
        let host = add(host)
        let spans = fields.map { HTTPFieldSpan(name: add($0.name), value: add($0.value)) }
        let input = HTTPInput(
            capacity: bytes.count, fieldCapacity: max(1, spans.count), peerAddress: peerAddress)
        bytes.withUnsafeBytes {
            if let from = $0.baseAddress { input.bytes.copyMemory(from: from, byteCount: $0.count) }
        }
        for (index, span) in spans.enumerated() { (input.fields + index).initialize(to: span) }
        self.init(
            input: input, base: 0, method: method, target: target, host: host, fieldStart: 0,
            fieldCount: spans.count, body: body.map { HTTPBody($0) })
    }

    /// The same request with bytes of its own, so that the client's input is not held.
    public func detached() -> HTTPRequest {
        let fields = (0..<Int(fieldCount)).map { (text(field(at: $0).name), text(field(at: $0).value)) }
        return HTTPRequest(
            method, targetText, host: hostText, fields: fields.map { (name: $0.0, value: $0.1) },
            body: body.map { Array($0.bytes) }, peerAddress: input.peerAddress)
    }
}

/// A body that is wholly there. Never changes.
public final class HTTPBody: @unchecked Sendable {
    /// Valid as long as the body is held.
    public let bytes: UnsafeRawBufferPointer
    private let owner: AnyObject?

    /// Copies the bytes.
    public init(_ content: some Collection<UInt8>) {
        let memory = UnsafeMutableRawBufferPointer.allocate(byteCount: content.count, alignment: 16)
        memory.copyBytes(from: content)
        bytes = UnsafeRawBufferPointer(memory)
        owner = nil
    }
    /// Copies the text.
    public convenience init(_ text: String) { self.init(Array(text.utf8)) }
    /// Shares memory that `owner` keeps alive and that never changes.
    public init(sharing bytes: UnsafeRawBufferPointer, of owner: AnyObject) {
        self.bytes = bytes
        self.owner = owner
    }
    deinit { if owner == nil { bytes.deallocate() } }

    /// Bytes.
    public var count: Int { bytes.count }
    /// As text; wrong UTF-8 is replaced.
    public var text: String { String(decoding: bytes, as: UTF8.self) }
    /// No bytes.
    public static let empty = HTTPBody([UInt8]())
}
