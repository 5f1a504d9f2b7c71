import Glibc
import ModuleKit

/// The metrics of a node in Prometheus' text format, version 0.0.4.
struct PrometheusText {
    private(set) var bytes: [UInt8] = []
    /// Names whose type has been said.
    private var names = Set<String>()

    static let contentType = "text/plain; version=0.0.4; charset=utf-8"

    private mutating func header(_ name: String, _ help: String, _ type: String) {
        names.insert(name)
        let escaped = Self.escaped(help, quotes: false)
        bytes.append(contentsOf: "# HELP \(name) \(escaped)\n# TYPE \(name) \(type)\n".utf8)
    }

    private mutating func line(_ name: String, _ labels: [MetricLabel], _ value: String) {
        bytes.append(contentsOf: name.utf8)
        if !labels.isEmpty {
            let pairs = labels.map { "\($0.name)=\"\(Self.escaped($0.value))\"" }
            bytes.append(contentsOf: "{\(pairs.joined(separator: ","))}".utf8)
        }
        bytes.append(contentsOf: " \(value)\n".utf8)
    }

    /// By scalars: as a Character, a line feed after a carriage return is another one.
    private static func escaped(_ value: String, quotes: Bool = true) -> String {
        var result = ""
        for scalar in value.unicodeScalars {
            switch scalar {
            case "\\": result += "\\\\"
            case "\"" where quotes: result += "\\\""
            case "\n": result += "\\n"
            default: result.unicodeScalars.append(scalar)
            }
        }
        return result
    }

    private static func seconds(_ nanoseconds: UInt64) -> String { "\(Double(nanoseconds) / 1e9)" }
    private static func number(_ value: Double) -> String {
        if value.isNaN { return "NaN" }
        if value.isInfinite { return value < 0 ? "-Inf" : "+Inf" }
        return Int(exactly: value).map(String.init) ?? "\(value)"
    }

    // MARK: what modules registered

    mutating func add(_ series: [MetricRegistry.Series]) {
        // A name has one type: that of whoever came first, the runtime before all modules.
        for first in series where !names.contains(first.name) {
            header(first.name, first.help, first.metric.type)
            for one in series where one.name == first.name && one.metric.type == first.metric.type {
                add(one)
            }
        }
    }

    private mutating func add(_ series: MetricRegistry.Series) {
        switch series.metric {
        case .counter(let counter): line(series.name, series.labels, "\(counter.value)")
        case .gauge(let gauge): line(series.name, series.labels, Self.number(gauge.value))
        case .histogram(let histogram):
            let counts = histogram.counts
            var sum = 0
            for (bucket, count) in counts.enumerated() {
                sum += count
                // One bound for each doubling: enough for Prometheus, a quarter of the lines.
                guard bucket % 4 == 0 else { continue }
                let bound = Histogram.bound(of: bucket)
                if bound == .max { break }
                line(
                    "\(series.name)_bucket", series.labels + [MetricLabel("le", Self.seconds(bound))],
                    "\(sum)")
            }
            let total = counts.reduce(0, +)
            line("\(series.name)_bucket", series.labels + [MetricLabel("le", "+Inf")], "\(total)")
            line("\(series.name)_sum", series.labels, Self.seconds(histogram.sum))
            line("\(series.name)_count", series.labels, "\(total)")
        }
    }

    // MARK: what the runtime counts

    mutating func add(_ node: any ControlledNode) {
        addActors(node.cells)
        addMailboxes(node.cells)
        addWaits(node.cells)
        header("souk_loop_turns_total", "Turns given by an event loop.", "counter")
        for loop in node.actorLoops {
            line("souk_loop_turns_total", [MetricLabel("loop", "\(loop.index)")], "\(loop.turns)")
        }
        header("souk_dead_letters_total", "Messages recorded as undeliverable.", "counter")
        line("souk_dead_letters_total", [], "\(node.deadLetters.total)")
        header("souk_ready", "1 when every actor of the node is ready.", "gauge")
        line("souk_ready", [MetricLabel("node", node.nodeName)], node.isReady ? "1" : "0")
        addProcess()
    }

    private mutating func addActors(_ cells: [ActorCell]) {
        header("souk_actor_state", "1 for the state that an actor is in.", "gauge")
        for cell in cells {
            for state in ActorState.allCases {
                let labels = [MetricLabel("actor", cell.identity.name), MetricLabel("state", state.name)]
                line("souk_actor_state", labels, cell.state == state ? "1" : "0")
            }
        }
        let counters: [(String, String, (ActorCell) -> Int)] = [
            ("souk_actor_restarts_total", "Times that an actor was replaced.", { $0.restartCount }),
            ("souk_actor_failures_total", "Errors thrown by an actor.", { $0.failureCount }),
            ("souk_actor_errors_total", "Answers that the module counted as errors.", { $0.errorCount }),
        ]
        for (name, help, value) in counters {
            header(name, help, "counter")
            for cell in cells { line(name, [MetricLabel("actor", cell.identity.name)], "\(value(cell))") }
        }
    }

    private mutating func addMailboxes(_ cells: [ActorCell]) {
        let all = cells.flatMap { cell in
            cell.countersByContract().map { (cell.identity.name, $0.contract.name, $0.counters) }
        }
        let metrics: [(String, String, String, (MailboxCounters) -> [(String?, Int)])] = [
            ("souk_mailbox_depth", "Messages waiting.", "gauge", { [(nil, $0.depth)] }),
            (
                "souk_mailbox_capacity", "Messages that a lane holds at most.", "gauge",
                { [(nil, $0.capacity)] }
            ),
            (
                "souk_mailbox_high_water", "The most that ever waited in a lane.", "gauge",
                { [(nil, $0.highWater)] }
            ),
            ("souk_mailbox_enqueued_total", "Messages taken in.", "counter", { [(nil, $0.enqueued)] }),
            (
                "souk_mailbox_processed_total", "Messages handed to the actor.", "counter",
                { [(nil, $0.processed)] }
            ),
            (
                "souk_mailbox_dropped_total", "Messages not delivered, by reason.", "counter",
                {
                    [
                        ("policy", $0.dropped), ("full", $0.refused), ("expired", $0.expired),
                        ("unavailable", $0.unavailable),
                    ]
                }
            ),
        ]
        for (name, help, type, values) in metrics {
            header(name, help, type)
            for (actor, contract, counters) in all {
                for (reason, value) in values(counters) {
                    let labels = [MetricLabel("actor", actor), MetricLabel("contract", contract)]
                    line(name, labels + (reason.map { [MetricLabel("reason", $0)] } ?? []), "\(value)")
                }
            }
        }
    }

    private mutating func addWaits(_ cells: [ActorCell]) {
        let name = "souk_mailbox_waiting_seconds"
        header(name, "Time that messages waited, of one message in 64.", "histogram")
        for cell in cells {
            let waits = cell.counters().waits
            let labels = [MetricLabel("actor", cell.identity.name)]
            var sum = 0
            var total = 0.0
            for (bucket, count) in waits.enumerated() {
                sum += count
                total += Double(count) * 0.75 * Double(UInt64(1) << UInt64(bucket)) / 1e9
                // From 1 µs to 17 s.
                guard (10...34).contains(bucket) else { continue }
                let bound = Self.seconds(1 << UInt64(bucket))
                line("\(name)_bucket", labels + [MetricLabel("le", bound)], "\(sum)")
            }
            line("\(name)_bucket", labels + [MetricLabel("le", "+Inf")], "\(sum)")
            line("\(name)_sum", labels, "\(total)")
            line("\(name)_count", labels, "\(sum)")
        }
    }

    private mutating func addProcess() {
        var usage = rusage()
        getrusage(__rusage_who_t(RUSAGE_SELF.rawValue), &usage)
        func seconds(_ time: timeval) -> Double { Double(time.tv_sec) + Double(time.tv_usec) / 1e6 }
        header("process_cpu_seconds_total", "User and system time.", "counter")
        line("process_cpu_seconds_total", [], "\(seconds(usage.ru_utime) + seconds(usage.ru_stime))")
        header("process_max_resident_memory_bytes", "The most memory that was resident.", "gauge")
        line("process_max_resident_memory_bytes", [], "\(usage.ru_maxrss * 1024)")
    }
}
