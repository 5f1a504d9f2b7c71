import BenchContracts
import ModuleKit

/// Answers each number with the next.
actor PingAnswerer: Module {
    nonisolated let context: Context

    init(_ context: Context) {
        self.context = context
    }
    func start() {
        context.serve(PingContract.self, by: self) { _, number, _, reply in
            reply(number &+ 1)
        }
    }
}

/// Adds what it is told, and answers its operation when enough has come.
actor CountSink: Module {
    nonisolated let context: Context
    @exclusivity(unchecked) private var goal = 0
    @exclusivity(unchecked) private var count = 0
    @exclusivity(unchecked) private var sum = 0
    @exclusivity(unchecked) private var began: UInt64 = 0
    @exclusivity(unchecked) private var done: ReplyBox<OperationResponse>?

    init(_ context: Context) {
        self.context = context
    }
    func start() {
        context.serve(CountContract.self, by: self) { actor, number, _, _ in
            actor.add(number)
        }
    }

    private func add(_ number: Int) {
        if count == 0 { began = context.loop.preciseNow }
        count &+= 1
        sum &+= number
        guard count == goal else { return }
        let time = context.loop.preciseNow &- began
        done?(Measured(count: count, nanoseconds: time, sum: sum).response)
    }

    func operate(_ request: OperationRequest, reply: consuming Reply<OperationResponse>) {
        (goal, count, sum) = (request.number("count"), 0, 0)
        done = ReplyBox(reply)
    }
}

/// A place in a ring that hands the token on.
actor RingPlace: Module {
    nonisolated let context: Context
    private let next: Link<RingContract>

    init(_ context: Context) throws(ModuleError) {
        self.context = context
        next = try context.link("next", RingContract.self)
    }
    func start() {
        context.serve(RingContract.self, by: self) { actor, left, _, _ in
            actor.next.tell(left &- 1)
        }
    }
}
