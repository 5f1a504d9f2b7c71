import Testing

@testable import ModuleKit

@Suite struct TimerQueueTests {
    @Test(arguments: [1, 2, 3, 4, 5]) func agreesWithASortedList(seed: UInt64) {
        var random = Random(seed: seed)
        var queue = TimerQueue()
        var expected: [(at: UInt64, number: Int, token: TimerToken)] = []
        var fired: [Int] = []
        var wanted: [Int] = []
        var now: UInt64 = 0
        for number in 0..<3000 {
            switch random.below(4) {
            case 0, 1:
                let at = now + UInt64(random.below(100))
                expected.append((at, number, queue.insert(at: at) { fired.append(number) }))
            case 2 where !expected.isEmpty:
                let victim = expected.remove(at: random.below(expected.count))
                let (first, second) = (queue.remove(victim.token), queue.remove(victim.token))
                #expect(first && !second)
            default:
                now += UInt64(random.below(30))
                while let body = queue.take(dueAt: now) { body() }
                let due = expected.filter { $0.at <= now }.sorted { ($0.at, $0.number) < ($1.at, $1.number) }
                wanted += due.map(\.number)
                expected.removeAll { $0.at <= now }
            }
            #expect(queue.count == expected.count)
            #expect(queue.earliest == expected.map(\.at).min())
        }
        #expect(fired == wanted, "seed \(seed)")
    }

    @Test func aMillionTimersFireInOrder() {
        var random = Random(seed: 7)
        var queue = TimerQueue()
        let count = 1_000_000
        for _ in 0..<count { _ = queue.insert(at: random.next() >> 20) {} }
        #expect(queue.count == count)
        var last: UInt64 = 0
        while let earliest = queue.earliest {
            #expect(earliest >= last)
            last = earliest
            _ = queue.take(dueAt: earliest)
            if queue.count < count - 10_000 { break }
        }
        queue.removeAll()
        #expect(queue.earliest == nil)
    }
}
