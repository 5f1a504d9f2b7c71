import ModuleKit

/// What operators ask for on the control port.
extension Storefront {
    func operate(on request: OperationRequest, _ reply: ReplyBox<OperationResponse>) {
        switch (request.method, request.path) {
        case ("POST", "/v1/catalog/reload"): reload(reply)
        case ("GET", "/v1/stock"): showStock(request, reply)
        case ("POST", "/v1/stock"): restock(request, reply)
        case ("POST", "/v1/orders/cancel"): cancelOrder(request, reply)
        default: reply(OperationResponse(status: 404, problem: "no such operation"))
        }
    }

    // MARK: catalogue

    /// Replaces the catalogue only by a good one.
    private func reload(_ reply: ReplyBox<OperationResponse>) {
        guard shop != nil, !isLoading else {
            return reply(OperationResponse(status: 409, problem: "the catalogue is being read already"))
        }
        load { actor, result in
            switch result {
            case .failure(let error):
                actor.context.log.error("the catalogue was not replaced", [LogField("reason", error)])
                reply(OperationResponse(status: 422, problem: error.description))
            case .success(let loaded):
                actor.report(loaded)
                actor.isLoading = true
                actor.declare(loaded.shop) { actor in
                    actor.isLoading = false
                    actor.open(loaded.shop)
                    reply(actor.summary(of: loaded))
                }
            }
        }
    }

    private func summary(of loaded: LoadedShop) -> OperationResponse {
        OperationResponse(
            json: .object([
                ("products", .integer(loaded.shop.catalogue.products.count)),
                ("published", .integer(loaded.shop.catalogue.published.count)),
                ("variants", .integer(loaded.shop.catalogue.variantCount)),
                ("skipped", .integer(loaded.problemCount)),
                (
                    "problems",
                    .array(
                        loaded.problems.prefix(100).map { problem in
                            .object([
                                ("line", .integer(problem.line)), ("column", .integer(problem.column)),
                                ("reason", .string(problem.reason)),
                            ])
                        })
                ),
            ]))
    }

    // MARK: stock

    private func showStock(_ request: OperationRequest, _ reply: ReplyBox<OperationResponse>) {
        guard let variant = request.parameter("variant").flatMap({ Int64($0) }) else {
            return reply(OperationResponse(status: 422, problem: "variant must be a number: ?variant=…"))
        }
        ask(.stock(variant: variant), reply)
    }

    private func restock(_ request: OperationRequest, _ reply: ReplyBox<OperationResponse>) {
        guard let json = try? JSON(parsing: request.body), json.objectValue != nil else {
            return reply(OperationResponse(status: 422, problem: "the body must be a JSON object"))
        }
        guard let variant = json["variant_id"]?.integerValue else {
            return reply(OperationResponse(status: 422, problem: "variant_id must be a number"))
        }
        guard let quantity = json["quantity"]?.integerValue, quantity != 0,
            (-1_000_000...1_000_000).contains(quantity)
        else {
            return reply(
                OperationResponse(
                    status: 422, problem: "quantity must be from -1000000 to 1000000, and not 0"))
        }
        guard let key = json["idempotency_key"]?.stringValue, (1...255).contains(key.utf8.count) else {
            return reply(
                OperationResponse(
                    status: 400,
                    problem: "idempotency_key is missing: the same key again changes nothing"))
        }
        // Keys of orders have no spaces: no customer can use up an operator's key.
        let digest = Digest.sha256("restock: " + key)
        ask(
            .restock(
                variant: Int64(variant), quantity: quantity,
                key: OrderKey(high: Digest.number(digest), low: Digest.number(digest.dropFirst(8)))), reply)
    }

    private func cancelOrder(_ request: OperationRequest, _ reply: ReplyBox<OperationResponse>) {
        let json = try? JSON(parsing: request.body)
        guard let id = json?["id"]?.integerValue, id > 0 else {
            return reply(OperationResponse(status: 422, problem: "the body must be {\"id\": number}"))
        }
        ask(.cancel(id: Int64(id)), reply)
    }

    /// Asks a shard and tells the operator what it said.
    private func ask(_ request: OrdersRequest, _ reply: ReplyBox<OperationResponse>) {
        guard let shards else { return reply.fail(.unavailable) }
        shards.ask(request, Delivery(), timeout: configuration.orderTimeout) { actor, result in
            switch result {
            case .success(let answer): reply(actor.operation(answer))
            case .failure(let failure):
                reply(OperationResponse(status: 503, problem: failure.description))
            }
        }
    }

    private func operation(_ answer: OrdersResponse) -> OperationResponse {
        switch answer {
        case .stock(let level):
            stock.note(level)
            return OperationResponse(
                json: .object([
                    ("variant_id", .integer(Int(level.variant))), ("available", .integer(level.available)),
                    ("policy", .string(level.sellsBeyondStock ? "continue" : "deny")),
                ]))
        case .order(let order), .placed(let order, _):
            return OperationResponse(
                json: .object([
                    ("id", .integer(Int(order.id))), ("number", .string(OrderShape.number(order.id))),
                    ("status", .string(order.isCancelled ? "cancelled" : "confirmed")),
                    ("total_cents", .integer(order.draft.total)),
                ]))
        case .notFound: return OperationResponse(status: 404, problem: "there is no such order")
        case .unknownVariant(let variant):
            return OperationResponse(status: 404, problem: "there is no variant \(variant)")
        case .soldOut(let variant, let available):
            return OperationResponse(
                status: 409, problem: "of variant \(variant) there are only \(available)")
        case .conflict: return OperationResponse(status: 422, problem: "the key was used for something else")
        case .busy: return OperationResponse(status: 503, problem: "the shard is busy")
        case .unavailable(let reason): return OperationResponse(status: 503, problem: reason)
        }
    }
}
