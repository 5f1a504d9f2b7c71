/// What was measured of the worst of the watched actors. Nil where too little happened to tell.
struct Measures: Equatable {
    /// Nanoseconds.
    var waiting: UInt64?
    /// A fraction.
    var errors: Double?
    /// Nanoseconds.
    var latency: UInt64?
}

/// Decides on the level: measures in, level out. Knows neither clock nor actors, so that its promises
/// can be tested over any course of measures.
///
/// Up as soon as a level's threshold has been exceeded for its time, over several levels at once if
/// need be. Down one level at a time: when all measures have been below the clear ratio of the level's
/// thresholds for its time, and the level has stayed its minimum. Measures that are missing are calm,
/// so that a level without traffic ends.
struct DegradePolicy {
    let settings: DegradeSettings
    /// 0 is normal.
    private(set) var level = 0
    /// When the level changed last.
    private(set) var changedAt: UInt64
    /// An operator holds the level.
    private(set) var isHeld = false
    /// When the hold ends by itself; nil for never.
    private(set) var heldUntil: UInt64?
    /// Since when each level's thresholds are exceeded; nil while they are not.
    private var hotSince: [UInt64?]
    /// Since when the present level is clear.
    private var clearSince: UInt64?

    init(_ settings: DegradeSettings, now: UInt64) {
        self.settings = settings
        changedAt = now
        hotSince = Array(repeating: nil, count: settings.levels.count)
    }

    /// Takes the latest measures; answers whether the level changed.
    mutating func take(_ measures: Measures, now: UInt64) -> Bool {
        for (index, level) in settings.levels.enumerated() {
            let isHot = Self.exceeds(measures, level.when)
            hotSince[index] = isHot ? hotSince[index] ?? now : nil
        }
        let isClear = level > 0 && clears(measures, settings.levels[level - 1].when)
        clearSince = isClear ? clearSince ?? now : nil
        if isHeld {
            guard let end = heldUntil, end <= now else { return false }
            release()
        }
        if let higher = highestReached(now), higher > level { return change(to: higher, now) }
        guard level > 0, let since = clearSince, now &- since >= settings.levels[level - 1].hold,
            now &- changedAt >= settings.minimumStay
        else { return false }
        return change(to: level - 1, now)
    }

    /// An operator wants this level, until `end` if there is one. Answers whether the level changed.
    /// - Precondition: the level exists; others are taken as the nearest.
    mutating func hold(_ wanted: Int, until end: UInt64?, now: UInt64) -> Bool {
        isHeld = true
        heldUntil = end
        let wanted = min(max(wanted, 0), settings.levels.count)
        return wanted == level ? false : change(to: wanted, now)
    }

    /// Back to deciding by measures, from the present level on.
    mutating func release() {
        isHeld = false
        heldUntil = nil
    }

    private mutating func change(to wanted: Int, _ now: UInt64) -> Bool {
        level = wanted
        changedAt = now
        clearSince = nil
        return true
    }

    private func highestReached(_ now: UInt64) -> Int? {
        for index in settings.levels.indices.reversed() {
            if let since = hotSince[index], now &- since >= settings.levels[index].hold { return index + 1 }
        }
        return nil
    }

    private static func exceeds(_ measures: Measures, _ when: Thresholds) -> Bool {
        if let limit = when.waiting, let value = measures.waiting, value > limit { return true }
        if let limit = when.errors, let value = measures.errors, value > limit { return true }
        if let limit = when.latency, let value = measures.latency, value > limit { return true }
        return false
    }

    /// At the thresholds' share itself it is clear: a threshold of 0 must be able to end.
    private func clears(_ measures: Measures, _ when: Thresholds) -> Bool {
        let ratio = settings.clearRatio
        if let limit = when.waiting, Double(measures.waiting ?? 0) > Double(limit) * ratio { return false }
        if let limit = when.errors, measures.errors ?? 0 > limit * ratio { return false }
        if let limit = when.latency, Double(measures.latency ?? 0) > Double(limit) * ratio { return false }
        return true
    }
}
