/// The reason phrases of RFC 9110 and its registry.
public enum HTTPStatus {
    /// The phrase for a status; `OK` or `Error` for those that are not listed.
    public static func reason(_ status: Int) -> String {
        switch status {
        case 100: "Continue"
        case 200: "OK"
        case 201: "Created"
        case 202: "Accepted"
        case 204: "No Content"
        case 206: "Partial Content"
        case 301: "Moved Permanently"
        case 302: "Found"
        case 303: "See Other"
        case 304: "Not Modified"
        case 307: "Temporary Redirect"
        case 308: "Permanent Redirect"
        case 400: "Bad Request"
        case 401: "Unauthorized"
        case 403: "Forbidden"
        case 404: "Not Found"
        case 405: "Method Not Allowed"
        case 406: "Not Acceptable"
        case 408: "Request Timeout"
        case 409: "Conflict"
        case 410: "Gone"
        case 411: "Length Required"
        case 412: "Precondition Failed"
        case 413: "Content Too Large"
        case 414: "URI Too Long"
        case 415: "Unsupported Media Type"
        case 416: "Range Not Satisfiable"
        case 417: "Expectation Failed"
        case 422: "Unprocessable Content"
        case 426: "Upgrade Required"
        case 428: "Precondition Required"
        case 429: "Too Many Requests"
        case 431: "Request Header Fields Too Large"
        case 500: "Internal Server Error"
        case 501: "Not Implemented"
        case 502: "Bad Gateway"
        case 503: "Service Unavailable"
        case 504: "Gateway Timeout"
        case 505: "HTTP Version Not Supported"
        case 508: "Loop Detected"
        default: status < 400 ? "OK" : "Error"
        }
    }
    /// Whether answers of this status never have a body (RFC 9110, section 6.4.1).
    @inlinable public static func hasNoBody(_ status: Int) -> Bool {
        status == 204 || status == 304 || status < 200
    }
}

/// The part of a response that can be stored: its head, rendered once, and its body. Never changes, and
/// may be shared by any number of responses on any loop.
///
/// The head holds the status line, the given fields and `Content-Length` (unless the body is streamed);
/// whoever writes it adds `Date`, `Age`, `Cache-Status`, `Connection` and the empty line.
public final class HTTPContent: @unchecked Sendable {
    /// 100 to 599.
    public let status: Int
    /// Status line and field lines, each with its CRLF.
    public let head: UnsafeRawBufferPointer
    /// Empty if it comes as a stream.
    public let body: HTTPBody
    /// Where the first field line begins in the head.
    let fieldsStart: Int
    /// Whether the length is known: false for streamed responses.
    public let hasLength: Bool

    /// - Parameters:
    ///   - fields: without `Content-Length`, `Date`, `Age`, `Connection` and `Transfer-Encoding`. CR, LF
    ///     and NUL in values become spaces, so that no field can be smuggled in.
    ///   - hasLength: false if the body comes as a stream.
    public init(
        status: Int = 200, fields: [(name: String, value: String)] = [], body: HTTPBody = .empty,
        hasLength: Bool = true
    ) {
        self.status = status
        self.body = body
        self.hasLength = hasLength
        var bytes = Array("HTTP/1.1 \(status) \(HTTPStatus.reason(status))\r\n".utf8)
        fieldsStart = bytes.count
        for field in fields {
            bytes.append(contentsOf: field.name.utf8.lazy.map(Self.harmless))
            bytes.append(contentsOf: ": ".utf8)
            bytes.append(contentsOf: field.value.utf8.lazy.map(Self.harmless))
            bytes.append(contentsOf: "\r\n".utf8)
        }
        if hasLength && !HTTPStatus.hasNoBody(status) {
            bytes.append(contentsOf: "Content-Length: \(body.count)\r\n".utf8)
        }
        let memory = UnsafeMutableRawBufferPointer.allocate(byteCount: bytes.count + 16, alignment: 16)
        memory.copyBytes(from: bytes)
        head = UnsafeRawBufferPointer(start: memory.baseAddress, count: bytes.count)
    }
    deinit { head.baseAddress?.deallocate() }

    private static func harmless(_ byte: UInt8) -> UInt8 {
        byte == 13 || byte == 10 || byte == 0 ? 32 : byte
    }

    /// Name and value of each field line, `Content-Length` among them, in order.
    public var fields: [(name: String, value: String)] {
        let lines = head[fieldsStart...]
        return lines.split(separator: 10).compactMap { line in
            guard let colon = line.firstIndex(of: UInt8(ascii: ":")) else { return nil }
            let value = line[line.index(after: colon)...].dropFirst().dropLast()
            return (String(decoding: line[..<colon], as: UTF8.self), String(decoding: value, as: UTF8.self))
        }
    }
    /// The value of the first field of that name (lower case); nil if there is none.
    public func field(_ name: StaticString) -> String? {
        let count = name.utf8CodeUnitCount
        var start = fieldsStart
        while start < head.count {
            let end = head[start...].firstIndex(of: 13) ?? head.count
            if end - start > count, head[start + count] == UInt8(ascii: ":"),
                HTTPText.equalsIgnoringCase(
                    UnsafeRawBufferPointer(rebasing: head[start..<(start + count)]), name)
            {
                return String(decoding: head[(start + count + 2)..<end], as: UTF8.self)
            }
            start = end + 2
        }
        return nil
    }
}

/// How a cache handled a request (RFC 9211).
@frozen public struct HTTPCacheStatus: Sendable, Equatable {
    /// What became of the request.
    @frozen public enum Kind: UInt8, Sendable {
        /// No cache was asked.
        case none
        /// Answered from the cache.
        case hit
        /// Answered from the cache although its life was over (`fwd=stale` under way, or the origin
        /// failed).
        case stale
        /// Fetched: nothing was stored.
        case miss
        /// Fetched: what was stored was too old.
        case expired
        /// Fetched, together with others who asked for the same.
        case collapsed
        /// The origin confirmed what was stored.
        case revalidated
        /// The request or the response must not be cached.
        case bypass
    }
    /// What became of the request.
    public var kind: Kind
    /// Seconds of life left; negative when stale.
    public var ttl: Int32

    @inlinable public init(_ kind: Kind = .none, ttl: Int32 = 0) {
        self.kind = kind
        self.ttl = ttl
    }
}

/// An answer as it travels between modules.
@frozen public struct HTTPResponse: Sendable {
    /// Head and body.
    public var content: HTTPContent
    /// The body, if it comes piece by piece; `content.body` is empty then.
    public var stream: HTTPBodyStream?
    /// Seconds since the origin made it; negative if no cache held it.
    public var age: Int32
    /// What the nearest cache did.
    public var cacheStatus: HTTPCacheStatus

    @inlinable public init(
        _ content: HTTPContent, age: Int32 = -1, cacheStatus: HTTPCacheStatus = HTTPCacheStatus()
    ) {
        self.content = content
        self.age = age
        self.cacheStatus = cacheStatus
        stream = nil
    }
    /// An answer whose body comes piece by piece.
    @inlinable public init(_ content: HTTPContent, stream: HTTPBodyStream) {
        self.content = content
        self.stream = stream
        age = -1
        cacheStatus = HTTPCacheStatus()
    }
    /// An answer with a body that is wholly there.
    public init(
        status: Int = 200, type: String, fields: [(name: String, value: String)] = [], body: HTTPBody
    ) {
        self.init(
            HTTPContent(status: status, fields: [(name: "Content-Type", value: type)] + fields, body: body))
    }
    /// A problem in the shape of RFC 9457.
    public init(
        problem status: Int, _ title: String, detail: String? = nil,
        fields: [(name: String, value: String)] = [], members: [(String, JSON)] = []
    ) {
        var object: [(String, JSON)] = [("title", .string(title)), ("status", .integer(status))]
        if let detail { object.append(("detail", .string(detail))) }
        self.init(
            status: status, type: "application/problem+json", fields: fields,
            body: HTTPBody(JSON.object(object + members).encoded()))
    }
}

/// Requests and responses of HTTP between modules: gate, caches, fragments, pages.
public enum HTTPContract: Contract {
    public typealias Request = HTTPRequest
    public typealias Response = HTTPResponse
    public static let identity = ContractIdentity("http", forbidsCycles: true)

    public static func route(of request: borrowing HTTPRequest) -> Route {
        .key(StableHash.hash(request.bytes(request.target)))
    }
    @inlinable public static func isIdempotent(_ request: borrowing HTTPRequest) -> Bool {
        request.method.isSafe
    }
}
