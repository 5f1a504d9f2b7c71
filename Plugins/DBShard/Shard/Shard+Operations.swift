import ModuleKit

/// What operators see of a shard.
extension Shard {
    static let operations: [OperationDeclaration] = [
        OperationDeclaration("GET", "/v1/shards", "State of a shard: orders, disk, holds, lags.")
    ]

    func operate(_ request: OperationRequest, reply: consuming Reply<OperationResponse>) {
        guard request.method == "GET", request.path == "/v1/shards" else {
            return reply(OperationResponse(status: 404, problem: "no such operation"))
        }
        let lag = LogPosition.number(of: committedRow) - LogPosition.number(of: projected)
        reply(
            OperationResponse(
                json: .object([
                    ("shard", .string(context.actor.name)),
                    ("index", .integer(index)),
                    ("state", .string("\(phase)")),
                    ("path", .string(options.path)),
                    ("durability", .string(options.isFull ? "full" : "normal")),
                    ("orders", .integer(Int(LogPosition.number(of: committedRow)))),
                    ("variants", .integer(stock.count)),
                    ("holds", .integer(holds.count)),
                    ("waiting_orders", .integer(waiters.count)),
                    ("settlements_owed", .integer(outgoing.reduce(0) { $0 + $1.count })),
                    ("projection_lag_orders", .integer(options.isProjecting ? Int(lag) : 0)),
                    ("key_segments", .integer(segments.count)),
                    ("epoch", .integer(Int(truncatingIfNeeded: epoch))),
                ])))
    }
}
