import BenchContracts
import ModuleKit

/// Keeps a number of questions under way until enough were answered.
actor PingAsker: Module {
    nonisolated let context: Context
    private let peer: Link<PingContract>
    @exclusivity(unchecked) private var goal = 0
    @exclusivity(unchecked) private var asked = 0
    @exclusivity(unchecked) private var heard = 0
    @exclusivity(unchecked) private var sum = 0
    @exclusivity(unchecked) private var began: UInt64 = 0
    @exclusivity(unchecked) private var done: ReplyBox<OperationResponse>?

    init(_ context: Context) throws(ModuleError) {
        self.context = context
        peer = try context.link("peer", PingContract.self)
    }

    func start() {
        peer.onAnswer(of: self) { actor, tag, result in
            try actor.take(tag, result)
        }
    }

    private func take(_ tag: UInt32, _ result: Result<Int, AskFailure>) throws {
        let value = try result.get()
        guard UInt32(truncatingIfNeeded: value) == tag &+ 1 else {
            throw ModuleError("the answer to \(tag) was \(value)")
        }
        heard &+= 1
        sum &+= value
        if asked < goal {
            ask()
        } else if heard == goal {
            let time = context.loop.preciseNow &- began
            done?(Measured(count: heard, nanoseconds: time, sum: sum).response)
        }
    }

    private func ask() {
        if peer.ask(asked, tag: UInt32(truncatingIfNeeded: asked)) { asked &+= 1 }
    }

    func operate(_ request: OperationRequest, reply: consuming Reply<OperationResponse>) {
        (goal, asked, heard, sum) = (request.number("count"), 0, 0, 0)
        done = ReplyBox(reply)
        began = context.loop.preciseNow
        for _ in 0..<request.number("under_way") { ask() }
    }
}
