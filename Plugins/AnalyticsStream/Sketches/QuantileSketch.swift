/// Quantiles of latencies with a relative error of at most 1 % (DDSketch, Masson et al. 2019, with the
/// linearly interpolated logarithm as its mapping): 64 buckets for each doubling, so that a bucket's
/// middle is within 1/128 of everything in it. Values up to 127 are exact. All of `UInt32` has its
/// bucket, so that the size is fixed (6.75 KiB) and nothing needs to collapse. Mergeable.
struct QuantileSketch: ~Copyable {
    /// Values below are their own bucket.
    private static let exact = 128
    private static let bucketsPerDoubling = 64
    static let bucketCount = exact + (32 - 7) * bucketsPerDoubling
    private let buckets: UnsafeMutablePointer<UInt32>
    /// Values that were taken in.
    private(set) var count: UInt64 = 0

    init() {
        buckets = .allocate(capacity: Self.bucketCount)
        buckets.initialize(repeating: 0, count: Self.bucketCount)
    }
    deinit { buckets.deallocate() }

    @inline(__always)
    mutating func insert(_ value: UInt32) {
        let bucket = Self.bucket(of: value)
        buckets[bucket] = buckets[bucket] &+ 1
        count &+= 1
    }

    mutating func merge(_ other: borrowing QuantileSketch) {
        guard other.count > 0 else { return }
        for bucket in 0..<Self.bucketCount { buckets[bucket] &+= other.buckets[bucket] }
        count &+= other.count
    }

    mutating func reset() {
        guard count > 0 else { return }
        buckets.update(repeating: 0, count: Self.bucketCount)
        count = 0
    }

    @inline(__always)
    static func bucket(of value: UInt32) -> Int {
        guard value >= exact else { return Int(value) }
        let doubling = 31 &- value.leadingZeroBitCount
        let step = Int(truncatingIfNeeded: value >> UInt32(doubling &- 6)) & 63
        return exact &+ (doubling &- 7) &* bucketsPerDoubling &+ step
    }

    /// The middle of a bucket.
    static func value(of bucket: Int) -> UInt32 {
        guard bucket >= exact else { return UInt32(truncatingIfNeeded: max(0, bucket)) }
        let (doubling, step) = (
            (bucket - exact) / bucketsPerDoubling + 7, (bucket - exact) % bucketsPerDoubling
        )
        let width = UInt64(1) << UInt64(doubling - 6)
        return UInt32(truncatingIfNeeded: (UInt64(bucketsPerDoubling + step) * width) + width / 2)
    }

    /// The values at the given shares (0 to 1, rising) of all values in order; zeros if there are none.
    func quantiles(_ shares: [Double]) -> [UInt32] {
        var result = [UInt32](repeating: 0, count: shares.count)
        guard count > 0 else { return result }
        var next = 0
        var seen: UInt64 = 0
        for bucket in 0..<Self.bucketCount where buckets[bucket] > 0 {
            seen += UInt64(buckets[bucket])
            while next < shares.count, Double(seen) > shares[next] * Double(count - 1) {
                result[next] = Self.value(of: bucket)
                next += 1
            }
            if next == shares.count { break }
        }
        return result
    }
}
