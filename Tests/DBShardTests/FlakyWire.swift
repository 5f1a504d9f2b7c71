import ModuleKit
import RuntimeTesting

@testable import DBShard

/// Stands between a shard and the others: loses questions and answers, delays them, and lets one
/// overtake another, as links between nodes may when they break.
actor FlakyWire: Module {
    nonisolated let context: Context
    private let target: Link<HoldsContract>
    private var random: Random
    private var waiting: [ReplyBox<HoldsResponse>?] = []
    private var asker: Asker<HoldsContract, FlakyWire>?
    private let faults: WireFaults

    init(_ context: Context, _ faults: WireFaults) throws {
        self.context = context
        self.faults = faults
        target = try context.link("target", HoldsContract.self)
        random = context.makeRandom()
    }

    func start() throws {
        asker = Asker(target, of: self)
        context.serve(HoldsContract.self, by: self) { wire, request, delivery, reply in
            wire.pass(request, delivery, ReplyBox(reply))
        }
    }

    private func pass(_ request: HoldsRequest, _ delivery: Delivery, _ reply: ReplyBox<HoldsResponse>) {
        if random.chance(faults.loss) {
            // The sender hears of it late, or thinks so too early.
            context.after(random.next() % 40_000_000, on: self) { _ in reply.fail(.timedOut) }
            return
        }
        let isAnswerLost = random.chance(faults.loss)
        if isAnswerLost { context.after(random.next() % 40_000_000, on: self) { _ in reply.fail(.timedOut) } }
        later { wire in
            wire.asker?.ask(request, Delivery(criticality: .critical), timeout: 5_000_000_000) {
                wire, result in
                guard !isAnswerLost else { return }
                wire.later { _ in
                    switch result {
                    case .success(let response): reply(response)
                    case .failure(let failure): reply.fail(failure)
                    }
                }
            }
        }
    }

    private func later(_ body: @escaping @Sendable (isolated FlakyWire) -> Void) {
        let delay = random.chance(faults.delay) ? random.next() % faults.longest : random.next() % 300_000
        context.after(delay, on: self, body)
    }
}

/// What a wire does to messages.
struct WireFaults: Sendable {
    /// Of questions, and of answers.
    var loss = 0.0
    /// Of messages that are delayed by up to `longest` nanoseconds.
    var delay = 0.0
    var longest: UInt64 = 100_000_000
}
