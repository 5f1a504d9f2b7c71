/// The tumbling windows of the last minutes: one for each second, in a ring of fixed size. Windows from
/// `openFrom` to `head` are open, those before are closed and never change again.
struct WindowRing: ~Copyable {
    /// Seconds that are kept.
    let span: Int
    private let windows: UnsafeMutablePointer<EventWindow>
    /// The latest second; -1 before the first.
    private(set) var head = -1
    /// The first second that there ever was.
    private(set) var first = -1
    /// The first second that is not closed.
    private(set) var openFrom = -1

    init(span: Int) {
        self.span = max(1, span)
        windows = .allocate(capacity: self.span)
        for index in 0..<self.span { (windows + index).initialize(to: EventWindow()) }
    }
    deinit {
        windows.deinitialize(count: span)
        windows.deallocate()
    }

    /// Bytes that the windows take, whatever comes.
    static func bytes(span: Int) -> Int {
        span * (MemoryLayout<EventWindow>.stride + HyperLogLog.registerCount + 4 * QuantileSketch.bucketCount)
    }

    /// The seconds that are kept, oldest first; empty before the first.
    var seconds: Range<Int> {
        head < 0 ? 0..<0 : max(first, head - span + 1)..<head + 1
    }

    /// The window of a second within `seconds`.
    @inline(__always)
    func window(_ second: Int) -> UnsafeMutablePointer<EventWindow> { windows + second % span }

    /// Makes the second, and all between, the latest. Answers whether it moved.
    @discardableResult
    mutating func advance(to second: Int) -> Bool {
        guard second > head, second >= 0 else { return false }
        if head < 0 {
            first = second
            openFrom = second
            head = second - 1
        }
        let from = max(head + 1, second - span + 1)
        for fresh in from...second { windows[fresh % span].reset(to: fresh) }
        head = second
        openFrom = max(openFrom, head - span + 1)
        return true
    }

    /// Takes in an earlier first second, as long as it is not closed: the first event need not be the
    /// earliest.
    mutating func extend(back second: Int) {
        guard second < first, head >= 0, second > head - span else { return }
        for fresh in second..<first { windows[fresh % span].reset(to: fresh) }
        openFrom = min(openFrom, second)
        first = second
    }

    /// Closes all windows that end at or before the watermark (milliseconds since 1970). Answers whether
    /// any was closed.
    @discardableResult
    mutating func close(upTo watermark: UInt64) -> Bool {
        let end = min(Int(truncatingIfNeeded: watermark / 1000), head + 1)
        guard head >= 0, end > openFrom else { return false }
        for second in openFrom..<end {
            let window = window(second)
            window.pointee.percentiles = window.pointee.latencies.quantiles([0.5, 0.95, 0.99])
        }
        openFrom = end
        return true
    }

    /// Forgets everything.
    mutating func restart() {
        head = -1
        first = -1
        openFrom = -1
    }
}
