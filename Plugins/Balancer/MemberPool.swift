import ModuleKit

/// Who gets a request.
enum Pick: Equatable {
    case member(Int)
    /// The one it belongs to, or everyone, is gone.
    case unavailable
    /// The one it belongs to, or everyone, has as much as it may have.
    case full
}

/// What became of the members while time passed.
enum MemberEvent: Equatable {
    case ejected(Int, for: UInt64)
    case returned(Int)
}

/// The members of a balancer: which of them are there, how busy, how quick, and who is next.
///
/// Knows no actors, clocks or messages, so that its promises can be tested over any course of events.
/// A pick costs constant time but for the jump hash, which is logarithmic in the number of members.
struct MemberPool {
    let settings: BalancerSettings
    var members: [Member]
    var buckets: LoadBuckets
    /// Members that are neither down nor ejected, in order.
    private(set) var eligible: [Int32]
    private(set) var ejectedCount = 0
    private(set) var downCount = 0
    /// Members that are coming back.
    private(set) var rampingCount = 0
    /// Picks of another member than the key's own, for its load.
    var overflows = 0
    var random: Random
    var cursor = 0
    let ring: HashRing?

    /// - Parameter names: unique, in the order of the topology.
    init(_ names: [String], settings: BalancerSettings, random: Random) {
        self.settings = settings
        self.random = random
        members = Array(repeating: Member(), count: names.count)
        buckets = LoadBuckets(members: names.count)
        eligible = names.indices.map { Int32(truncatingIfNeeded: $0) }
        ring = settings.policy == .key && settings.consistency == .ring ? HashRing(names) : nil
        for member in names.indices { buckets.link(member) }
    }

    /// Members ejected at once at most.
    var ejectionCap: Int { Int(Double(members.count) * settings.ejection.maximumShare) }

    // MARK: requests

    /// A request was given to the member.
    mutating func began(_ member: Int) {
        members[member].picks &+= 1
        buckets.increment(member)
    }

    /// The member answered, or the last hope for its answer is gone.
    mutating func ended(_ member: Int) { buckets.decrement(member) }

    /// What an answer, or the lack of one, says about the member; answers what follows from it.
    mutating func judge(_ member: Int, _ outcome: Outcome, latency: UInt64, now: UInt64) -> MemberEvent? {
        if settings.policy == .peakLatency {
            // A fast error must not look like a quick member.
            let counted = outcome == .success ? latency : max(latency, settings.errorLatency)
            members[member].observe(
                latency: Double(counted), at: now, decay: Double(settings.latencyDecay))
        }
        // A key's only owner is never left out: nobody could stand in.
        guard settings.ejection.isEnabled, !settings.isOwned, outcome != .overload else { return nil }
        if now &- members[member].windowStart >= settings.ejection.interval {
            members[member].windowStart = now
            members[member].windowTotal = 0
            members[member].windowFailures = 0
        }
        members[member].windowTotal &+= 1
        guard outcome == .failure else {
            members[member].consecutive = 0
            return nil
        }
        members[member].consecutive &+= 1
        members[member].windowFailures &+= 1
        guard members[member].isEligible, isBroken(members[member]) else { return nil }
        return eject(member, now: now)
    }

    private func isBroken(_ member: Member) -> Bool {
        if member.consecutive >= settings.ejection.consecutive { return true }
        guard member.windowTotal >= settings.ejection.minimumRequests else { return false }
        return Double(member.windowFailures) >= settings.ejection.ratio * Double(member.windowTotal)
    }

    // MARK: membership

    /// Leaves the member out for a time that grows; nil if too many are out already.
    private mutating func eject(_ member: Int, now: UInt64) -> MemberEvent? {
        guard ejectedCount + downCount < ejectionCap, eligible.count > 1 else { return nil }
        let forgiven = (now &- members[member].returnedAt) / settings.ejection.interval
        let past = max(0, members[member].ejections - Int(min(forgiven, 1000)))
        var time = settings.ejection.time
        for _ in 0..<past where time < settings.ejection.maximumTime { time = time &* 2 }
        time = max(1, min(time, settings.ejection.maximumTime))
        members[member].ejections = past + 1
        members[member].ejectedUntil = now &+ time
        stopRamp(member)
        ejectedCount += 1
        refresh(member)
        return .ejected(member, for: time)
    }

    private mutating func readmit(_ member: Int, now: UInt64) {
        guard members[member].isEjected else { return }
        members[member].ejectedUntil = 0
        members[member].returnedAt = now
        ejectedCount -= 1
        startAnew(member, now: now)
    }

    /// The runtime says that a member is gone. If nobody is left but ejected ones, they are back:
    /// doubtful members are better than none.
    mutating func down(_ member: Int, now: UInt64) -> [MemberEvent] {
        guard !members[member].isDown else { return [] }
        members[member].isDown = true
        downCount += 1
        stopRamp(member)
        refresh(member)
        guard eligible.isEmpty else { return [] }
        return members.indices.filter { members[$0].isEjected && !members[$0].isDown }.map {
            readmit($0, now: now)
            return .returned($0)
        }
    }

    /// The runtime says that it is there again: a fresh actor, whose past does not count.
    mutating func up(_ member: Int, now: UInt64) {
        guard members[member].isDown else { return }
        members[member].isDown = false
        downCount -= 1
        if members[member].isEjected {
            members[member].ejectedUntil = 0
            ejectedCount -= 1
        }
        startAnew(member, now: now)
    }

    /// Ends ejections and slow starts that are over.
    mutating func tick(now: UInt64) -> [MemberEvent] {
        guard ejectedCount > 0 || rampingCount > 0 else { return [] }
        var events: [MemberEvent] = []
        for member in members.indices {
            if members[member].isEjected && members[member].ejectedUntil <= now {
                readmit(member, now: now)
                events.append(.returned(member))
            }
            if members[member].rampStart != 0 && now &- members[member].rampStart >= settings.slowStart {
                stopRamp(member)
            }
        }
        return events
    }

    private mutating func startAnew(_ member: Int, now: UInt64) {
        members[member].consecutive = 0
        members[member].windowTotal = 0
        members[member].windowFailures = 0
        members[member].windowStart = now
        members[member].latency = 0
        if settings.slowStart > 0 && members[member].rampStart == 0 && !settings.isOwned {
            members[member].rampStart = max(1, now)
            rampingCount += 1
        }
        refresh(member)
    }

    private mutating func stopRamp(_ member: Int) {
        guard members[member].rampStart != 0 else { return }
        members[member].rampStart = 0
        rampingCount -= 1
    }

    private mutating func refresh(_ member: Int) {
        if members[member].isEligible { buckets.link(member) } else { buckets.unlink(member) }
        eligible = members.indices.filter { members[$0].isEligible }.map { Int32(truncatingIfNeeded: $0) }
        if cursor >= eligible.count { cursor = 0 }
    }

    /// The share of its requests that a member gets: 0.1 when it comes back, then rising to 1.
    func weight(_ member: Int, now: UInt64) -> Double {
        let start = members[member].rampStart
        guard start != 0, settings.slowStart > 0 else { return 1 }
        return min(1, 0.1 + 0.9 * Double(now &- start) / Double(settings.slowStart))
    }
}
