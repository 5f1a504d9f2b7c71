import ModuleKit
import Testing

@testable import DegradeController

private let second: UInt64 = 1_000_000_000
private let millisecond: UInt64 = 1_000_000

/// A policy with a clock that steps by the interval.
final class PolicyUnderTest {
    var policy: DegradePolicy
    var now: UInt64 = 1000 * second
    /// When the level changed, and to what.
    var changes: [(at: UInt64, from: Int, to: Int)] = []

    init(_ change: (inout DegradeSettings) -> Void = { _ in }) {
        var settings = DegradeSettings()
        settings.levels = [
            LevelSettings(when: Thresholds(waiting: 200 * millisecond, errors: 0.05), off: ["a"]),
            LevelSettings(when: Thresholds(waiting: second, latency: 2 * second), off: ["b"], staleFactor: 3),
            LevelSettings(when: Thresholds(errors: 0.5), hold: 4 * second),
        ]
        change(&settings)
        policy = DegradePolicy(settings, now: now)
    }
    /// Takes the same measures for so long.
    func pass(_ time: UInt64, _ measures: Measures) {
        let end = now + time
        while now < end {
            now += policy.settings.interval
            let before = policy.level
            let isChanged = policy.take(measures, now: now)
            if isChanged { changes.append((now, before, policy.level)) }
        }
    }
    var level: Int { policy.level }
}

@Suite struct DegradePolicyTests {
    private let calm = Measures(waiting: millisecond, errors: 0, latency: 10 * millisecond)

    @Test func aThresholdMustBeExceededForItsTime() {
        let test = PolicyUnderTest()
        test.pass(second, Measures(waiting: 300 * millisecond))
        test.pass(second / 4, calm)
        test.pass(2 * second, Measures(waiting: 300 * millisecond))
        #expect(test.level == 0)
        test.pass(second / 4, Measures(waiting: 300 * millisecond))
        #expect(test.level == 1)
    }

    @Test(arguments: [
        (Measures(waiting: 201_000_000), 1), (Measures(waiting: 200_000_000), 0), (Measures(errors: 0.06), 1),
        (Measures(latency: 3_000_000_000), 2), (Measures(waiting: 1_500_000_000), 2),
        (Measures(errors: 0.6), 3), (Measures(), 0),
    ])
    func anyOfTheThresholdsCounts(measures: Measures, level: Int) {
        let test = PolicyUnderTest()
        test.pass(5 * second, measures)
        #expect(test.level == level)
    }

    @Test func severalLevelsAtOnceUpOneByOneDown() {
        let test = PolicyUnderTest()
        test.pass(5 * second, Measures(waiting: 5 * second, errors: 0.9))
        #expect(test.changes.map(\.to) == [2, 3])
        test.pass(60 * second, calm)
        #expect(test.changes.map(\.to) == [2, 3, 2, 1, 0])
        for (earlier, later) in zip(test.changes.dropFirst(), test.changes.dropFirst(2)) {
            #expect(later.at - earlier.at >= 10 * second)
        }
    }

    @Test func betweenThresholdAndClearRatioTheLevelStays() {
        let test = PolicyUnderTest()
        test.pass(3 * second, Measures(waiting: 300 * millisecond))
        test.pass(600 * second, Measures(waiting: 150 * millisecond))
        #expect(test.level == 1)
        test.pass(3 * second, Measures(waiting: 140 * millisecond))
        #expect(test.level == 0)
    }

    @Test func operatorsHoldALevelUntilItEnds() {
        let test = PolicyUnderTest()
        let isChanged = test.policy.hold(2, until: test.now + 30 * second, now: test.now)
        #expect(isChanged && test.level == 2)
        test.pass(29 * second, calm)
        #expect(test.level == 2 && test.policy.isHeld)
        test.pass(2 * second, calm)
        #expect(!test.policy.isHeld)
        test.pass(30 * second, calm)
        #expect(test.level == 0)
    }

    @Test func aHoldAtNormalWinsOverMeasures() {
        let test = PolicyUnderTest()
        _ = test.policy.hold(0, until: nil, now: test.now)
        test.pass(60 * second, Measures(waiting: 10 * second))
        #expect(test.level == 0)
        test.policy.release()
        test.pass(second, Measures(waiting: 10 * second))
        #expect(test.level == 2)
    }

    @Test func aLevelWithoutThresholdsIsForOperatorsAndEnds() {
        let test = PolicyUnderTest { $0.levels = [LevelSettings(), LevelSettings()] }
        test.pass(60 * second, Measures(waiting: .max, errors: 1, latency: .max))
        #expect(test.level == 0)
        _ = test.policy.hold(2, until: nil, now: test.now)
        test.policy.release()
        test.pass(60 * second, calm)
        #expect(test.level == 0)
    }

    @Test func aThresholdOfNothingCanEnd() {
        let test = PolicyUnderTest { $0.levels = [LevelSettings(when: Thresholds(errors: 0))] }
        test.pass(5 * second, Measures(errors: 0.001))
        #expect(test.level == 1)
        test.pass(15 * second, Measures(errors: 0))
        #expect(test.level == 0)
    }

    /// Any course of measures, settings and orders: a level stays its minimum before a lower one, goes
    /// down one by one, holds are kept, and calm ends everything.
    @Test(arguments: 1...60 as ClosedRange<UInt64>)
    func promisesHoldOverAnyCourse(seed: UInt64) {
        var random = Random(seed: seed)
        let test = PolicyUnderTest { settings in
            settings.minimumStay = UInt64(random.below(20)) * second
            settings.clearRatio = 0.1 + 0.9 * random.unit()
            settings.levels = (0..<(1 + random.below(5))).map { _ in
                LevelSettings(
                    when: Thresholds(
                        waiting: random.chance(0.7) ? UInt64(random.below(2000)) * millisecond : nil,
                        errors: random.chance(0.7) ? random.unit() * 0.5 : nil,
                        latency: random.chance(0.7) ? UInt64(random.below(2000)) * millisecond : nil),
                    hold: UInt64(random.below(5)) * second)
            }
        }
        let settings = test.policy.settings
        for _ in 0..<400 {
            if random.chance(0.02) {
                let before = test.level
                let end = random.chance(0.5) ? test.now + UInt64(random.below(30)) * second : nil
                let isChanged = test.policy.hold(random.below(8), until: end, now: test.now)
                if isChanged { test.changes.append((test.now, before, test.level)) }
                #expect((0...settings.levels.count).contains(test.level), "seed \(seed)")
            }
            if random.chance(0.05) { test.policy.release() }
            let (level, changes, isHeld) = (test.level, test.changes.count, test.policy.isHeld)
            let measures = Measures(
                waiting: random.chance(0.8) ? UInt64(random.below(3000)) * millisecond : nil,
                errors: random.chance(0.8) ? random.unit() * 0.6 : nil,
                latency: random.chance(0.8) ? UInt64(random.below(3000)) * millisecond : nil)
            test.pass(UInt64(random.below(12)) * settings.interval, measures)
            if isHeld && test.policy.isHeld { #expect(test.level == level, "seed \(seed)") }
            for index in changes..<test.changes.count {
                let change = test.changes[index]
                guard change.to < change.from else { continue }
                #expect(change.to == change.from - 1, "seed \(seed)")
                let earlier = index > 0 ? test.changes[index - 1].at : 0
                #expect(change.at - earlier >= settings.minimumStay, "seed \(seed)")
            }
        }
        test.policy.release()
        let longest = settings.levels.map(\.hold).max() ?? 0
        let enough = UInt64(settings.levels.count) * (settings.minimumStay + longest + second)
        test.pass(enough, Measures(waiting: 0, errors: 0, latency: 0))
        #expect(test.level == 0, "seed \(seed)")
        test.pass(10 * second, Measures())
        #expect(test.level == 0, "seed \(seed)")
    }

    /// Load that falls as soon as something is given up and returns when it is given back: the worst
    /// case for swinging.
    @Test(arguments: [0, 5, 10, 30] as [UInt64])
    func swingsNoFasterThanTheMinimumStay(stay: UInt64) {
        let test = PolicyUnderTest { $0.minimumStay = stay * second }
        for _ in 0..<2400 {
            test.pass(second / 4, Measures(waiting: test.level == 0 ? 500 * millisecond : 0))
        }
        // Each swing takes at least the stay, or the time for clearing, and the time for exceeding.
        let swings = test.changes.filter { $0.to == 0 }.count
        #expect(swings > 0)
        #expect(UInt64(swings) <= 600 / (max(stay, 2) + 2) + 1)
    }
}

@Suite struct LoadWatchTests {
    @Test func differencesWithinTheWindowCount() {
        var watch = LoadWatch(span: 4, minimumRequests: 20)
        var reading = LoadReading()
        reading.processed = 1_000_000
        reading.errors = 900_000
        var now = second
        #expect(watch.take(reading, now: now) == Measures())
        for _ in 0..<4 {
            now += second / 4
            reading.processed += 25
            reading.errors += 1
            reading.waits[20] += 1
            let measures = watch.take(reading, now: now)
            if let errors = measures.errors { #expect(abs(errors - 0.04) < 0.001) }
            #expect(measures.waiting == 1 << 20)
        }
        for _ in 0..<5 {
            now += second / 4
            _ = watch.take(reading, now: now)
        }
        #expect(watch.take(reading, now: now) == Measures())
    }

    @Test func tooFewMessagesSayNothingOfErrors() {
        var watch = LoadWatch(span: 4, minimumRequests: 20)
        _ = watch.take(LoadReading(), now: 0)
        #expect(watch.take(LoadReading(processed: 19, errors: 19), now: 1).errors == nil)
        #expect(watch.take(LoadReading(processed: 20, errors: 19), now: 2).errors == 0.95)
    }

    @Test func anActorThatHandlesNothingIsWaitedFor() {
        var watch = LoadWatch(span: 4, minimumRequests: 20)
        var waiting: UInt64?
        for step in 0..<20 as Range<UInt64> {
            waiting = watch.take(LoadReading(processed: 5, depth: 3), now: step * second / 4).waiting
        }
        #expect(waiting ?? 0 >= 4 * second)
        #expect(watch.take(LoadReading(processed: 8), now: 6 * second).waiting == nil)
    }

    @Test func anActorWithoutMessagesIsCountedByItsHistogram() {
        var watch = LoadWatch(span: 4, minimumRequests: 20)
        _ = watch.take(LoadReading(), now: 0)
        var reading = LoadReading(errors: 10)
        reading.latencies[40] = 100
        let measures = watch.take(reading, now: 1)
        #expect(measures.errors == 0.1)
        #expect(measures.latency == Histogram.bound(of: 40))
    }
}
