import ModuleKit

/// Who visits, as far as the shop knows.
enum Visitor {
    static let cookieName = "souk_visitor"

    /// A hash of the cookie, else of the address.
    static func hash(_ request: HTTPRequest) -> UInt64 {
        StableHash.hash(request.cookie(cookieName) ?? request.input.peerAddress)
    }
}

/// The cart: pages, forms and Shopify's Ajax API.
extension Storefront {
    /// The visitor's cart, without what is no longer sold.
    func cart(_ visit: Visit) -> Cart {
        guard let cookie = visit.request.cookie(Cart.cookieName),
            let cart = Cart(
                cookie, visit.signer, lineLimit: configuration.cartLines,
                quantityLimit: configuration.orderLimits.quantity)
        else { return .empty }
        return cart.keeping { visit.shop.catalogue.variant($0) != nil }
    }

    /// Cookies that keep the cart, and the visitor's number if there is none yet.
    func cookies(_ cart: Cart, _ visit: Visit) -> [(name: String, value: String)] {
        let ending =
            "; Path=/; Max-Age=\(configuration.cartLife); SameSite=Lax"
            + (configuration.securesCookies ? "; Secure" : "")
        var fields = [
            (
                name: "Set-Cookie",
                value: "\(Cart.cookieName)=\(cart.encoded(visit.signer))\(ending); HttpOnly"
            ),
            // For the script, so that it need not ask.
            (name: "Set-Cookie", value: "souk_cart_count=\(cart.itemCount)\(ending)"),
        ]
        if visit.request.cookie(Visitor.cookieName) == nil {
            let number = Digest.hexadecimal(context.secureRandomBytes(12))
            fields.append(
                (
                    name: "Set-Cookie",
                    value: "\(Visitor.cookieName)=\(number)\(ending); HttpOnly"
                ))
        }
        return fields
    }

    private func json(_ cart: Cart, _ visit: Visit) -> JSON {
        let token = visit.request.cookie(Visitor.cookieName) ?? ""
        return CartShape(shop: visit.shop).cart(
            cart, token: String(visit.signer.signature("cart-token", token).prefix(32)))
    }

    // MARK: showing

    func showCart(_ visit: Visit) {
        let cart = cart(visit)
        if visit.route == .cartJSON { return visit.reply(Answers.visitor(json(cart, visit))) }
        visit.reply(
            Answers.visitor(
                VisitorPages(shop: visit.shop).cart(cart, quantityLimit: configuration.orderLimits.quantity)))
    }

    func cartCount(_ visit: Visit) {
        let count = cart(visit).itemCount
        if Preference.wantsJSON(visit.request.fieldText("accept"), otherwise: false) {
            return visit.reply(Answers.visitor(JSON.object([("item_count", .integer(count))])))
        }
        visit.reply(
            HTTPResponse(
                status: 200, type: Answers.page, fields: [(name: "Cache-Control", value: Answers.privately)],
                body: HTTPBody(Fragments(shop: visit.shop).cartCount(count).bytes)))
    }

    // MARK: changing

    func addToCart(_ visit: Visit, isScript: Bool) {
        let input: CartInput
        do throws(InputProblem) {
            input = try cartInput(visit)
        } catch {
            return refuse(visit, isScript, 400, "\(error.field) \(error.reason)")
        }
        var variants: [Variant] = []
        for item in input.items {
            guard let id = item.variant, let found = visit.shop.catalogue.variant(id) else {
                return refuse(visit, isScript, 422, "Cannot find variant")
            }
            guard (1...configuration.orderLimits.quantity).contains(item.quantity ?? 1) else {
                return refuse(
                    visit, isScript, 422, "quantity must be from 1 to \(configuration.orderLimits.quantity)")
            }
            variants.append(found.variant)
        }
        askStock(of: variants, visit.delivery) { [variants] actor, levels in
            actor.add(input, variants, levels, visit, isScript: isScript)
        }
    }

    private func add(
        _ input: CartInput, _ variants: [Variant], _ levels: [KnownStock], _ visit: Visit, isScript: Bool
    ) {
        var cart = cart(visit)
        var added: [JSON] = []
        var pieces = 0
        for (index, variant) in variants.enumerated() {
            let quantity = input.items[index].quantity ?? 1
            let wanted = cart.quantity(of: variant.id) + quantity
            let title = visit.shop.catalogue.variant(variant.id)?.product.title ?? variant.title
            if let reason = shortage(levels[index], wanted: wanted, title: title) {
                return refuse(visit, isScript, 422, reason)
            }
            cart.set(variant.id, to: wanted)
            guard cart.lines.count <= configuration.cartLines else {
                return refuse(visit, isScript, 422, "A cart has at most \(configuration.cartLines) lines")
            }
            pieces += quantity
            if let item = CartShape(shop: visit.shop).item(Cart.Line(variant: variant.id, quantity: wanted)) {
                added.append(item)
            }
        }
        guard cart.encoded(visit.signer).utf8.count <= Cart.cookieLimit else {
            return refuse(visit, isScript, 422, "The cart is full")
        }
        let product = variants.first.flatMap { visit.shop.catalogue.variant($0.id)?.product.id } ?? 0
        tell(.cart, visitor: Visitor.hash(visit.request), product: product, quantity: pieces)
        let fields = cookies(cart, visit)
        guard isScript else { return visit.reply(Answers.seeOther("/cart", fields: fields)) }
        let answer = input.isList ? JSON.object([("items", .array(added))]) : added.first ?? .null
        visit.reply(Answers.visitor(answer, fields: fields))
    }

    /// Why so many cannot be put into the cart; nil if they can.
    private func shortage(_ known: KnownStock, wanted: Int, title: String) -> String? {
        let limit = configuration.orderLimits.quantity
        guard wanted <= limit else { return "You can only have \(limit) \(title) in the cart." }
        guard !known.sellsBeyondStock, let available = known.available, available < wanted else { return nil }
        return available <= 0
            ? "The product '\(title)' is already sold out."
            : "You can only add \(available) \(title) to the cart."
    }

    func changeCart(_ visit: Visit, isScript: Bool) {
        var cart = cart(visit)
        let item: CartInput.Item
        do throws(InputProblem) {
            guard let first = try cartInput(visit).items.first else {
                throw InputProblem(field: "id", reason: "is missing")
            }
            item = first
        } catch {
            return refuse(visit, isScript, 400, "\(error.field) \(error.reason)")
        }
        var variant = item.variant
        if variant == nil, let line = item.line, (1...max(1, cart.lines.count)).contains(line), !cart.isEmpty
        {
            variant = cart.lines[line - 1].variant
        }
        guard let variant, cart.quantity(of: variant) > 0 || visit.shop.catalogue.variant(variant) != nil
        else {
            return refuse(visit, isScript, 422, "no valid id or line parameter")
        }
        let isRemoved = !isScript && formValue(visit, "remove") != nil
        let quantity = isRemoved ? 0 : item.quantity ?? 0
        guard (0...configuration.orderLimits.quantity).contains(quantity) else {
            return refuse(
                visit, isScript, 422, "quantity must be from 0 to \(configuration.orderLimits.quantity)")
        }
        cart.set(variant, to: quantity)
        guard cart.lines.count <= configuration.cartLines else {
            return refuse(visit, isScript, 422, "A cart has at most \(configuration.cartLines) lines")
        }
        finish(cart, visit, isScript)
    }

    func clearCart(_ visit: Visit, isScript: Bool) { finish(.empty, visit, isScript) }

    private func finish(_ cart: Cart, _ visit: Visit, _ isScript: Bool) {
        let fields = cookies(cart, visit)
        visit.reply(
            isScript
                ? Answers.visitor(json(cart, visit), fields: fields)
                : Answers.seeOther("/cart", fields: fields))
    }

    // MARK: input

    private func cartInput(_ visit: Visit) throws(InputProblem) -> CartInput {
        guard let body = visit.request.body, body.count > 0 else {
            throw InputProblem(field: "id", reason: "is missing")
        }
        return try CartInput(
            body.bytes, isJSON: BodyKind(visit.request) == .json, lineLimit: configuration.cartLines)
    }

    func formValue(_ visit: Visit, _ name: String) -> String? {
        guard let body = visit.request.body, BodyKind(visit.request) == .form else { return nil }
        return HTTPText.formPairs(body.bytes).first { $0.name == name }?.value
    }

    /// In the shape of the Ajax API for scripts, else as a page.
    private func refuse(_ visit: Visit, _ isScript: Bool, _ status: Int, _ description: String) {
        guard isScript else {
            return visit.reply(problem(status, "That did not fit into the cart", detail: description, visit))
        }
        visit.reply(
            Answers.visitor(
                .object([
                    ("status", .integer(status)), ("message", .string("Cart Error")),
                    ("description", .string(description)),
                ]), status: status))
    }
}

/// How a body is written.
enum BodyKind: Equatable {
    case json, form, other

    init(_ request: HTTPRequest) {
        let type = request.fieldText("content-type")?.lowercased() ?? ""
        let name = CatalogueColumns.trimmed(String(type.prefix { $0 != ";" }))
        if name == "application/json" || name.hasSuffix("+json") {
            self = .json
        } else if name == "application/x-www-form-urlencoded" {
            self = .form
        } else if name.isEmpty {
            self = request.body?.bytes.first { $0 > 32 } == UInt8(ascii: "{") ? .json : .form
        } else {
            self = .other
        }
    }
}
