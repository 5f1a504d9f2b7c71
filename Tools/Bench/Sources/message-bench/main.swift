import Glibc
import ModuleKit
import Runtime

// message-bench SCENARIO COUNT [--spin]: one run of one scenario, on the product's own node with actors
// of two plugins. Prints what was measured; exit code 1, and the reason, if a count is not right.
let arguments = CommandLine.arguments
guard arguments.count >= 3, let scenario = Scenario(rawValue: arguments[1]), let count = Int(arguments[2]),
    count > 0, count % 100 == 0
else {
    print("usage: message-bench \(Scenario.allCases.map(\.rawValue).joined(separator: "|")) COUNT [--spin]")
    print("COUNT is a multiple of 100")
    exit(2)
}
do {
    let bench = try Bench(scenario, count: count, isSpinning: arguments.contains("--spin"))
    defer { bench.close() }
    let nanoseconds = try bench.run()
    print("souk \(scenario.rawValue) count=\(count) nanoseconds=\(nanoseconds)")
} catch {
    print("\(scenario.rawValue): \(error)")
    exit(1)
}
