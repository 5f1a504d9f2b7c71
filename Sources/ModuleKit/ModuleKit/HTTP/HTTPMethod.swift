import Synchronization

/// A request's method (RFC 9110, section 9).
@frozen public enum HTTPMethod: UInt8, Sendable, CaseIterable {
    case get, head, post, put, delete, options, patch
    /// Any other token; servers answer 501 or 405.
    case other

    /// The method of that name, which is case-sensitive; `other` for one that is not known.
    public init(_ name: String) {
        self = Self.allCases.first { $0.name == name } ?? .other
    }
    /// As in a request line.
    public var name: String {
        switch self {
        case .get: "GET"
        case .head: "HEAD"
        case .post: "POST"
        case .put: "PUT"
        case .delete: "DELETE"
        case .options: "OPTIONS"
        case .patch: "PATCH"
        case .other: "OTHER"
        }
    }
    /// Whether it changes nothing (RFC 9110, section 9.2.1).
    @inlinable public var isSafe: Bool { self == .get || self == .head || self == .options }
}

/// A piece of a request's head: offset from the head's first byte, and count. Heads are shorter than
/// 64 KiB.
@frozen public struct HTTPSpan: Sendable, Equatable {
    /// Bytes from the head's first byte.
    public var start: UInt16
    /// Bytes.
    public var count: UInt16

    /// Both below 65,536: higher bits are lost.
    @inlinable public init(_ start: Int = 0, _ count: Int = 0) {
        self.start = UInt16(truncatingIfNeeded: start)
        self.count = UInt16(truncatingIfNeeded: count)
    }
}

/// One field line of a head.
@frozen public struct HTTPFieldSpan: Sendable {
    /// As sent, in any case.
    public var name: HTTPSpan
    /// Without the white space around it.
    public var value: HTTPSpan

    @inlinable public init(name: HTTPSpan, value: HTTPSpan) {
        self.name = name
        self.value = value
    }
}

/// The memory that requests lie in: a block of input with the heads of one or more requests, and room
/// for where their fields are. Written by the one who reads the socket, before a request is handed on;
/// never changed while somebody else holds it.
public final class HTTPInput: @unchecked Sendable {
    /// Bytes of input; 64 more can be read (not written) past the end.
    public let capacity: Int
    /// The input itself.
    public let bytes: UnsafeMutableRawPointer
    /// Field lines of all requests in the block.
    public let fields: UnsafeMutablePointer<HTTPFieldSpan>
    /// Field lines that there is room for.
    public let fieldCapacity: Int
    /// The client's address without port; empty if unknown. Set only while nobody else holds the block.
    @exclusivity(unchecked) public var peerAddress: String
    private let abandoned = Atomic<Bool>(false)

    /// Memory that is not yet written, but for the 64 bytes past its end.
    public init(capacity: Int, fieldCapacity: Int, peerAddress: String = "") {
        self.capacity = capacity
        self.fieldCapacity = fieldCapacity
        self.peerAddress = peerAddress
        bytes = .allocate(byteCount: capacity + 64, alignment: 64)
        (bytes + capacity).initializeMemory(as: UInt8.self, repeating: 0, count: 64)
        fields = .allocate(capacity: fieldCapacity)
    }
    deinit {
        bytes.deallocate()
        fields.deallocate()
    }

    /// Whether the client has gone away: work for it is of no use. A hint, from any thread.
    public var isAbandoned: Bool {
        get { abandoned.load(ordering: .relaxed) }
        set { abandoned.store(newValue, ordering: .relaxed) }
    }
}
