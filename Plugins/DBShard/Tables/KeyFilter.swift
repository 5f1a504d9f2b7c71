import ModuleKit

/// Says of a key that it is surely not in a segment, or that it may be (0.1 % of others): a Bloom
/// filter in blocks of 64 bytes, 16 bits for each key, so that a look-up misses the cache once.
struct KeyFilter: Sendable, Equatable {
    /// Eight words for each block, little endian as they lie on the disk.
    private(set) var words: [UInt64]

    init(keys: Int) {
        words = Array(repeating: 0, count: max(1, (keys * 16 + 511) / 512) * 8)
    }
    /// As `bytes` gave it; nil if the length does not fit.
    init?(_ bytes: UnsafeRawBufferPointer) {
        guard bytes.count > 0, bytes.count % 64 == 0 else { return nil }
        words = (0..<bytes.count / 8).map {
            UInt64(littleEndian: bytes.loadUnaligned(fromByteOffset: $0 * 8, as: UInt64.self))
        }
    }
    /// As they lie on the disk.
    var bytes: [UInt8] {
        words.flatMap { word in (0..<8).map { UInt8(truncatingIfNeeded: word >> (8 * UInt64($0))) } }
    }
    /// Bytes of memory, and of the segment's row.
    var size: Int { words.count * 8 }

    @inline(__always) private static func hash(_ key: OrderKey) -> UInt64 {
        StableHash.mix(key.high ^ StableHash.mix(key.low))
    }
    @inline(__always) private func block(_ hash: UInt64) -> Int {
        Int(truncatingIfNeeded: hash.multipliedFullWidth(by: UInt64(words.count / 8)).high) * 8
    }

    mutating func insert(_ key: OrderKey) {
        let hash = Self.hash(key)
        let block = block(hash)
        var bits = StableHash.mix(hash)
        for _ in 0..<7 {
            words[block + Int(bits & 7)] |= 1 << ((bits >> 3) & 63)
            bits >>= 9
        }
    }

    /// False: surely not inserted.
    @inline(__always) func mayContain(_ key: OrderKey) -> Bool {
        let hash = Self.hash(key)
        let block = block(hash)
        var bits = StableHash.mix(hash)
        for _ in 0..<7 {
            if words[block + Int(bits & 7)] & (1 << ((bits >> 3) & 63)) == 0 { return false }
            bits >>= 9
        }
        return true
    }
}

/// A segment of older keys, as the shard remembers it.
struct KeySegment: Sendable {
    let number: Int64
    let keys: Int
    /// Nil where filters would take more memory than the setting allows: then it is always looked up.
    var filter: KeyFilter?

    @inline(__always) func mayContain(_ key: OrderKey) -> Bool { filter?.mayContain(key) ?? true }
}
