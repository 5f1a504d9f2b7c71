/// What one can put into a cart: one combination of a product's options.
struct Variant: Sendable, Equatable {
    /// Positive, at most 53 bits, the same in each import of the same handle and options.
    var id: Int64
    /// The options joined: `Large / Indigo`.
    var title: String
    /// One value for each of the product's options.
    var options: [String]
    var sku: String
    /// In the smallest unit of the currency.
    var price: Int
    /// What it cost before; nil if it is not reduced.
    var compareAtPrice: Int?
    var grams: Int
    var barcode: String
    var requiresShipping: Bool
    var isTaxable: Bool
    /// Pieces to begin with.
    var initialStock: Int
    /// The `continue` policy: sold when there is none left.
    var sellsBeyondStock: Bool
    /// As named in the file; nil without one of its own.
    var imageSource: String?
}

/// A picture of a product as the file names it.
struct ProductImage: Sendable, Equatable {
    /// A URL, of which only the file's name counts.
    var source: String
    var alternativeText: String
    /// From 1.
    var position: Int
}

/// Something that the shop sells.
struct Product: Sendable, Equatable {
    /// Positive, at most 53 bits, the same in each import of the same handle.
    var id: Int64
    var handle: String
    var title: String
    /// As in the file: not to be trusted in a page.
    var bodyHTML: String
    var vendor: String
    var type: String
    var tags: [String]
    var isPublished: Bool
    /// Whether the shop's name for it is "draft" or "archived"; for reports.
    var status: String
    var optionNames: [String]
    /// At least one.
    var variants: [Variant]
    /// By position.
    var images: [ProductImage]

    var lowestPrice: Int { variants.reduce(Int.max) { min($0, $1.price) } }
    var highestPrice: Int { variants.reduce(0) { max($0, $1.price) } }
    var hasOnlyDefaultVariant: Bool { variants.count == 1 && variants[0].title == "Default Title" }
    /// The same for all variants, or nil.
    var compareAtPrice: Int? { variants.first { $0.price == lowestPrice }?.compareAtPrice }
    /// What collections it belongs to: its type, or its tags where the file gives no types.
    var collectionNames: [String] { type.isEmpty ? tags : [type] }
}

/// Products of one type.
struct ShopCollection: Sendable, Equatable {
    /// As in the path; unique.
    var handle: String
    var title: String
    /// Indices of published products, in the order of the file.
    var products: [Int]
}
