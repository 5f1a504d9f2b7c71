import HTTPServer
import ModuleKit

/// The actor of `http-gate`. It only holds what does the work: sockets, requests and answers are the
/// business of `GateCore`, which belongs to the same loop.
actor HTTPGate: Module {
    nonisolated let context: Context
    nonisolated let core: GateCore

    init(_ context: Context) throws {
        self.context = context
        core = try GateCore(context)
    }

    func start() throws {
        let core = core
        for link in core.links { link.onAnswer(of: self) { _, tag, result in core.heard(tag, result) } }
        core.eventLink?.onAnswer(of: self) { _, _, _ in }
        try core.listen()
        context.every(1_000_000_000, on: self) { $0.core.showGauges() }
        if core.accessLog != nil {
            context.every(AccessLog.interval, on: self) { $0.writeLog() }
        }
    }

    func drain(_ done: @escaping @Sendable () -> Void) {
        core.server.drain { self.assumeIsolated { $0.finishLog(done) } }
    }

    func stop() {
        core.server.close()
    }

    /// Hands what the access log has gathered to a thread that may block.
    private func writeLog() {
        guard let log = core.accessLog, let batch = log.takeBatch() else { return }
        let sink = log.sink
        context.blocking(for: self, { sink.append(batch) }) { gate, isWritten in
            gate.core.accessLog?.batchEnded(isWritten: isWritten)
        }
    }

    /// What was logged last is to be written as well before the gate is done.
    private func finishLog(_ done: @escaping @Sendable () -> Void) {
        writeLog()
        guard core.accessLog?.isWriting == true else { return done() }
        context.after(10_000_000, on: self) { $0.finishLog(done) }
    }
}
