import BenchContracts
import ModuleKit

/// Sends ones and zeros in turn, and waits whenever the mailbox is full.
actor Producer: Module {
    nonisolated let context: Context
    private let sink: Link<CountContract>
    @exclusivity(unchecked) private var goal = 0
    @exclusivity(unchecked) private var sent = 0
    @exclusivity(unchecked) private var began: UInt64 = 0
    @exclusivity(unchecked) private var done: ReplyBox<OperationResponse>?

    init(_ context: Context) throws(ModuleError) {
        self.context = context
        sink = try context.link("sink", CountContract.self)
    }
    func start() {}

    private func send() {
        while sent < goal {
            guard sink.hasRoom() else { return waitForRoom() }
            sink.tell(sent & 1)
            sent &+= 1
        }
        let time = context.loop.preciseNow &- began
        done?(Measured(count: sent, nanoseconds: time, sum: sent / 2).response)
    }

    private func waitForRoom() {
        sink.whenRoom(on: context.loop) { [self] in assumeIsolated { $0.send() } }
    }

    func operate(_ request: OperationRequest, reply: consuming Reply<OperationResponse>) {
        (goal, sent) = (request.number("count"), 0)
        done = ReplyBox(reply)
        began = context.loop.preciseNow
        // The answer comes when all is sent, which may be in this call.
        context.after(0, on: self) { $0.send() }
    }
}
