/// Sums over closed windows, which never change: made once a second instead of at each question.
struct ClosedSums: ~Copyable {
    /// The last seconds that "now" looks back at.
    static let minute = 60
    /// What the sums are of; when the ring has moved on, they are made anew.
    private var range = 0..<0
    private var head = -1
    /// Distinct visitors of the whole history, and of the last minute.
    let historyVisitors = HyperLogLog()
    let minuteVisitors = HyperLogLog()
    /// Latencies of the last minute.
    var minuteLatencies = QuantileSketch()

    mutating func refresh(_ ring: borrowing WindowRing) {
        let closed = ring.seconds.lowerBound..<max(ring.seconds.lowerBound, ring.openFrom)
        guard closed != range || ring.head != head else { return }
        range = closed
        head = ring.head
        historyVisitors.reset()
        minuteVisitors.reset()
        minuteLatencies.reset()
        for second in closed {
            let window = ring.window(second)
            guard window.pointee.counts.events > 0 else { continue }
            historyVisitors.merge(window.pointee.visitors)
            guard second > ring.head - Self.minute else { continue }
            minuteVisitors.merge(window.pointee.visitors)
            minuteLatencies.merge(window.pointee.latencies)
        }
    }
}
