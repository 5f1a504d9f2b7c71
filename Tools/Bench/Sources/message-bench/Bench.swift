import Glibc
import ModuleKit
import Runtime
import Synchronization

/// One run: a node with the scenario's actors, asked through their operations, its counts checked.
final class Bench {
    private let scenario: Scenario
    private let count: Int
    private let node: Node
    private let ear: Ear

    init(_ scenario: Scenario, count: Int, isSpinning: Bool) throws {
        self.scenario = scenario
        self.count = count
        let folder = CommandLine.arguments[0].split(separator: "/", omittingEmptySubsequences: false)
            .dropLast().joined(separator: "/")
        var modules: [ModuleDeclaration] = []
        for report in PluginLoader.load(from: [folder], only: ["BenchAsking", "BenchAnswering"]) {
            modules += try report.result.get().modules
        }
        let environment = try SystemEnvironment(
            loops: scenario.loops, seed: 1, spinNanoseconds: isSpinning ? 50_000 : 0)
        let logs = LogOutput(sink: SilentSink(), level: .critical)
        node = Node(
            NodePlan(name: "bench", actors: try scenario.actors(modules)), in: environment, logs: logs)
        ear = Ear(environment.home)
        let started = Waiter<Result<Void, NodeError>>()
        try node.start { started.set($0) }
        try started.wait().get()
    }

    /// Nanoseconds from the first message to the last. Throws if a count is not right.
    func run() throws -> UInt64 {
        let measured: JSON
        switch scenario {
        case .pingPong, .pingPong64, .twoLoops, .twoLoops64:
            measured = operate("asker", count: count, underWay: scenario.underWay).wait()
            // The answer to n is n + 1.
            try expect(measured["sum"], count * (count + 1) / 2, "sum of the answers")
            try check("answerer", processed: count)
        case .oneWay, .fourProducers, .fourProducersTwoLoops:
            let counted = operate("counter", count: count)
            let share = count / scenario.producers
            let sent = (0..<scenario.producers).map { operate("producer-\($0)", count: share) }
            for producer in sent { try expect(producer.wait()["count"], share, "messages sent") }
            measured = counted.wait()
            try expect(measured["sum"], count / 2, "sum of the messages")
            try check("counter", processed: count)
        case .ring:
            measured = operate("place-0", count: count).wait()
            for place in 0..<100 { try check("place-\(place)", processed: count / 100) }
        }
        try expect(measured["count"], count, "messages")
        guard let nanoseconds = measured["nanoseconds"]?.integerValue, nanoseconds > 0 else {
            throw BenchError("no time was measured")
        }
        return UInt64(nanoseconds)
    }

    /// Ends the node's threads; before the process ends.
    func close() { node.close() }

    private func operate(_ actor: String, count: Int, underWay: Int = 0) -> Waiter<JSON> {
        let request = OperationRequest(
            method: "PUT", path: "/v1/bench",
            query: [("count", String(count)), ("under_way", String(underWay))])
        let waiter = Waiter<JSON>()
        guard let cell = node.cell(actor) else {
            waiter.set(.null)
            return waiter
        }
        let ear = ear
        node.environment.home.execute {
            cell.operate(request, reply: ReplyBox(ear.token { waiter.set($0) }))
        }
        return waiter
    }

    private func expect(_ value: JSON?, _ wanted: Int, _ what: String) throws {
        guard value?.integerValue == wanted else {
            throw BenchError("\(what): \(value?.text ?? "none") instead of \(wanted)")
        }
    }

    /// Nothing was lost, refused or counted twice.
    private func check(_ actor: String, processed: Int) throws {
        guard let counters = node.cell(actor)?.counters() else { throw BenchError("no actor \(actor)") }
        let lost = counters.dropped + counters.refused + counters.expired + counters.unavailable
        guard counters.enqueued == processed, counters.processed == processed, lost == 0 else {
            throw BenchError("\(actor): \(counters)")
        }
    }
}

/// The end that answers of operations come to: on the node's home loop.
private actor Ear {
    nonisolated let loop: Loop
    nonisolated var unownedExecutor: UnownedSerialExecutor { loop.asUnownedSerialExecutor() }

    init(_ loop: Loop) {
        self.loop = loop
    }

    nonisolated func token(_ then: @escaping @Sendable (JSON) -> Void) -> Reply<OperationResponse> {
        let port = Mailbox<Answer<OperationResponse>>(on: loop, options: MailboxOptions(capacity: 2))
        port.bind(
            to: self,
            receive: { _, answer in
                let response = try? answer.value.get()
                then(response.flatMap { try? JSON(parsing: $0.body) } ?? .null)
                return true
            }, settle: { _ in })
        loop.adopt(port)
        return Reply(to: port, tag: 0)
    }
}

/// A value that the main thread waits for.
final class Waiter<Value: Sendable>: Sendable {
    private let value = Mutex<Value?>(nil)
    nonisolated(unsafe) private let gate = UnsafeMutablePointer<sem_t>.allocate(capacity: 1)

    init() {
        sem_init(gate, 0, 0)
    }
    deinit {
        sem_destroy(gate)
        gate.deallocate()
    }
    func set(_ new: Value) {
        value.withLock { $0 = new }
        sem_post(gate)
    }
    func wait() -> Value {
        while true {
            if let value = value.withLock({ $0 }) { return value }
            sem_wait(gate)
        }
    }
}

private final class SilentSink: LogSink {
    func write(_ level: LogLevel, _ label: String, _ message: String, _ fields: [LogField]) {}
}
