/// Bytes that grow at their end: the body of a log row, in protobuf's wire format.
struct ByteBuffer: ~Copyable {
    private(set) var start: UnsafeMutablePointer<UInt8>
    private(set) var count = 0
    private var capacity: Int

    init(capacity: Int = 4096) {
        start = .allocate(capacity: max(16, capacity))
        self.capacity = max(16, capacity)
    }
    deinit { start.deallocate() }

    /// Empties it, and gives back what one unusually large batch took.
    mutating func removeAll() {
        count = 0
        if capacity > 1 << 20 {
            start.deallocate()
            capacity = 4096
            start = .allocate(capacity: capacity)
        }
    }

    var bytes: UnsafeRawBufferPointer { UnsafeRawBufferPointer(start: start, count: count) }

    /// Makes room for so many bytes more; the appending functions below do not look.
    mutating func reserve(_ more: Int) {
        if count &+ more <= capacity { return }
        let wide = max(capacity * 2, count + more)
        let fresh = UnsafeMutablePointer<UInt8>.allocate(capacity: wide)
        fresh.update(from: start, count: count)
        start.deallocate()
        start = fresh
        capacity = wide
    }

    @inline(__always) mutating func byte(_ value: UInt8) {
        start[count] = value
        count &+= 1
    }

    @inline(__always) mutating func varint(_ value: UInt64) {
        var rest = value
        while rest >= 0x80 {
            byte(UInt8(truncatingIfNeeded: rest) | 0x80)
            rest >>= 7
        }
        byte(UInt8(truncatingIfNeeded: rest))
    }

    /// A field of type int64, left out when zero as proto3 does.
    @inline(__always) mutating func field(_ tag: UInt8, _ value: Int64) {
        if value == 0 { return }
        byte(tag)
        varint(UInt64(bitPattern: value))
    }

    /// A field of type fixed64, left out when zero.
    @inline(__always) mutating func fixed(_ tag: UInt8, _ value: UInt64) {
        if value == 0 { return }
        byte(tag)
        UnsafeMutableRawPointer(start + count).storeBytes(of: value.littleEndian, as: UInt64.self)
        count &+= 8
    }

    /// A field of type string, left out when empty.
    @inline(__always) mutating func text(_ tag: UInt8, _ value: String, length: Int) {
        if length == 0 { return }
        byte(tag)
        varint(UInt64(length))
        var copy = value
        copy.withUTF8 { utf8 in
            if let base = utf8.baseAddress { (start + count).update(from: base, count: length) }
        }
        count &+= length
    }
}

/// Sizes of fields, so that lengths can be written before what they measure.
enum FieldSize {
    @inline(__always) static func varint(_ value: UInt64) -> Int {
        (70 &- (value | 1).leadingZeroBitCount) / 7
    }
    @inline(__always) static func integer(_ value: Int64) -> Int {
        value == 0 ? 0 : 1 &+ varint(UInt64(bitPattern: value))
    }
    @inline(__always) static func fixed(_ value: UInt64) -> Int { value == 0 ? 0 : 9 }
    /// A field with a length and so many bytes.
    @inline(__always) static func delimited(_ count: Int) -> Int { 1 &+ varint(UInt64(count)) &+ count }
    @inline(__always) static func text(_ count: Int) -> Int { count == 0 ? 0 : delimited(count) }
}
