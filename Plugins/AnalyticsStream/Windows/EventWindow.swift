/// What was counted in one span of event time. Plain numbers: adding two is counting both.
struct WindowCounts: Equatable {
    /// Events of each kind, in the order of `BehaviourKind`.
    var kinds = SIMD8<UInt64>()
    var orders: UInt64 = 0
    /// Ordered pieces.
    var pieces: UInt64 = 0
    /// In the smallest unit of the currency.
    var revenue: Int64 = 0
    /// Sessions that reached each step of the funnel (view, cart, order) in this span.
    var steps = SIMD4<UInt64>()

    var events: UInt64 { kinds.wrappedSum() }

    static func += (left: inout Self, right: Self) {
        left.kinds &+= right.kinds
        left.orders &+= right.orders
        left.pieces &+= right.pieces
        left.revenue &+= right.revenue
        left.steps &+= right.steps
    }
}

/// One second of event time.
struct EventWindow: ~Copyable {
    /// Seconds since 1970; -1 while unused.
    var second = -1
    var counts = WindowCounts()
    var visitors = HyperLogLog()
    var latencies = QuantileSketch()
    /// Of the latencies, in microseconds at 50, 95 and 99 %; set when the window closes.
    var percentiles: [UInt32] = []

    mutating func reset(to second: Int) {
        self.second = second
        counts = WindowCounts()
        visitors.reset()
        latencies.reset()
        percentiles = []
    }
}
