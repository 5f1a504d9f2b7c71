#if canImport(Glibc)
    import Glibc
#endif

/// What a balancer knows of one member, beside its load. Times in nanoseconds on the loop's clock.
struct Member {
    /// Whether the runtime says that it is gone.
    var isDown = false
    /// Until when it is left out; 0 if it is not.
    var ejectedUntil: UInt64 = 0
    /// Since when it is coming back; 0 if it has its full share.
    var rampStart: UInt64 = 0
    /// Failures since the last success.
    var consecutive = 0
    /// Of the present interval.
    var windowStart: UInt64 = 0
    var windowTotal = 0
    var windowFailures = 0
    /// How often it was ejected, less what was forgiven.
    var ejections = 0
    /// When it last came back.
    var returnedAt: UInt64 = 0
    /// Peak-sensitive average of its latencies; 0 while nothing is known.
    var latency = 0.0
    var latencyAt: UInt64 = 0
    /// Requests that it was chosen for.
    var picks = 0

    var isEjected: Bool { ejectedUntil != 0 }
    var isEligible: Bool { !isDown && ejectedUntil == 0 }

    /// The average as it is now: it fades, so that a member that was slow once is tried again.
    func latency(at now: UInt64, decay: Double) -> Double {
        guard now > latencyAt else { return latency }
        return latency * exp(-Double(now &- latencyAt) / decay)
    }

    /// A peak is taken over at once, relief only little by little (Finagle's peak EWMA).
    mutating func observe(latency sample: Double, at now: UInt64, decay: Double) {
        // Answers within one turn of the clock still cost something.
        let sample = max(sample, 1000)
        let weight = now > latencyAt ? exp(-Double(now &- latencyAt) / decay) : 1
        let faded = latency * weight
        latency = sample > faded ? sample : latency * weight + sample * (1 - weight)
        latencyAt = now
    }
}

/// The members that tries of one request went to: at most four.
struct Tried: Equatable {
    private var members = SIMD4<Int32>(repeating: -1)
    private(set) var count = 0

    func contains(_ member: Int) -> Bool {
        count > 0 && any(members .== SIMD4(repeating: Int32(truncatingIfNeeded: member)))
    }
    mutating func add(_ member: Int) {
        members[count & 3] = Int32(truncatingIfNeeded: member)
        count &+= 1
    }
}
