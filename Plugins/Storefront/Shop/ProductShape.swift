import ModuleKit

/// Products in the shape of Shopify's `products.json`.
struct ProductShape {
    let shop: Shop
    let stock: StockBoard

    /// - Parameter joinsTags: Shopify gives tags as a list among many products, and joined by commas for
    ///   a single one.
    func product(_ product: Product, joinsTags: Bool = false) -> JSON {
        let time = JSON.string(Timestamp.text(shop.loadedAt))
        let tags: JSON =
            joinsTags
            ? .string(product.tags.joined(separator: ", ")) : .array(product.tags.map { .string($0) })
        return .object([
            ("id", .integer(Int(product.id))), ("title", .string(product.title)),
            ("handle", .string(product.handle)), ("body_html", .string(product.bodyHTML)),
            ("published_at", time), ("created_at", time), ("updated_at", time),
            ("vendor", .string(product.vendor)), ("product_type", .string(product.type)), ("tags", tags),
            (
                "variants",
                .array(product.variants.enumerated().map { variant($1, $0 + 1, of: product, time) })
            ),
            ("images", .array(images(product, time))), ("options", .array(options(product))),
        ])
    }

    private func variant(_ variant: Variant, _ position: Int, of product: Product, _ time: JSON) -> JSON {
        func option(_ index: Int) -> JSON {
            index < variant.options.count ? .string(variant.options[index]) : .null
        }
        return .object([
            ("id", .integer(Int(variant.id))), ("title", .string(variant.title)), ("option1", option(0)),
            ("option2", option(1)), ("option3", option(2)), ("sku", .string(variant.sku)),
            ("requires_shipping", .boolean(variant.requiresShipping)),
            ("taxable", .boolean(variant.isTaxable)), ("featured_image", .null),
            ("available", .boolean(stock.isAvailable(variant))),
            ("price", .string(Money.plain(variant.price))), ("grams", .integer(variant.grams)),
            ("compare_at_price", variant.compareAtPrice.map { .string(Money.plain($0)) } ?? .null),
            ("position", .integer(position)), ("product_id", .integer(Int(product.id))),
            ("created_at", time), ("updated_at", time),
        ])
    }

    private func images(_ product: Product, _ time: JSON) -> [JSON] {
        shop.pictures(of: product).map { picture in
            .object([
                ("id", .integer(Int(StableIdentifiers.picture(product, picture.position)))),
                ("created_at", time), ("position", .integer(picture.position)), ("updated_at", time),
                ("product_id", .integer(Int(product.id))), ("variant_ids", .array([])),
                ("src", .string(picture.path)), ("alt", .string(picture.alternativeText)),
                ("width", .integer(Drawing.size)), ("height", .integer(Drawing.size)),
            ])
        }
    }

    private func options(_ product: Product) -> [JSON] {
        product.optionNames.enumerated().map { index, name in
            var values: [String] = []
            for variant in product.variants where !values.contains(variant.options[index]) {
                values.append(variant.options[index])
            }
            return .object([
                ("name", .string(name)), ("position", .integer(index + 1)),
                ("values", .array(values.map { .string($0) })),
            ])
        }
    }
}

extension StableIdentifiers {
    /// A number for one of a product's pictures.
    static func picture(_ product: Product, _ position: Int) -> Int64 {
        let hash = StableHash.mix(UInt64(bitPattern: product.id) ^ StableHash.hash("picture/\(position)"))
        return max(1, Int64(truncatingIfNeeded: hash >> 11))
    }
}
