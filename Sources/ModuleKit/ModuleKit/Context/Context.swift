import Synchronization

/// Everything that an actor may use of the world around it: its links, clock, randomness, spawn, disk,
/// network and log. An actor takes nothing of this from the system, so that the same actor runs in one
/// process, split over several, and in a seeded simulation.
///
/// Belongs to one incarnation of an actor; use it on the actor's loop where nothing else is said.
public final class Context: @unchecked Sendable {
    /// The place in the node that the actor lives in.
    public let cell: ActorCell
    /// The actor's settings, complete with defaults.
    public let settings: Settings
    /// The targets of the actor's links.
    public let links: LinkTable
    /// Number of this incarnation of the actor, from 1.
    public let incarnation: UInt32
    /// The actor's log.
    public let log: Logger
    private let readyLater = UnsafeFlag()

    init(_ cell: ActorCell, settings: Settings, links: LinkTable) {
        self.cell = cell
        self.settings = settings
        self.links = links
        incarnation = cell.incarnation
        log = cell.host.logger(for: cell.identity)
    }

    /// Who the actor is.
    public var actor: ActorIdentity { cell.identity }
    /// Where the actor runs.
    public var loop: Loop { cell.loop }
    /// The node.
    public var host: any ActorHost { cell.host }
    /// Sockets.
    public var network: any Network { cell.host.network }
    /// Files.
    public var disk: any Disk { cell.host.disk }
    /// This node's incarnation: durable and rising.
    public var epoch: UInt64 { cell.host.epoch }
    /// Whether the actor has not failed, been replaced or been stopped since.
    public var isCurrent: Bool {
        cell.incarnation == incarnation && cell.module != nil && cell.state != .restarting
    }

    // MARK: contracts and links

    /// Serves a contract: requests come to `receive`, with the duty to answer them. A handler that
    /// throws fails the actor. `settle` runs after each batch. Call it in `start`.
    @inlinable
    public func serve<C: Contract, A: Module>(
        _ contract: C.Type, by actor: A,
        _ receive:
            @escaping @Sendable (
                isolated A, consuming C.Request, Delivery, consuming Reply<C.Response>
            ) throws -> Void,
        settle: @escaping @Sendable (isolated A) -> Void = { _ in }
    ) {
        guard let mailbox = cell.mailbox(contract) else { return }
        let loop = loop
        mailbox.bind(
            to: actor,
            receive: { [self] actor, envelope in
                let delivery = envelope.delivery
                if delivery.deadline != 0 && delivery.deadline <= loop.now {
                    mailbox.countExpired()
                    envelope.refuse(.expired)
                    return true
                }
                do {
                    try receive(actor, envelope.request, delivery, envelope.reply)
                    return true
                } catch {
                    fail(error, while: C.identity.name)
                    return false
                }
            }, settle: settle)
    }

    /// The link of this name, typed. A link that the topology leaves out has no addresses.
    public func link<C: Contract>(_ name: String, _ contract: C.Type) throws(ModuleError) -> Link<C> {
        var addresses: [Address<C>] = []
        for target in links.targets(name) {
            guard let address = target.address(contract) else {
                throw ModuleError("link '\(name)': \(target.identity.name) does not serve \(C.identity)")
            }
            addresses.append(address)
        }
        guard let answers = cell.answers(contract, link: name) else {
            throw ModuleError("link '\(name)' is used with two contracts")
        }
        let link = Link<C>(
            name, to: addresses, answers: answers, incarnation: incarnation,
            underWay: cell.leftUnderWay(link: name))
        cell.made(link, link: name)
        return link
    }

    // MARK: time and tasks

    /// Nanoseconds on the loop's clock, free to read.
    public var now: UInt64 { loop.now }

    /// Runs the body on the actor, `delay` nanoseconds from now, unless the actor is gone by then.
    @discardableResult
    public func after<A: Module>(
        _ delay: UInt64, on actor: A, _ body: @escaping @Sendable (isolated A) -> Void
    ) -> TimerToken {
        let bare = unsafeBitCast(body, to: ((A) -> Void).self)
        return loop.after(delay) { [self, weak actor] in
            guard isCurrent, let actor else { return }
            bare(actor)
        }
    }

    /// Runs the body on the actor each `interval` nanoseconds, for as long as the actor is there.
    public func every<A: Module>(
        _ interval: UInt64, on actor: A, _ body: @escaping @Sendable (isolated A) -> Void
    ) {
        after(interval, on: actor) { [self] actor in
            body(actor)
            every(interval, on: actor, body)
        }
    }

    /// Answers whether the timer was still to fire.
    @discardableResult
    public func cancel(_ timer: TimerToken) -> Bool { loop.cancel(timer) }

    /// Starts a task on the actor. What it throws fails the actor.
    public func spawn<A: Module>(
        on actor: A, _ body: @escaping @Sendable (isolated A) async throws -> Void
    ) {
        Task(executorPreference: loop) { [self] in
            do {
                try await body(actor)
            } catch {
                await Self.failed(self, on: actor, error)
            }
        }
    }

    private static func failed<A: Module>(_ context: Context, on actor: isolated A, _ error: any Error) {
        context.fail(error, while: "task")
    }

    /// Runs blocking work off the loop, then `then` on the actor with what it answered, unless the
    /// actor is gone by then.
    public func blocking<A: Module, Value: Sendable>(
        for actor: A, _ work: @escaping @Sendable () -> Value,
        then: @escaping @Sendable (isolated A, Value) -> Void
    ) {
        let bare = unsafeBitCast(then, to: (@Sendable (A, Value) -> Void).self)
        let box = ResultBox<Value>()
        host.blocking(on: loop, { box.value = work() }) { [self] in
            guard isCurrent, let value = box.value else { return }
            bare(actor, value)
        }
    }

    /// A thread of its own for blocking work that must stay in order; the same for the same name.
    public func worker(named name: String) -> any Worker { host.worker(named: name) }

    // MARK: randomness

    /// The actor's own random source: the same run's seed gives the same numbers.
    public func makeRandom() -> Random { Random(seed: host.seed(for: actor, incarnation: incarnation)) }

    /// Bytes for keys and secrets.
    public func secureRandomBytes(_ count: Int) -> [UInt8] { host.secureRandomBytes(count) }

    // MARK: life

    /// The actor has failed: it is taken out and, by its supervision, replaced by a fresh one. Never
    /// ends the process; returns, so the caller must return too.
    public func fail(_ error: any Error, while work: String) {
        cell.failed(error, while: work, incarnation: incarnation)
    }

    /// Call it in `start`: the actor is ready only when `becomeReady` is called.
    public func becomeReadyLater() { readyLater.value = true }
    /// The actor is ready now; ignored from an incarnation that is no longer current.
    public func becomeReady() { cell.becomeReady(incarnation) }
    var isReadyLater: Bool { readyLater.value }

    /// Runs the body on the loop when the actor is taken out: restarted, given up or stopped.
    public func atEnd(_ body: @escaping () -> Void) { cell.endHooks.append(body) }

    /// Counts an answer that was an error, for those who watch this actor.
    @inlinable public func countError() { cell.errors.add(1, ordering: .relaxed) }

    /// Tells every actor of the node what the shop gives up now.
    public func publish(_ state: DegradeState) {
        for cell in host.cells { cell.control(.degrade(state)) }
    }

    // MARK: metrics

    /// A counter of this actor, labelled with its name.
    public func counter(_ name: String, _ help: String, _ labels: [MetricLabel] = []) -> Counter {
        host.metrics.counter(name, help, [MetricLabel("actor", actor.name)] + labels)
    }
    /// A gauge of this actor, labelled with its name.
    public func gauge(_ name: String, _ help: String, _ labels: [MetricLabel] = []) -> Gauge {
        host.metrics.gauge(name, help, [MetricLabel("actor", actor.name)] + labels)
    }
    /// A histogram of this actor (nanoseconds), labelled with its name.
    public func histogram(_ name: String, _ help: String, _ labels: [MetricLabel] = []) -> Histogram {
        host.metrics.histogram(name, help, [MetricLabel("actor", actor.name)] + labels)
    }
}

/// A flag that only the actor's loop touches.
final class UnsafeFlag: @unchecked Sendable {
    @exclusivity(unchecked) var value = false
}

/// Carries what blocking work answered; written before `done` is called, read after it.
final class ResultBox<Value: Sendable>: @unchecked Sendable {
    var value: Value?
}
