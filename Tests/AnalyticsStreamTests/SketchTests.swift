import ModuleKit
import Testing

@testable import AnalyticsStream

@Suite("Sketches keep their bounds")
struct SketchTests {
    /// A seed of the day's own, printed, so that a failure can be run again.
    static func random(_ name: String, _ argument: Int = 0) -> Random {
        let seed = StableHash.hash(name) &+ UInt64(argument)
        print("\(name)(\(argument)): seed \(seed)")
        return Random(seed: seed)
    }

    @Test(
        "distinct counts are within four standard errors", arguments: [0, 1, 10, 500, 5_000, 40_000, 400_000])
    func distinct(count: Int) {
        var random = Self.random("distinct", count)
        let sketch = HyperLogLog()
        for _ in 0..<count {
            let hash = StableHash.mix(random.next())
            sketch.insert(hash)
            if random.chance(0.3) { sketch.insert(hash) }
        }
        let allowed = max(0.5, 4 * 1.04 / 64 * Double(count))
        #expect(abs(sketch.estimate - Double(count)) <= allowed, "\(sketch.estimate)")
    }

    @Test("the standard error over many sets is 1.6 %, and there is no bias")
    func standardError() {
        var random = Self.random("standardError")
        let sketch = HyperLogLog()
        let (sets, size) = (60, 12_000)
        var (sum, squares) = (0.0, 0.0)
        for _ in 0..<sets {
            sketch.reset()
            for _ in 0..<size { sketch.insert(StableHash.mix(random.next())) }
            let error = sketch.estimate / Double(size) - 1
            sum += error
            squares += error * error
        }
        #expect((squares / Double(sets)).squareRoot() < 0.0163 * 1.35)
        #expect(abs(sum / Double(sets)) < 0.0163 * 3 / Double(sets).squareRoot())
    }

    @Test("merging two distinct counters counts the union")
    func union() {
        var random = Self.random("union")
        let left = HyperLogLog()
        let right = HyperLogLog()
        let both = HyperLogLog()
        for number in 0..<30_000 {
            let hash = StableHash.mix(random.next())
            if number < 20_000 { left.insert(hash) }
            if number >= 10_000 { right.insert(hash) }
            both.insert(hash)
        }
        left.merge(right)
        #expect(left.estimate == both.estimate)
    }

    @Test("every value is within 1 % of its bucket's middle")
    func buckets() {
        var random = Self.random("buckets")
        var values: [UInt32] = [0, 1, 127, 128, 129, .max, .max - 1]
        for power in 0..<32 { values += [1 << power, (1 << power) &- 1, (1 << power) &+ 1] }
        for _ in 0..<30_000 {
            values.append(UInt32(truncatingIfNeeded: random.next() >> UInt64(random.below(32))))
        }
        let wrong = values.filter { value in
            let middle = Double(QuantileSketch.value(of: QuantileSketch.bucket(of: value)))
            return abs(middle - Double(value)) > 0.01 * Double(value)
        }
        #expect(wrong.isEmpty)
        #expect(QuantileSketch.bucket(of: .max) == QuantileSketch.bucketCount - 1)
    }

    @Test("quantiles are within 1 %, whatever the distribution", arguments: 0..<6)
    func quantiles(_ shape: Int) {
        var random = Self.random("quantiles", shape)
        var left = QuantileSketch()
        var right = QuantileSketch()
        var values: [UInt32] = []
        for _ in 0..<20_000 {
            let value: UInt32 =
                switch shape {
                case 0: UInt32(random.below(1_000_000))
                case 1: UInt32(1 + random.below(3))
                case 2: UInt32(100 / max(0.000_001, random.unit()))
                case 3: random.chance(0.9) ? 800 : 4_000_000_000
                case 4: 0
                default: UInt32(truncatingIfNeeded: random.next() >> UInt64(32 + random.below(20)))
                }
            values.append(value)
            if random.chance(0.5) { left.insert(value) } else { right.insert(value) }
        }
        left.merge(right)
        values.sort()
        let shares = [0, 0.01, 0.5, 0.9, 0.95, 0.99, 0.999, 1]
        for (share, answer) in zip(shares, left.quantiles(shares)) {
            let truth = Double(values[Int(share * Double(values.count - 1))])
            #expect(abs(Double(answer) - truth) <= 0.01 * truth, "at \(share)")
        }
    }

    @Test("no values, no quantiles")
    func noQuantiles() {
        var sketch = QuantileSketch()
        #expect(sketch.quantiles([0.5, 1]) == [0, 0])
        sketch.insert(5)
        sketch.reset()
        #expect(sketch.quantiles([0.5]) == [0] && sketch.count == 0)
    }

    /// A product number with a skew like a shop's: low numbers are the most frequent.
    static func product(_ random: inout Random, of products: Int) -> Int64 {
        let share = random.unit()
        return Int64(Double(products) * share * share * share * share) + 1
    }

    @Test(
        "Space-Saving keeps its guarantees", arguments: [(16, 50), (64, 10_000), (256, 100_000), (512, 100)])
    func spaceSaving(capacity: Int, products: Int) {
        var random = Self.random("spaceSaving", capacity)
        var summary = SpaceSaving(capacity: capacity)
        var truth: [Int64: UInt64] = [:]
        var total: UInt64 = 0
        for _ in 0..<60_000 {
            let product = Self.product(&random, of: products)
            let weight = UInt64(1 + random.below(4))
            summary.add(product, weight: weight)
            truth[product, default: 0] += weight
            total += weight
        }
        let counters = summary.counters()
        #expect(counters.count == min(capacity, truth.count))
        #expect(Set(counters.map(\.product)).count == counters.count)
        #expect(counters.reduce(0) { $0 + $1.weight } == total)
        for counter in counters {
            let real = truth[counter.product] ?? 0
            #expect(counter.weight >= real && counter.weight - counter.error <= real)
            #expect(counter.error <= total / UInt64(capacity))
        }
        let held = Set(counters.map(\.product))
        for (product, weight) in truth where weight > total / UInt64(capacity) {
            #expect(held.contains(product))
        }
        if products < capacity { #expect(counters.allSatisfy { $0.error == 0 }) }
    }

    @Test("top products slide with the panes and bound what they say")
    func topProducts() {
        var random = Self.random("topProducts")
        var top = TopProducts(capacity: 128, history: 50)
        var events: [(second: Int, product: Int64)] = []
        for second in 1000..<1200 {
            top.advance(to: second)
            for _ in 0..<300 {
                // What sells changes over time.
                let product = Self.product(&random, of: 5_000) + Int64(second / 40) * 10
                top.add(product, weight: 1, revenue: 100)
                events.append((second, product))
            }
        }
        var truth: [Int64: UInt64] = [:]
        for event in events where event.second / 10 > 1199 / 10 - 5 { truth[event.product, default: 0] += 1 }
        let list = top.top(20)
        #expect(list.count == 20)
        for entry in list {
            let real = truth[entry.product] ?? 0
            #expect(entry.weight >= real && entry.weight - min(entry.weight, entry.error) <= real)
            #expect(UInt64(entry.revenue) <= real * 100)
        }
        let best = truth.max { ($0.value, $1.key) < ($1.value, $0.key) }
        #expect(list.first?.product == best?.key)
        top.advance(to: 5000)
        #expect(top.top(5).isEmpty)
    }
}
