/// How far event time has come: everything before it is taken as complete.
///
/// It follows the latest event by the allowed lateness. When nothing comes for a while it follows the
/// clock instead, so that a source that has gone quiet does not hold up the windows; and it never
/// believes a client whose clock is ahead. All times are milliseconds since 1970.
struct Watermark {
    /// What becomes of an event.
    enum Admission: Equatable {
        /// It counts at this time.
        case onTime(UInt64)
        /// Its window has been closed.
        case late
    }
    /// How much later than the latest an event may come.
    let lateness: UInt64
    /// How far ahead of the clock an event's time may be; beyond that, the clock's time is taken.
    let tolerance: UInt64
    /// Without an event for so long, the clock moves the watermark.
    let idleAfter: UInt64
    /// Below this time, windows are closed.
    private(set) var value: UInt64 = 0
    /// The latest time that an event had or, in idle times, the clock.
    private(set) var head: UInt64 = 0
    /// Events whose time was ahead of the clock.
    private(set) var ahead = 0
    private var lastArrival: UInt64 = 0

    init(lateness: UInt64, tolerance: UInt64, idleAfter: UInt64) {
        self.lateness = lateness
        self.tolerance = tolerance
        self.idleAfter = idleAfter
    }

    /// Whether no event has come for `idleAfter`.
    func isIdle(_ clock: UInt64) -> Bool { clock >= lastArrival &+ idleAfter }

    /// Decides about an event. A time of 0 means "now".
    @inline(__always)
    mutating func admit(_ time: UInt64, clock: UInt64) -> Admission {
        var time = time
        lastArrival = clock
        if time > clock &+ tolerance {
            time = clock
            ahead &+= 1
        } else if time == 0 {
            time = clock
        }
        if time > head {
            head = time
            value = max(value, head > lateness ? head &- lateness : 0)
        } else if (time / 1000 &+ 1) &* 1000 <= value {
            return .late
        }
        return .onTime(time)
    }

    /// Moves on with the clock if nothing comes.
    mutating func advance(clock: UInt64) {
        guard isIdle(clock), clock > head else { return }
        head = clock
        value = max(value, clock > lateness ? clock &- lateness : 0)
    }

    /// Whether the clock was set back so far that all events would be late.
    func isStranded(_ clock: UInt64) -> Bool { value > clock &+ tolerance }

    /// Begins anew at the clock's time.
    mutating func restart(clock: UInt64) {
        head = clock
        value = clock > lateness ? clock &- lateness : 0
        lastArrival = clock
    }
}
