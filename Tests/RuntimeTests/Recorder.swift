import ModuleKit
import RuntimeTesting
import Synchronization
import Testing
import Topology

@testable import Runtime

/// What happened, in order.
final class Journal: Sendable {
    private let storage = Mutex<[String]>([])
    func add(_ line: String) { storage.withLock { $0.append(line) } }
    var lines: [String] { storage.withLock { $0 } }
    func clear() { storage.withLock { $0 = [] } }
}

/// Writes down its life; what it does with questions is the test's.
actor Recorder: Module {
    typealias Handler = @Sendable (isolated Recorder, Int, ReplyBox<Int>) throws -> Void
    struct Script: Sendable {
        var onStart: @Sendable (isolated Recorder) throws -> Void = { _ in }
        var onAsk: Handler = { _, request, reply in reply(request * 2) }
        /// Nil to say at once that nothing is under way.
        var onDrain: (@Sendable (isolated Recorder, @escaping @Sendable () -> Void) -> Void)?
        var onOperate: @Sendable (isolated Recorder, OperationRequest, ReplyBox<OperationResponse>) -> Void =
            {
                _, _, reply in reply(OperationResponse(json: .boolean(true)))
            }
    }
    nonisolated let context: Context
    let journal: Journal
    let script: Script
    let link: Link<CountContract>
    var asker: Asker<CountContract, Recorder>?
    var kept: [ReplyBox<Int>] = []
    var keptOperations: [ReplyBox<OperationResponse>] = []

    init(_ context: Context, _ journal: Journal, _ script: Script) throws {
        self.context = context
        self.journal = journal
        self.script = script
        link = try context.link("to", CountContract.self)
    }
    func start() throws {
        journal.add("\(context.actor) starts \(context.incarnation)")
        context.serve(CountContract.self, by: self) { actor, request, _, reply in
            try actor.script.onAsk(actor, request, ReplyBox(reply))
        }
        try script.onStart(self)
    }
    func receive(control message: ControlMessage) {
        switch message {
        case .down(let other): journal.add("\(context.actor): \(other) is down")
        case .up(let other): journal.add("\(context.actor): \(other) is up")
        case .failed(let other): journal.add("\(context.actor): \(other) has failed")
        case .degrade(let state): journal.add("\(context.actor): level \(state.level)")
        }
    }
    func operate(_ request: OperationRequest, reply: consuming Reply<OperationResponse>) {
        script.onOperate(self, request, ReplyBox(reply))
    }
    func drain(_ done: @escaping @Sendable () -> Void) {
        journal.add("\(context.actor) drains")
        if let drain = script.onDrain { drain(self, done) } else { done() }
    }
    /// Calls back when no question is kept any more.
    func waitForKept(_ done: @escaping @Sendable () -> Void) {
        if kept.isEmpty { return done() }
        context.after(1_000_000, on: self) { $0.waitForKept(done) }
    }
    func setTimersWithoutDelay(_ left: Int) {
        if left > 0 { context.after(0, on: self) { $0.setTimersWithoutDelay(left - 1) } }
    }
    func stop() { journal.add("\(context.actor) stops") }

    static func plan(
        _ name: String, _ journal: Journal, to links: [String] = [], loop: Int? = nil,
        mailbox: MailboxOptions = MailboxOptions(),
        supervision: Supervision = Supervision(backoff: 1_000_000), group: String? = nil,
        operations: [OperationDeclaration] = [], _ script: Script = Script()
    ) -> ActorPlan {
        let declaration = ModuleDeclaration(
            "recorder", "Writes down its life.", serves: .contracts([CountContract.identity]),
            links: [
                LinkDeclaration("to", CountContract.identity, .many(0...8), isRequired: false, "Others.")
            ],
            operations: operations
        ) { try Recorder($0, journal, script) }
        return ActorPlan(
            name, of: declaration, links: ["to": links], loop: loop, mailbox: mailbox,
            supervision: supervision,
            group: group)
    }
}
