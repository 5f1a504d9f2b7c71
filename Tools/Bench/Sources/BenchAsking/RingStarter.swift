import BenchContracts
import ModuleKit

/// A place in a ring that hands the token on; the first of them also begins and ends.
actor RingStarter: Module {
    nonisolated let context: Context
    private let next: Link<RingContract>
    @exclusivity(unchecked) private var goal = 0
    @exclusivity(unchecked) private var began: UInt64 = 0
    @exclusivity(unchecked) private var done: ReplyBox<OperationResponse>?

    init(_ context: Context) throws(ModuleError) {
        self.context = context
        next = try context.link("next", RingContract.self)
    }

    func start() {
        context.serve(RingContract.self, by: self) { actor, left, _, _ in
            actor.handOn(left)
        }
    }

    private func handOn(_ left: Int) {
        if left > 0 {
            next.tell(left &- 1)
        } else {
            let time = context.loop.preciseNow &- began
            done?(Measured(count: goal, nanoseconds: time, sum: goal).response)
        }
    }

    func operate(_ request: OperationRequest, reply: consuming Reply<OperationResponse>) {
        goal = request.number("count")
        done = ReplyBox(reply)
        began = context.loop.preciseNow
        handOn(goal)
    }
}
