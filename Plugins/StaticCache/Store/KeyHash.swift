/// A keyed hash of request targets (multiply and fold, 8 bytes at a time): without the key nobody can
/// choose targets that collide.
struct KeyHash {
    private let first: UInt64
    private let second: UInt64

    /// - Parameter secret: 16 bytes that nobody outside knows; what is missing counts as 0.
    init(secret: [UInt8]) {
        func word(_ start: Int) -> UInt64 {
            (0..<8).reduce(0) { $0 << 8 | UInt64(start + $1 < secret.count ? secret[start + $1] : 0) }
        }
        first = word(0) ^ 0x9E37_79B9_7F4A_7C15
        second = word(8) | 1
    }

    @inline(__always) private static func fold(_ a: UInt64, _ b: UInt64) -> UInt64 {
        let product = a.multipliedFullWidth(by: b)
        return product.high ^ product.low
    }

    /// Of a target and, where the key has one, of a host without regard to case.
    @inline(__always)
    func hash(_ target: UnsafeRawBufferPointer, host: UnsafeRawBufferPointer?) -> UInt64 {
        var state = first ^ UInt64(truncatingIfNeeded: target.count)
        var index = 0
        while index &+ 8 <= target.count {
            state = Self.fold(state ^ target.loadUnaligned(fromByteOffset: index, as: UInt64.self), second)
            index &+= 8
        }
        var last: UInt64 = 0
        while index < target.count {
            last = last << 8 | UInt64(target[index])
            index &+= 1
        }
        state = Self.fold(state ^ last, second)
        if let host {
            for byte in host { state = Self.fold(state ^ UInt64(ByteText.lower(byte)), second) }
        }
        return Self.fold(state, first | 1)
    }
}
