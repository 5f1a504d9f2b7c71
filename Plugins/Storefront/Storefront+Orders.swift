import ModuleKit

/// Orders: placing them, and showing them to whoever has their token.
extension Storefront {
    // MARK: checkout

    func checkout(_ visit: Visit) {
        if visit.request.method == .post { return visit.reply(Answers.seeOther("/checkout")) }
        let cart = cart(visit)
        guard let first = cart.lines.first else { return visit.reply(Answers.seeOther("/cart")) }
        let key = IdempotencyKey.issue(
            time: context.loop.wallNow / 1_000_000, variant: first.variant,
            random: context.secureRandomBytes(10), visit.signer)
        visit.reply(Answers.visitor(VisitorPages(shop: visit.shop).checkout(cart.lines, key: key)))
    }

    // MARK: placing

    func placeOrder(_ visit: Visit) {
        let started = context.loop.preciseNow
        let kind = BodyKind(visit.request)
        guard kind != .other else {
            return visit.reply(problem(415, "An order is JSON or a form", visit))
        }
        let keys = visit.request.fieldTexts("idempotency-key")
        let text = keys.first ?? formValue(visit, "idempotency_key")
        guard keys.count <= 1, let text, let key = IdempotencyKey(text, visit.signer) else {
            metrics.ordersRefused.increment()
            return visit.reply(
                problem(
                    400, "An order needs an Idempotency-Key",
                    detail: "The field must have 1 to 255 visible ASCII characters, once", visit))
        }
        guard !keys.isEmpty || key.isIssued else {
            metrics.ordersRefused.increment()
            return visit.reply(problem(400, "This form is not one of the shop's", visit))
        }
        do throws(InputProblem) {
            let input = try orderInput(visit, kind)
            var draft = OrderDraft(
                key: key.key, home: key.home, email: input.email, lines: [],
                placedAt: context.loop.wallNow)
            do throws(InputProblem) {
                draft.lines = try input.lines(in: visit.shop.catalogue)
            } catch {
                // Perhaps it was for sale when the key came first: then that order is the answer.
                draft.lines = input.lines.map {
                    OrderLine(variant: $0.variant, quantity: $0.quantity, unitPrice: 0)
                }
                let refusal = refusal(error, key: text, kind, visit)
                return ask(.recall(draft), visit, started) { actor, answer in
                    guard case .notFound = answer else {
                        return actor.response(to: answer, visit, isForm: kind == .form)
                    }
                    actor.metrics.ordersRefused.increment()
                    return refusal
                }
            }
            ask(.place(draft), visit, started) { actor, answer in
                actor.response(to: answer, visit, isForm: kind == .form)
            }
        } catch {
            metrics.ordersRefused.increment()
            visit.reply(refusal(error, key: text, kind, visit))
        }
    }

    private func refusal(
        _ error: InputProblem, key: String, _ kind: BodyKind, _ visit: Visit
    ) -> HTTPResponse {
        guard kind == .form, !visit.wantsJSON else { return unprocessable(error, visit) }
        return checkoutAgain(error, key: key, visit)
    }

    /// The form once more, as it was filled in, with what is wrong with it.
    private func checkoutAgain(_ error: InputProblem, key: String, _ visit: Visit) -> HTTPResponse {
        let pairs = HTTPText.formPairs((visit.request.body ?? .empty).bytes)
        let variants = pairs.filter { $0.name == "variant_id" }.compactMap { Int64($0.value) }
        let quantities = pairs.filter { $0.name == "quantity" }.compactMap { Int($0.value) }
        let range = 1...configuration.orderLimits.quantity
        let lines = zip(variants, quantities).prefix(configuration.orderLimits.lines)
            .filter { range.contains($0.1) && visit.shop.catalogue.variant($0.0) != nil }
            .map { Cart.Line(variant: $0.0, quantity: $0.1) }
        guard !lines.isEmpty else { return unprocessable(error, visit) }
        let name = error.field == "email" ? "The address" : error.field
        let markup = VisitorPages(shop: visit.shop).checkout(
            lines, key: key, email: pairs.first { $0.name == "email" }?.value ?? "",
            problem: "\(name) \(error.reason).")
        return Answers.visitor(markup, status: 422)
    }

    private func orderInput(_ visit: Visit, _ kind: BodyKind) throws(InputProblem) -> OrderInput {
        guard let body = visit.request.body, body.count > 0 else {
            throw InputProblem(field: "body", reason: "is missing")
        }
        return kind == .json
            ? try OrderInput(json: body.bytes, configuration.orderLimits)
            : try OrderInput(form: HTTPText.formPairs(body.bytes), configuration.orderLimits)
    }

    private func unprocessable(_ error: InputProblem, _ visit: Visit) -> HTTPResponse {
        problem(
            422, "The order cannot be placed as it is", detail: "\(error.field) \(error.reason)", visit,
            members: [("field", .string(error.field)), ("reason", .string(error.reason))])
    }

    private func ask(
        _ request: OrdersRequest, _ visit: Visit, _ started: UInt64,
        answer: @escaping @Sendable (isolated Storefront, OrdersResponse) -> HTTPResponse
    ) {
        guard let shards else { return visit.reply.fail(.unavailable) }
        var delivery = visit.delivery
        delivery.criticality = .critical
        shards.ask(request, delivery, timeout: configuration.orderTimeout) { actor, result in
            let response: HTTPResponse
            switch result {
            case .success(let found): response = answer(actor, found)
            case .failure(let failure): response = actor.unavailable(failure.description, visit)
            }
            actor.metrics.orderTime.record(actor.context.loop.preciseNow &- started)
            visit.reply(response)
        }
    }

    private func response(
        to answer: OrdersResponse, _ visit: Visit, isForm: Bool
    ) -> HTTPResponse {
        switch answer {
        case .placed(let order, let isRepeat): return placed(order, isRepeat: isRepeat, visit, isForm: isForm)
        case .conflict:
            metrics.ordersRefused.increment()
            return problem(
                422, "The key was used before",
                detail: "Idempotency-Key was used for an order with other content",
                visit,
                members: [
                    ("field", .string("Idempotency-Key")),
                    ("reason", .string("was used for an order with other content")),
                ])
        case .soldOut(let variant, let available):
            metrics.ordersSoldOut.increment()
            if let known = visit.shop.catalogue.anyVariant(variant) {
                stock.note(
                    StockLevel(
                        variant: variant, available: available,
                        sellsBeyondStock: known.variant.sellsBeyondStock))
            }
            return soldOut(variant, available, visit)
        case .unknownVariant(let variant):
            // The shard has forgotten it, or never knew: told now, it will know when the client returns.
            if let known = visit.shop.catalogue.anyVariant(variant) { declareAgain(known.variant) }
            return unavailable("variant \(variant) is not known to its shard yet", visit)
        case .busy: return unavailable("too many orders wait", visit)
        case .unavailable(let reason): return unavailable(reason, visit)
        case .order, .notFound, .stock: return unavailable("the shard answered something else", visit)
        }
    }

    private func placed(_ order: OrderRecord, isRepeat: Bool, _ visit: Visit, isForm: Bool) -> HTTPResponse {
        let token = visit.signer.orderToken(order.id)
        let path = OrderShape.path(order.id, token: token)
        if isRepeat {
            metrics.ordersRepeated.increment()
        } else {
            metrics.ordersPlaced.increment()
            tellOrder(order, visit)
        }
        if isForm && !visit.wantsJSON { return Answers.seeOther(path, fields: cookies(.empty, visit)) }
        return Answers.visitor(
            OrderShape.json(order, visit.shop.catalogue, currency: visit.shop.currency, token: token),
            status: isRepeat ? 200 : 201, fields: [(name: "Location", value: path)])
    }

    private func tellOrder(_ order: OrderRecord, _ visit: Visit) {
        let visitor = Visitor.hash(visit.request)
        // One event for the order, with the product of its first line; revenue and pieces are the sums.
        let product = order.draft.lines.first.flatMap {
            visit.shop.catalogue.anyVariant($0.variant)?.product.id
        }
        for line in order.draft.lines { stock.noteSold(line.variant, line.quantity) }
        tell(
            .order, visitor: visitor, product: product ?? 0, revenue: order.draft.total,
            quantity: order.draft.lines.reduce(0) { $0 + $1.quantity })
    }

    private func soldOut(_ variant: Int64, _ available: Int, _ visit: Visit) -> HTTPResponse {
        let found = visit.shop.catalogue.anyVariant(variant)
        let name = found.map { found in
            found.product.hasOnlyDefaultVariant
                ? found.product.title : "\(found.product.title) (\(found.variant.title))"
        }
        let left = max(0, available)
        let detail =
            left == 0
            ? "\(name ?? "Variant \(variant)") is sold out"
            : "Of \(name ?? "variant \(variant)") only \(left) \(left == 1 ? "is" : "are") left"
        return problem(
            409, "Sold out", detail: detail, visit,
            members: [("variant_id", .integer(Int(variant))), ("available", .integer(left))])
    }

    private func unavailable(_ reason: String, _ visit: Visit) -> HTTPResponse {
        metrics.ordersUnavailable.increment()
        return problem(
            503, "Orders cannot be taken right now",
            detail: "Send it again with the same key: it will not be ordered twice (\(reason))", visit)
    }

    // MARK: showing

    func showOrder(_ visit: Visit, _ text: String) {
        guard let shards, let id = Int64(text), id > 0, String(id) == text,
            let token = orderToken(visit.request), visit.signer.isOrderToken(token, of: id)
        else { return visit.reply(noOrder(visit)) }
        shards.ask(.find(id: id), visit.delivery, timeout: configuration.orderTimeout) { actor, result in
            switch result {
            case .success(.order(let order)): visit.reply(actor.show(order, token, visit))
            case .success(.notFound): visit.reply(actor.noOrder(visit))
            case .success(.busy), .success(.unavailable):
                visit.reply(actor.problem(503, "The order cannot be shown right now", visit))
            case .success: visit.reply(actor.noOrder(visit))
            case .failure: visit.reply(actor.problem(503, "The order cannot be shown right now", visit))
            }
        }
    }

    private func show(_ order: OrderRecord, _ token: String, _ visit: Visit) -> HTTPResponse {
        visit.wantsJSON
            ? Answers.visitor(
                OrderShape.json(order, visit.shop.catalogue, currency: visit.shop.currency, token: token))
            : Answers.visitor(VisitorPages(shop: visit.shop).order(order))
    }

    /// The same for a wrong token as for an order that does not exist.
    private func noOrder(_ visit: Visit) -> HTTPResponse {
        problem(404, "There is no such order", detail: "An order is shown only with its token", visit)
    }

    /// From the query, `Authorization: Bearer` or `X-Order-Token`.
    private func orderToken(_ request: HTTPRequest) -> String? {
        if let token = request.queryParameter("token") { return token }
        if let field = request.fieldText("authorization"), field.lowercased().hasPrefix("bearer ") {
            return CatalogueColumns.trimmed(String(field.dropFirst(7)))
        }
        return request.fieldText("x-order-token")
    }
}
