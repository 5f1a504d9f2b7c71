import Synchronization

/// The states of an actor's life.
public enum ActorState: UInt8, Sendable, CaseIterable {
    case created, starting, ready, restarting, failed, draining, stopped

    /// As shown to operators.
    public var name: String { "\(self)" }
}

/// The place in a node that an actor lives in: it keeps the mailboxes while the actor in it is
/// replaced by a fresh one. Made by the runtime; modules see it through their `Context`.
public final class ActorCell: @unchecked Sendable {
    /// Who lives here.
    public let identity: ActorIdentity
    /// Where it runs, for as long as the node.
    public let loop: Loop
    /// The bounds of its mailboxes.
    public let mailboxOptions: MailboxOptions
    /// Its module.
    public let declaration: ModuleDeclaration
    /// The node; it outlives its cells.
    public unowned(unsafe) let host: any ActorHost
    private let stateStorage = Atomic<UInt8>(0)
    /// One mailbox for each contract served.
    private let ports = Mutex<[(contract: ContractIdentity, mailbox: Runnable)]>([])
    /// One mailbox of answers for each link.
    private let answerPorts = Mutex<[AnswerPort]>([])
    private struct AnswerPort {
        let link: String
        let mailbox: Runnable
        /// The link that the present or last incarnation made.
        var latest: (any QuestionCounting)?
    }
    /// Times that a fresh actor was put in.
    public let restarts = Atomic<Int>(0)
    /// Errors thrown while handling messages.
    public let failures = Atomic<Int>(0)
    /// Answers that the module itself counted as errors.
    public let errors = Atomic<Int>(0)
    /// Number of the present incarnation. On the loop.
    @exclusivity(unchecked) public internal(set) var incarnation: UInt32 = 0
    /// What is to be done when the present actor is taken out. On the loop.
    @exclusivity(unchecked) var endHooks: [() -> Void] = []
    /// What the shop gives up now, for actors that come later than the news. On the loop.
    @exclusivity(unchecked) private var degrade: DegradeState?
    /// The actor in it. On the loop.
    @exclusivity(unchecked) public internal(set) var module: (any Module)?

    public init(
        _ identity: ActorIdentity, of declaration: ModuleDeclaration, on loop: Loop,
        mailbox options: MailboxOptions, host: any ActorHost
    ) {
        self.identity = identity
        self.declaration = declaration
        self.loop = loop
        mailboxOptions = options
        self.host = host
    }

    /// From any thread.
    public var state: ActorState {
        get { ActorState(rawValue: stateStorage.load(ordering: .acquiring)) ?? .created }
        set { stateStorage.store(newValue.rawValue, ordering: .releasing) }
    }

    /// Times that a fresh actor was put in. From any thread.
    public var restartCount: Int { restarts.load(ordering: .relaxed) }
    /// Errors thrown while handling messages. From any thread.
    public var failureCount: Int { failures.load(ordering: .relaxed) }
    /// Answers that the module itself counted as errors. From any thread.
    public var errorCount: Int { errors.load(ordering: .relaxed) }

    // MARK: mailboxes

    /// The mailbox for a contract; made when it is first asked for. From any thread before the loop
    /// runs, else on the loop.
    @usableFromInline func mailbox<C: Contract>(_ contract: C.Type) -> ContractMailbox<C>? {
        ports.withLock { ports -> Runnable in
            if let port = ports.first(where: { $0.contract == C.identity }) { return port.mailbox }
            let fresh = ContractMailbox<C>(on: loop, options: mailboxOptions)
            fresh.setLabel("actor \(identity.name), message of contract \(C.identity)")
            let (letters, actor, loop) = (host.deadLetters, identity.name, loop)
            fresh.onUndelivered = { reason in
                letters.record(
                    DeadLetters.Entry(
                        time: loop.wallNow, actor: actor, contract: C.identity.name, reason: reason))
            }
            ports.append((C.identity, fresh))
            // Asked for by somebody who comes late: nobody will bind it any more.
            if state == .ready { loop.execute { [self] in shutIfUnserved(fresh) } }
            return fresh
        } as? ContractMailbox<C>
    }

    /// A contract that the actor, now ready, does not serve: questions are refused, not kept for ever.
    private func shutIfUnserved(_ mailbox: Runnable) {
        if state == .ready && !mailbox.hasReceiver { mailbox.shut(.unavailable) }
    }

    /// The mailbox for the answers that come back on a link. On the loop.
    func answers<C: Contract>(_ contract: C.Type, link: String) -> Mailbox<Answer<C.Response>>? {
        answerPorts.withLock { ports -> Runnable in
            if let port = ports.first(where: { $0.link == link }) { return port.mailbox }
            // Answers have reserved slots, so this bound is the bound of questions under way.
            let capacity = max(mailboxOptions.capacity, 4096)
            let fresh = Mailbox<Answer<C.Response>>(on: loop, options: MailboxOptions(capacity: capacity))
            fresh.setLabel("actor \(identity.name), answer on link \(link)")
            ports.append(AnswerPort(link: link, mailbox: fresh))
            return fresh
        } as? Mailbox<Answer<C.Response>>
    }

    /// Questions of earlier incarnations whose answers have not come: they keep their slots. On the loop.
    func leftUnderWay(link: String) -> Int {
        answerPorts.withLock { ports in
            guard let latest = ports.first(where: { $0.link == link })?.latest,
                latest.askedBy != incarnation
            else { return 0 }
            return latest.questionsUnderWay
        }
    }
    /// The present incarnation has made a link. On the loop.
    func made(_ latest: any QuestionCounting, link: String) {
        answerPorts.withLock { ports in
            guard let index = ports.firstIndex(where: { $0.link == link }) else { return }
            // The first of an incarnation took over what was left.
            if ports[index].latest?.askedBy != latest.askedBy { ports[index].latest = latest }
        }
    }

    /// What one who is linked to this actor sends to. From any thread.
    public func address<C: Contract>(_ contract: C.Type) -> Address<C>? {
        mailbox(contract).map { Address($0, of: identity) }
    }

    private var allMailboxes: [Runnable] {
        ports.withLock { $0.map(\.mailbox) } + answerPorts.withLock { $0.map(\.mailbox) }
    }

    /// Counters of each contract's mailbox, in the order in which they were made. From any thread.
    public func countersByContract() -> [(contract: ContractIdentity, counters: MailboxCounters)] {
        ports.withLock { $0 }.map { ($0.contract, $0.mailbox.counters()) }
    }
    /// Counters of all contracts' mailboxes together. From any thread.
    public func counters() -> MailboxCounters {
        countersByContract().reduce(into: MailboxCounters()) { $0 += $1.counters }
    }

    // MARK: life (on the loop; called by the runtime)

    /// Makes a fresh actor and starts it. Throws what its module throws.
    public func start(settings: Settings, links: LinkTable) throws {
        incarnation &+= 1
        state = .starting
        let context = Context(self, settings: settings, links: links)
        do {
            let fresh = try declaration.make(context)
            module = fresh
            try Self.start(fresh)
            if let degrade { Self.deliver(.degrade(degrade), to: fresh) }
        } catch {
            // One that has started only half must not be handed messages.
            takeOut()
            throw error
        }
        if !context.isReadyLater { becomeReady(incarnation) }
    }

    func becomeReady(_ incarnation: UInt32) {
        guard incarnation == self.incarnation, state == .starting else { return }
        state = .ready
        for port in ports.withLock({ $0 }) { shutIfUnserved(port.mailbox) }
        host.actorBecameReady(self)
    }

    /// Takes the actor out; what waits in the mailboxes is kept for the next one, but answers to the
    /// old one are let go as they come.
    public func takeOut() {
        let old = module
        module = nil
        for body in endHooks { body() }
        endHooks.removeAll()
        for mailbox in allMailboxes { mailbox.unbind() }
        if let old { Self.stop(old) }
    }

    /// Refuses what waits and what comes.
    public func shut(_ reason: AskFailure) {
        for port in ports.withLock({ $0 }) { port.mailbox.shut(reason) }
    }

    /// Empties all mailboxes; after the loop has stopped.
    public func discardContents() {
        loop.withCurrent {
            takeOut()
            for mailbox in allMailboxes { mailbox.discardAll() }
        }
    }

    /// An error came out of a handler: the supervisor decides what becomes of the actor. On the loop.
    func failed(_ error: any Error, while work: String, incarnation: UInt32) {
        guard incarnation == self.incarnation, state == .ready || state == .starting || state == .draining
        else { return }
        failures.add(1, ordering: .relaxed)
        state = .restarting
        // The actor may be on the stack: it is taken out after its turn.
        for mailbox in allMailboxes { mailbox.unbind() }
        loop.execute { [self] in
            if incarnation == self.incarnation && module != nil { takeOut() }
        }
        host.actorFailed(self, error, while: work)
    }

    /// Asks the actor to finish what is under way; `done` is called from the loop. What waits for one
    /// that is not there is refused. From any thread.
    public func drain(_ done: @escaping @Sendable () -> Void) {
        loop.execute { [self] in
            guard let module else {
                shut(.unavailable)
                return done()
            }
            state = .draining
            Self.drain(module, done)
        }
    }

    /// Delivers on the control lane: before all messages, never dropped. An actor that is started later
    /// hears of the latest degrade state. From any thread.
    public func control(_ message: ControlMessage) {
        loop.execute { [self] in
            if case .degrade(let state) = message { degrade = state }
            guard let module else { return }
            Self.deliver(message, to: module)
        }
    }

    /// Asks the actor for one of its operations. From any thread; the reply comes where the token says.
    public func operate(_ request: OperationRequest, reply: ReplyBox<OperationResponse>) {
        loop.execute { [self] in
            guard let module else { return reply.fail(.unavailable) }
            Self.operate(request, module, reply)
        }
    }

    private static func start<M: Module>(_ module: M) throws {
        try module.assumeIsolated { try $0.start() }
    }
    private static func stop<M: Module>(_ module: M) {
        module.assumeIsolated { $0.stop() }
    }
    private static func drain<M: Module>(_ module: M, _ done: @escaping @Sendable () -> Void) {
        module.assumeIsolated { $0.drain(done) }
    }
    private static func deliver<M: Module>(_ message: ControlMessage, to module: M) {
        module.assumeIsolated { $0.receive(control: message) }
    }
    private static func operate<M: Module>(
        _ request: OperationRequest, _ module: M, _ reply: ReplyBox<OperationResponse>
    ) {
        module.assumeIsolated { $0.operate(request, reply: reply.take()) }
    }
}
