import ModuleKit

/// Carts in the shape of Shopify's Ajax API. Amounts are in the smallest unit of the currency.
struct CartShape {
    let shop: Shop

    func cart(_ cart: Cart, token: String) -> JSON {
        let items = cart.lines.compactMap { item($0) }
        let total = total(cart)
        let weight = cart.lines.reduce(0) { sum, line in
            sum + (shop.catalogue.variant(line.variant)?.variant.grams ?? 0) * line.quantity
        }
        return .object([
            ("token", .string(token)), ("note", .string("")), ("attributes", .object([])),
            ("original_total_price", .integer(total)), ("total_price", .integer(total)),
            ("total_discount", .integer(0)), ("total_weight", .integer(weight)),
            ("item_count", .integer(cart.itemCount)), ("items", .array(items)),
            ("requires_shipping", .boolean(!items.isEmpty)), ("currency", .string(shop.currency)),
            ("items_subtotal_price", .integer(total)), ("cart_level_discount_applications", .array([])),
        ])
    }

    func total(_ cart: Cart) -> Int {
        cart.lines.reduce(0) { sum, line in
            sum + (shop.catalogue.variant(line.variant)?.variant.price ?? 0) * line.quantity
        }
    }

    /// Nil if the shop no longer sells it.
    func item(_ line: Cart.Line) -> JSON? {
        guard let (product, variant) = shop.catalogue.variant(line.variant) else { return nil }
        let isDefault = product.hasOnlyDefaultVariant
        let title = isDefault ? product.title : product.title + " - " + variant.title
        let image = shop.pictures(of: product)[0]
        let linePrice = variant.price * line.quantity
        let key = "\(variant.id):\(String(StableHash.mix(UInt64(bitPattern: variant.id)), radix: 16))"
        return .object([
            ("id", .integer(Int(variant.id))), ("properties", .object([])),
            ("quantity", .integer(line.quantity)), ("variant_id", .integer(Int(variant.id))),
            ("key", .string(key)), ("title", .string(title)), ("price", .integer(variant.price)),
            ("original_price", .integer(variant.price)), ("discounted_price", .integer(variant.price)),
            ("line_price", .integer(linePrice)), ("original_line_price", .integer(linePrice)),
            ("total_discount", .integer(0)), ("discounts", .array([])), ("sku", .string(variant.sku)),
            ("grams", .integer(variant.grams)), ("vendor", .string(product.vendor)),
            ("taxable", .boolean(variant.isTaxable)), ("product_id", .integer(Int(product.id))),
            ("product_has_only_default_variant", .boolean(isDefault)), ("gift_card", .boolean(false)),
            ("final_price", .integer(variant.price)), ("final_line_price", .integer(linePrice)),
            ("url", .string(Shop.path(product) + "?variant=\(variant.id)")),
            ("image", .string(image.path)), ("handle", .string(product.handle)),
            ("requires_shipping", .boolean(variant.requiresShipping)),
            ("product_type", .string(product.type)), ("product_title", .string(product.title)),
            ("product_description", .string(BodyText.summary(product.bodyHTML))),
            ("variant_title", isDefault ? .null : .string(variant.title)),
            ("variant_options", .array(variant.options.map { .string($0) })),
            (
                "options_with_values",
                .array(
                    zip(product.optionNames, variant.options).map {
                        .object([("name", .string($0)), ("value", .string($1))])
                    })
            ),
        ])
    }
}

/// A change of the cart as a client wrote it.
struct CartInput: Sendable, Equatable {
    struct Item: Sendable, Equatable {
        /// A variant's number; nil if the line is named by its place.
        var variant: Int64?
        /// From 1.
        var line: Int?
        var quantity: Int?
    }
    var items: [Item]
    /// Whether the client sent `items`, and gets a list back.
    var isList: Bool

    /// Reads JSON or a form. `id` may be a variant's number, also as text, or the key of a line.
    init(_ bytes: UnsafeRawBufferPointer, isJSON: Bool, lineLimit: Int) throws(InputProblem) {
        guard isJSON else {
            let pairs = HTTPText.formPairs(bytes)
            func value(_ name: String) -> JSON? {
                pairs.first { $0.name == name }.map { .string($0.value) }
            }
            items = [try Self.item(value)]
            isList = false
            return
        }
        let json: JSON
        do throws(JSONError) {
            json = try JSON(parsing: bytes, depth: 8, limit: 10_000)
        } catch {
            throw InputProblem(field: "body", reason: "is no valid JSON: \(error.description)")
        }
        if let list = json["items"]?.arrayValue {
            guard !list.isEmpty, list.count <= lineLimit else {
                throw InputProblem(field: "items", reason: "must be 1 to \(lineLimit)")
            }
            var items: [Item] = []
            for value in list { items.append(try Self.item { value[$0] }) }
            self.items = items
            isList = true
        } else {
            items = [try Self.item { json[$0] }]
            isList = false
        }
    }

    private static func item(_ value: (String) -> JSON?) throws(InputProblem) -> Item {
        func whole(_ name: String) throws(InputProblem) -> Int? {
            guard let value = value(name) else { return nil }
            if case .null = value { return nil }
            // Keys of lines begin with the variant's number.
            let number = value.integerValue ?? value.stringValue.flatMap { Int($0.prefix { $0 != ":" }) }
            guard let number else { throw InputProblem(field: name, reason: "must be a whole number") }
            return number
        }
        let variant = try whole("id")
        let line = try whole("line")
        guard variant != nil || line != nil else {
            throw InputProblem(field: "id", reason: "is missing")
        }
        return Item(variant: variant.map { Int64($0) }, line: line, quantity: try whole("quantity"))
    }
}
