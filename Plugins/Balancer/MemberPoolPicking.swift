import ModuleKit

extension MemberPool {
    /// Who gets the request; not one of those that it was given to before.
    mutating func pick(_ route: Route, _ tried: Tried = Tried(), now: UInt64) -> Pick {
        switch settings.policy {
        case .key:
            switch route {
            case .key(let key): settings.isOwned ? owner(ofKey: key) : pick(key: key, tried, now)
            case .member(let number): owner(number)
            case .any: pickLeastLoaded(tried, now)
            }
        case .roundRobin: pickInTurn(tried, now)
        case .leastInFlight: pickLeastLoaded(tried, now)
        case .peakLatency: pickQuickest(tried, now)
        }
    }

    /// Whether the member may have one more.
    private func hasRoom(_ member: Int) -> Bool { buckets.load(member) < settings.memberInFlight }

    /// Lets a member that is coming back have only its share.
    private mutating func admits(_ member: Int, _ now: UInt64) -> Bool {
        rampingCount == 0 || members[member].rampStart == 0 || random.unit() < weight(member, now: now)
    }

    // MARK: by key

    private func owner(_ member: Int) -> Pick {
        guard members.indices.contains(member), members[member].isEligible else { return .unavailable }
        return hasRoom(member) ? .member(member) : .full
    }

    private func owner(ofKey key: UInt64) -> Pick {
        if let ring { return owner(ring.owner(ring.point(of: key))) }
        return owner(StableHash.jump(key, buckets: members.count))
    }

    /// The key's member, or the next in the key's own order that is there and below the bound. Which
    /// that is depends on the key alone, so that a stand-in, too, gets the same keys again.
    private mutating func pick(key: UInt64, _ tried: Tried, _ now: UInt64) -> Pick {
        guard let ring else {
            var hash = key
            for attempt in 0..<16 {
                let member = StableHash.jump(hash, buckets: members.count)
                if takes(member, key, tried, now) {
                    if attempt > 0 { overflows &+= 1 }
                    return .member(member)
                }
                hash = StableHash.mix(hash)
            }
            overflows &+= 1
            return pickLeastLoaded(tried, now)
        }
        var point = ring.point(of: key)
        for attempt in 0..<64 {
            let member = ring.owner(point)
            if takes(member, key, tried, now) {
                if attempt > 0 { overflows &+= 1 }
                return .member(member)
            }
            point = ring.following(point)
        }
        overflows &+= 1
        return pickLeastLoaded(tried, now)
    }

    private func takes(_ member: Int, _ key: UInt64, _ tried: Tried, _ now: UInt64) -> Bool {
        guard members[member].isEligible, hasRoom(member), isBelowBound(member), !tried.contains(member)
        else { return false }
        guard rampingCount > 0, members[member].rampStart != 0 else { return true }
        // By the key and not by chance: each key moves back once.
        let place = Double(StableHash.mix(key) >> 11) * 0x1p-53
        return place < weight(member, now: now)
    }

    /// Consistent hashing with bounded loads (Mirrokni et al. 2016): nobody has more than the factor
    /// times the average, this request counted, rounded up.
    private func isBelowBound(_ member: Int) -> Bool {
        guard let factor = settings.boundedLoad else { return true }
        let load = Double(buckets.load(member))
        return load * Double(buckets.count) < factor * Double(buckets.total &+ 1)
    }

    // MARK: by turn, load and latency

    private mutating func pickInTurn(_ tried: Tried, _ now: UInt64) -> Pick {
        let count = eligible.count
        for _ in 0..<min(count, 8) {
            let member = Int(eligible[cursor])
            cursor = cursor &+ 1 < count ? cursor &+ 1 : 0
            if hasRoom(member), !tried.contains(member), admits(member, now) { return .member(member) }
        }
        return pickLeastLoaded(tried, now)
    }

    private mutating func pickLeastLoaded(_ tried: Tried, _ now: UInt64) -> Pick {
        guard !eligible.isEmpty else { return .unavailable }
        var candidate = buckets.least()
        var reserve = -1
        for _ in 0..<16 {
            guard candidate >= 0 else { break }
            // They come in the order of load: the others have no room either.
            guard hasRoom(candidate), isBelowBound(candidate) else {
                return reserve < 0 ? .full : .member(reserve)
            }
            let next = buckets.following(candidate)
            if !tried.contains(candidate) {
                if admits(candidate, now) { return .member(candidate) }
                if reserve < 0 { reserve = candidate }
                // It has had its turn.
                buckets.rotate(candidate)
            }
            candidate = next
        }
        return reserve < 0 ? .unavailable : .member(reserve)
    }

    /// The better of two chosen by chance (power of two choices), by expected waiting time.
    private mutating func pickQuickest(_ tried: Tried, _ now: UInt64) -> Pick {
        let count = eligible.count
        guard count > 1 else { return pickLeastLoaded(tried, now) }
        for _ in 0..<4 {
            let first = random.below(count)
            var second = random.below(count - 1)
            if second >= first { second &+= 1 }
            let (a, b) = (Int(eligible[first]), Int(eligible[second]))
            let isFirst = cost(a, now) <= cost(b, now)
            let (better, other) = isFirst ? (a, b) : (b, a)
            let chosen = admits(better, now) ? better : other
            if hasRoom(chosen), !tried.contains(chosen) { return .member(chosen) }
        }
        return pickLeastLoaded(tried, now)
    }

    private func cost(_ member: Int, _ now: UInt64) -> Double {
        let waiting = Double(buckets.load(member))
        let latency = members[member].latency(at: now, decay: Double(settings.latencyDecay))
        // Nothing is known of a fresh member: one request is to find out, not all of them.
        if latency == 0 { return waiting == 0 ? 0 : 1e15 + waiting }
        return latency * (waiting + 1)
    }
}
