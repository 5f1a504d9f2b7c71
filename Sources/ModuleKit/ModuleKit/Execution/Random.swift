/// The random source of one actor (SplitMix64, Steele et al. 2014): the same code in production and in
/// simulation, only the seed differs. Not for secrets: see `Context.secureRandomBytes`.
@frozen public struct Random: RandomNumberGenerator, Sendable {
    @usableFromInline var state: UInt64

    @inlinable public init(seed: UInt64) {
        state = seed
    }

    @inlinable public mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var z = state
        z = (z ^ (z >> 30)) &* 0xBF58_476D_1CE4_E5B9
        z = (z ^ (z >> 27)) &* 0x94D0_49BB_1331_11EB
        return z ^ (z >> 31)
    }

    /// An integer from 0 up to, not including, `bound`; 0 if the bound is not positive.
    @inlinable public mutating func below(_ bound: Int) -> Int {
        bound > 0 ? Int(truncatingIfNeeded: next().multipliedFullWidth(by: UInt64(bound)).high) : 0
    }

    /// A number from 0 up to, not including, 1.
    @inlinable public mutating func unit() -> Double {
        Double(next() >> 11) * 0x1p-53
    }

    /// True with the given probability (0 to 1).
    @inlinable public mutating func chance(_ probability: Double) -> Bool {
        unit() < probability
    }
}
