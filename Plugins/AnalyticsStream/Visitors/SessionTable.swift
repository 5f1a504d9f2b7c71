import ModuleKit

/// One visit of one visitor.
struct Session {
    var visitor: UInt64
    /// First and last event, milliseconds since 1970.
    var started: UInt64
    var last: UInt64
    /// Neighbours in the order of use: towards the latest and the oldest; -1 at the ends.
    var newer: Int32 = -1
    var older: Int32 = -1
    /// How many visitors it stands for, when only some are looked at.
    var weight: UInt32
    /// As `CountryCode.index` says.
    var country: UInt16
    /// How many steps of the funnel (view, cart, order) were done. Who orders has viewed and put into the
    /// cart, even if that was told late, got lost, or came from before the visitor had a cookie.
    var reached: UInt8 = 0
    /// Counted among the active ones.
    var isActive = false
}

/// The visits under way: a table of fixed size. When it is full, the one that was quiet for longest goes.
struct SessionTable: ~Copyable {
    let capacity: Int
    /// Milliseconds without an event that end a session.
    let timeout: UInt64
    /// Milliseconds without an event after which a visitor is not counted as active.
    let activeFor: UInt64
    private(set) var count = 0
    /// Sessions by weight: begun, ended by time, put out because the table was full.
    private(set) var started: UInt64 = 0
    private(set) var ended: UInt64 = 0
    private(set) var evicted: UInt64 = 0
    /// Milliseconds that ended sessions lasted, by weight.
    private(set) var duration: UInt64 = 0
    /// Active visitors by weight: all, and by country.
    private(set) var active: UInt64 = 0
    private let countries: UnsafeMutablePointer<UInt64>
    private let sessions: UnsafeMutablePointer<Session>
    private let table: UnsafeMutablePointer<Int32>
    private let mask: Int
    /// Ends of the order of use, and the oldest that is active.
    private var newest: Int32 = -1
    private var oldest: Int32 = -1
    private var oldestActive: Int32 = -1
    /// Free slots, linked through `older`.
    private var free: Int32 = -1
    private var used = 0

    init(capacity: Int, timeout: UInt64, activeFor: UInt64) {
        self.capacity = min(max(1, capacity), 1 << 24)
        self.timeout = timeout
        self.activeFor = min(activeFor, timeout)
        let slots = 1 << (Int.bitWidth - (self.capacity * 2 - 1).leadingZeroBitCount)
        sessions = .allocate(capacity: self.capacity)
        table = .allocate(capacity: slots)
        table.initialize(repeating: -1, count: slots)
        mask = slots - 1
        countries = .allocate(capacity: CountryCode.count)
        countries.initialize(repeating: 0, count: CountryCode.count)
    }
    deinit {
        sessions.deallocate()
        table.deallocate()
        countries.deallocate()
    }

    /// Bytes that a table of that size takes.
    static func bytes(capacity: Int) -> Int { capacity * MemoryLayout<Session>.stride + capacity * 4 * 4 }

    /// Active visitors of each country that has any, most first.
    func activeByCountry() -> [(country: Int, visitors: UInt64)] {
        (0..<CountryCode.count).filter { countries[$0] > 0 }
            .map { (country: $0, visitors: countries[$0]) }
            .sorted { $0.visitors == $1.visitors ? $0.country < $1.country : $0.visitors > $1.visitors }
    }

    /// Takes in what a visitor did. Answers which steps of the funnel (0 view, 1 cart, 2 order) the
    /// session reached with it.
    /// - Parameter step: the step that the event is; nil for none.
    mutating func note(
        visitor: UInt64, time: UInt64, country: Int, step: Int?, weight: UInt32
    ) -> (reached: Range<Int>, weight: UInt32) {
        let hash = StableHash.mix(visitor)
        var slot = find(visitor, hash)
        if slot >= 0, time > sessions[Int(slot)].last &+ timeout {
            end(slot)
            slot = -1
        }
        if slot < 0 { slot = begin(visitor, hash, time, country, weight) } else { touch(slot) }
        let session = sessions + Int(slot)
        session.pointee.last = max(session.pointee.last, time)
        session.pointee.started = min(session.pointee.started, time)
        if country != 0, country != Int(session.pointee.country) { move(session, to: country) }
        if !session.pointee.isActive { activate(slot) }
        let before = Int(session.pointee.reached)
        let after = max(before, step.map { $0 &+ 1 } ?? 0)
        session.pointee.reached = UInt8(truncatingIfNeeded: after)
        return (before..<after, session.pointee.weight)
    }

    /// Ends what has been quiet for too long at this time (milliseconds since 1970).
    mutating func expire(_ now: UInt64) {
        while oldestActive >= 0, sessions[Int(oldestActive)].last &+ activeFor < now {
            let next = sessions[Int(oldestActive)].newer
            deactivate(oldestActive)
            oldestActive = next
        }
        while oldest >= 0, sessions[Int(oldest)].last &+ timeout < now { end(oldest) }
    }

    // MARK: sessions

    private mutating func begin(
        _ visitor: UInt64, _ hash: UInt64, _ time: UInt64, _ country: Int, _ weight: UInt32
    ) -> Int32 {
        if count == capacity {
            evicted &+= UInt64(sessions[Int(oldest)].weight)
            remove(oldest)
        }
        let slot: Int32
        if free >= 0 {
            slot = free
            free = sessions[Int(slot)].older
        } else {
            slot = Int32(truncatingIfNeeded: used)
            used += 1
        }
        (sessions + Int(slot)).initialize(
            to: Session(
                visitor: visitor, started: time, last: time, weight: weight,
                country: UInt16(truncatingIfNeeded: country)))
        var place = Int(truncatingIfNeeded: hash) & mask
        while table[place] >= 0 { place = (place &+ 1) & mask }
        table[place] = slot
        count += 1
        started &+= UInt64(weight)
        linkNewest(slot)
        return slot
    }

    private mutating func end(_ slot: Int32) {
        let session = sessions[Int(slot)]
        ended &+= UInt64(session.weight)
        duration &+= (session.last &- session.started) &* UInt64(session.weight)
        remove(slot)
    }

    private mutating func remove(_ slot: Int32) {
        if sessions[Int(slot)].isActive {
            if oldestActive == slot { oldestActive = sessions[Int(slot)].newer }
            deactivate(slot)
        }
        unlink(slot)
        removeFromTable(slot)
        sessions[Int(slot)].older = free
        free = slot
        count -= 1
    }

    // MARK: activity

    private mutating func activate(_ slot: Int32) {
        // It was just linked as the newest; all that are newer than an active one are active.
        let session = sessions + Int(slot)
        session.pointee.isActive = true
        active &+= UInt64(session.pointee.weight)
        countries[Int(session.pointee.country)] &+= UInt64(session.pointee.weight)
        if oldestActive < 0 { oldestActive = slot }
    }
    private mutating func deactivate(_ slot: Int32) {
        let session = sessions + Int(slot)
        session.pointee.isActive = false
        active &-= UInt64(session.pointee.weight)
        countries[Int(session.pointee.country)] &-= UInt64(session.pointee.weight)
    }
    private func move(_ session: UnsafeMutablePointer<Session>, to country: Int) {
        if session.pointee.isActive {
            countries[Int(session.pointee.country)] &-= UInt64(session.pointee.weight)
            countries[country] &+= UInt64(session.pointee.weight)
        }
        session.pointee.country = UInt16(truncatingIfNeeded: country)
    }

    // MARK: order of use

    private mutating func touch(_ slot: Int32) {
        guard newest != slot else { return }
        if oldestActive == slot { oldestActive = sessions[Int(slot)].newer }
        unlink(slot)
        linkNewest(slot)
        if oldestActive < 0, sessions[Int(slot)].isActive { oldestActive = slot }
    }
    private mutating func linkNewest(_ slot: Int32) {
        sessions[Int(slot)].newer = -1
        sessions[Int(slot)].older = newest
        if newest >= 0 { sessions[Int(newest)].newer = slot } else { oldest = slot }
        newest = slot
    }
    private mutating func unlink(_ slot: Int32) {
        let (newer, older) = (sessions[Int(slot)].newer, sessions[Int(slot)].older)
        if newer >= 0 { sessions[Int(newer)].older = older } else { newest = older }
        if older >= 0 { sessions[Int(older)].newer = newer } else { oldest = newer }
    }

    // MARK: hash table

    @inline(__always)
    private func find(_ visitor: UInt64, _ hash: UInt64) -> Int32 {
        var place = Int(truncatingIfNeeded: hash) & mask
        while table[place] >= 0 {
            if sessions[Int(table[place])].visitor == visitor { return table[place] }
            place = (place &+ 1) & mask
        }
        return -1
    }
    private func home(_ slot: Int32) -> Int {
        Int(truncatingIfNeeded: StableHash.mix(sessions[Int(slot)].visitor)) & mask
    }
    private func removeFromTable(_ slot: Int32) {
        var gap = home(slot)
        while table[gap] != slot { gap = (gap &+ 1) & mask }
        var next = (gap &+ 1) & mask
        while table[next] >= 0 {
            if (next &- home(table[next])) & mask >= (next &- gap) & mask {
                table[gap] = table[next]
                gap = next
            }
            next = (next &+ 1) & mask
        }
        table[gap] = -1
    }
}
