import ModuleKit

/// What `/v1/actors` shows, and the samples behind its rates.
struct ActorView {
    private struct Sample {
        var time: UInt64
        var processed: [Int]
    }
    private var last: Sample?
    /// Messages a second, by actor.
    private(set) var rates: [Double] = []

    /// Called once a second on the control port's loop.
    mutating func sample(_ cells: [ActorCell], at now: UInt64) {
        let processed = cells.map { $0.counters().processed }
        if let last, last.processed.count == processed.count, now > last.time {
            let seconds = Double(now - last.time) / 1e9
            rates = zip(processed, last.processed).map { Double($0 - $1) / seconds }
        }
        last = Sample(time: now, processed: processed)
    }

    func describe(_ cells: [ActorCell]) -> JSON {
        .array(cells.indices.map { describe(cells[$0], rate: $0 < rates.count ? rates[$0] : 0) })
    }

    private func describe(_ cell: ActorCell, rate: Double) -> JSON {
        let counters = cell.counters()
        let mailboxes = cell.countersByContract().map { contract, counters in
            JSON.object([
                ("contract", .string(contract.description)), ("depth", .integer(counters.depth)),
                ("capacity", .integer(counters.capacity)), ("high_water", .integer(counters.highWater)),
                ("enqueued", .integer(counters.enqueued)), ("processed", .integer(counters.processed)),
                ("dropped", .integer(counters.dropped)), ("refused", .integer(counters.refused)),
                ("expired", .integer(counters.expired)), ("unavailable", .integer(counters.unavailable)),
            ])
        }
        return .object([
            ("name", .string(cell.identity.name)), ("module", .string(cell.identity.module)),
            ("state", .string(cell.state.name)), ("loop", .integer(cell.loop.index)),
            ("depth", .integer(counters.depth)), ("rate", .number((rate * 10).rounded() / 10)),
            (
                "drops",
                .integer(counters.dropped + counters.refused + counters.expired + counters.unavailable)
            ),
            ("waiting_p99_ms", .number(Double(MailboxCounters.quantile(0.99, of: counters.waits)) / 1e6)),
            ("restarts", .integer(cell.restartCount)), ("failures", .integer(cell.failureCount)),
            ("errors", .integer(cell.errorCount)), ("mailboxes", .array(mailboxes)),
        ])
    }
}
