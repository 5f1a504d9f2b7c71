import ModuleKit

/// The heaviest products with a fixed number of counters (Metwally et al. 2005, weighted).
///
/// With `k` counters and a total weight of `W`, each product that weighs more than `W / k` is among them,
/// and each counter is at most its `error`, itself at most `W / k`, above the truth. The counters are a
/// heap with the lightest on top, found through a hash table: some 20 ns for a product that has one.
struct SpaceSaving: ~Copyable {
    struct Counter {
        var product: Int64
        /// Never below the truth.
        var weight: UInt64
        /// At most so much above the truth.
        var error: UInt64
        /// What came along with the product since its counter is its own.
        var revenue: Int64
    }
    let capacity: Int
    private(set) var count = 0
    private let heap: UnsafeMutablePointer<Counter>
    /// Where in the hash table the heap's counter is.
    private let places: UnsafeMutablePointer<Int32>
    /// Positions in the heap; -1 if free.
    private let table: UnsafeMutablePointer<Int32>
    private let mask: Int

    init(capacity: Int) {
        self.capacity = max(1, capacity)
        let slots = 1 << (Int.bitWidth - (self.capacity * 2 - 1).leadingZeroBitCount)
        heap = .allocate(capacity: self.capacity)
        places = .allocate(capacity: self.capacity)
        table = .allocate(capacity: slots)
        table.initialize(repeating: -1, count: slots)
        mask = slots - 1
    }
    deinit {
        heap.deallocate()
        places.deallocate()
        table.deallocate()
    }

    mutating func reset() {
        count = 0
        table.update(repeating: -1, count: mask + 1)
    }

    /// The lightest counter if all are taken: what a product without a counter weighs at most.
    var threshold: UInt64 { count == capacity ? heap[0].weight : 0 }

    /// All counters, in no particular order.
    func counters() -> [Counter] { (0..<count).map { heap[$0] } }

    mutating func add(_ product: Int64, weight: UInt64 = 1, revenue: Int64 = 0) {
        var place = home(of: product)
        while table[place] >= 0 {
            let position = Int(table[place])
            if heap[position].product == product {
                heap[position].weight &+= weight
                heap[position].revenue &+= revenue
                sink(position)
                return
            }
            place = (place &+ 1) & mask
        }
        if count < capacity {
            insert(Counter(product: product, weight: weight, error: 0, revenue: revenue), at: place)
        } else {
            replaceLightest(product, weight, revenue)
        }
    }

    @inline(__always)
    private func home(of product: Int64) -> Int {
        Int(truncatingIfNeeded: StableHash.mix(UInt64(bitPattern: product))) & mask
    }

    private mutating func insert(_ counter: Counter, at place: Int) {
        let position = count
        count += 1
        (heap + position).initialize(to: counter)
        (places + position).initialize(to: Int32(truncatingIfNeeded: place))
        table[place] = Int32(truncatingIfNeeded: position)
        rise(position)
    }

    private mutating func replaceLightest(_ product: Int64, _ weight: UInt64, _ revenue: Int64) {
        let lightest = heap[0].weight
        remove(place: Int(places[0]))
        var place = home(of: product)
        while table[place] >= 0 { place = (place &+ 1) & mask }
        heap[0] = Counter(product: product, weight: lightest &+ weight, error: lightest, revenue: revenue)
        places[0] = Int32(truncatingIfNeeded: place)
        table[place] = 0
        sink(0)
    }

    /// Frees a place of the hash table and closes the gap, so that no search ends too early.
    private func remove(place: Int) {
        var gap = place
        var next = (place &+ 1) & mask
        while table[next] >= 0 {
            let wanted = home(of: heap[Int(table[next])].product)
            if (next &- wanted) & mask >= (next &- gap) & mask {
                table[gap] = table[next]
                places[Int(table[gap])] = Int32(truncatingIfNeeded: gap)
                gap = next
            }
            next = (next &+ 1) & mask
        }
        table[gap] = -1
    }

    private func exchange(_ first: Int, _ second: Int) {
        swap(&heap[first], &heap[second])
        swap(&places[first], &places[second])
        table[Int(places[first])] = Int32(truncatingIfNeeded: first)
        table[Int(places[second])] = Int32(truncatingIfNeeded: second)
    }

    private func rise(_ start: Int) {
        var position = start
        while position > 0 {
            let parent = (position - 1) / 2
            guard heap[position].weight < heap[parent].weight else { return }
            exchange(position, parent)
            position = parent
        }
    }

    private func sink(_ start: Int) {
        var position = start
        while true {
            var child = 2 * position + 1
            guard child < count else { return }
            if child + 1 < count, heap[child + 1].weight < heap[child].weight { child += 1 }
            guard heap[child].weight < heap[position].weight else { return }
            exchange(position, child)
            position = child
        }
    }
}
