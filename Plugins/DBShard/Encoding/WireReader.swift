/// Why bytes cannot be read: they are cut off or were never written by a shard.
struct WireError: Error, CustomStringConvertible {
    let description: String
}

/// Reads protobuf's wire format; every length and every number is checked, because what lies on a disk
/// comes from outside.
struct WireReader {
    private let bytes: UnsafeRawBufferPointer
    private var position: Int
    private let end: Int

    /// What follows a tag.
    enum Value {
        case integer(UInt64)
        case fixed(UInt64)
        case delimited(WireReader)

        /// The number, if it is one.
        var number: UInt64? {
            switch self {
            case .integer(let value), .fixed(let value): value
            case .delimited: nil
            }
        }
        /// As int64.
        var signed: Int64? { number.map { Int64(bitPattern: $0) } }
    }

    init(_ bytes: UnsafeRawBufferPointer) {
        self.init(bytes, 0, bytes.count)
    }
    private init(_ bytes: UnsafeRawBufferPointer, _ position: Int, _ end: Int) {
        self.bytes = bytes
        self.position = position
        self.end = end
    }

    /// What is left, as text.
    var text: String { String(decoding: bytes[position..<end], as: UTF8.self) }

    /// The next field; nil at the end. Its value must be of a kind that this format uses.
    @inline(__always) mutating func next() throws(WireError) -> (field: Int, value: Value)? {
        guard position < end else { return nil }
        let tag = try varint()
        guard tag >> 3 > 0, tag >> 3 < 1 << 29 else { throw WireError(description: "a field without number") }
        let field = Int(truncatingIfNeeded: tag >> 3)
        switch tag & 7 {
        case 0: return (field, .integer(try varint()))
        case 1:
            guard end - position >= 8 else { throw WireError(description: "cut off within a number") }
            let value = bytes.loadUnaligned(fromByteOffset: position, as: UInt64.self)
            position += 8
            return (field, .fixed(UInt64(littleEndian: value)))
        case 2:
            let length = try varint()
            guard length <= UInt64(truncatingIfNeeded: end - position) else {
                throw WireError(description: "cut off within a field")
            }
            let start = position
            position += Int(truncatingIfNeeded: length)
            return (field, .delimited(WireReader(bytes, start, position)))
        default: throw WireError(description: "a field of unknown kind \(tag & 7)")
        }
    }

    @inline(__always) private mutating func varint() throws(WireError) -> UInt64 {
        var value: UInt64 = 0
        var shift: UInt64 = 0
        while position < end {
            let byte = bytes[position]
            position += 1
            if shift == 63 && byte > 1 { break }
            value |= UInt64(truncatingIfNeeded: byte & 0x7F) << shift
            if byte < 0x80 { return value }
            shift += 7
            if shift > 63 { break }
        }
        throw WireError(description: "a number that is cut off or too long")
    }
}
