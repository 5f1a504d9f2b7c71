/// The heaviest products of the last minutes: one Space-Saving summary for each fifth of the history, so
/// that old sales leave in steps. An event that is late by less than the allowed lateness may be counted
/// with the next fifth.
struct TopProducts: ~Copyable {
    static let paneCount = 5
    /// A product's place in the list.
    struct Entry: Equatable {
        let product: Int64
        /// Never below the truth, and at most `error` above it.
        let weight: UInt64
        let error: UInt64
        /// At least so much, in the smallest unit of the currency.
        let revenue: Int64
    }
    private let panes: UnsafeMutablePointer<SpaceSaving>
    /// Seconds in one pane.
    private let span: Int
    private var newest = Int.min
    private let capacity: Int

    /// - Parameters:
    ///   - capacity: counters in each pane.
    ///   - history: seconds that are looked back at.
    init(capacity: Int, history: Int) {
        self.capacity = capacity
        span = max(1, history / Self.paneCount)
        panes = .allocate(capacity: Self.paneCount)
        for index in 0..<Self.paneCount { (panes + index).initialize(to: SpaceSaving(capacity: capacity)) }
    }
    deinit {
        panes.deinitialize(count: Self.paneCount)
        panes.deallocate()
    }

    /// Lets go of what is older than the history.
    mutating func advance(to second: Int) {
        let pane = second / span
        guard pane > newest else { return }
        let steps = newest == .min ? 1 : min(pane - newest, Self.paneCount)
        for step in 0..<steps { panes[(pane - step) % Self.paneCount].reset() }
        newest = pane
    }

    mutating func reset() {
        for index in 0..<Self.paneCount { panes[index].reset() }
        newest = .min
    }

    @inline(__always)
    mutating func add(_ product: Int64, weight: UInt64, revenue: Int64 = 0) {
        guard newest >= 0 else { return }
        panes[newest % Self.paneCount].add(product, weight: weight, revenue: revenue)
    }

    /// The heaviest, heaviest first.
    func top(_ limit: Int) -> [Entry] {
        var positions: [Int64: Int] = [:]
        var sums: [(product: Int64, weight: UInt64, error: UInt64, revenue: Int64, absent: UInt64)] = []
        var absentInAll: UInt64 = 0
        for index in 0..<Self.paneCount { absentInAll += panes[index].threshold }
        for index in 0..<Self.paneCount {
            for counter in panes[index].counters() {
                let position = positions[counter.product] ?? sums.count
                if position == sums.count {
                    positions[counter.product] = position
                    sums.append((counter.product, 0, 0, 0, absentInAll))
                }
                sums[position].weight &+= counter.weight
                sums[position].error &+= counter.error
                sums[position].revenue &+= counter.revenue
                // In this pane it has a counter of its own.
                sums[position].absent -= panes[index].threshold
            }
        }
        return sums.map {
            Entry(
                product: $0.product, weight: $0.weight &+ $0.absent, error: $0.error &+ $0.absent,
                revenue: $0.revenue)
        }
        .sorted { $0.weight == $1.weight ? $0.product < $1.product : $0.weight > $1.weight }
        .prefix(limit).map { $0 }
    }
}
