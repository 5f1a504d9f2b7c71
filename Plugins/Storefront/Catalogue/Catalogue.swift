/// One generation of what the shop sells. Never changes.
final class Catalogue: Sendable {
    /// A variant's place.
    struct Place: Sendable, Equatable {
        var product: Int
        var variant: Int
    }
    let products: [Product]
    /// Indices of published products, in the order of the file.
    let published: [Int]
    /// By title.
    let collections: [ShopCollection]
    let search: SearchIndex
    private let byHandle: [String: Int]
    private let byVariant: [Int64: Place]
    private let byCollection: [String: Int]
    /// Every variant, in the order of the file.
    let variantCount: Int

    init(_ products: [Product]) {
        self.products = products
        published = products.indices.filter { products[$0].isPublished }
        var byHandle: [String: Int] = [:]
        var byVariant: [Int64: Place] = [:]
        for (index, product) in products.enumerated() {
            byHandle[product.handle] = index
            for (number, variant) in product.variants.enumerated() {
                byVariant[variant.id] = Place(product: index, variant: number)
            }
        }
        self.byHandle = byHandle
        self.byVariant = byVariant
        variantCount = products.reduce(0) { $0 + $1.variants.count }
        collections = Self.collections(of: products, published)
        var byCollection: [String: Int] = [:]
        for (index, collection) in collections.enumerated() { byCollection[collection.handle] = index }
        self.byCollection = byCollection
        search = SearchIndex(products)
    }

    private static func collections(of products: [Product], _ published: [Int]) -> [ShopCollection] {
        var places: [String: Int] = [:]
        var result: [ShopCollection] = []
        for index in published {
            for name in products[index].collectionNames {
                var handle = Slug.slug(name)
                if handle.isEmpty { continue }
                // The path of all products is taken.
                if handle == "all" { handle = "all-of-type" }
                if let place = places[handle] {
                    if result[place].products.last != index { result[place].products.append(index) }
                } else {
                    places[handle] = result.count
                    result.append(
                        ShopCollection(handle: handle, title: titled(name), products: [index]))
                }
            }
        }
        return result.sorted { $0.title != $1.title ? $0.title < $1.title : $0.handle < $1.handle }
    }

    private static func titled(_ name: String) -> String {
        name.prefix(1).uppercased() + name.dropFirst()
    }

    /// The published product of that handle.
    func product(_ handle: String) -> Product? {
        byHandle[handle].map { products[$0] }.flatMap { $0.isPublished ? $0 : nil }
    }
    func index(_ handle: String) -> Int? { byHandle[handle] }
    func collection(_ handle: String) -> ShopCollection? { byCollection[handle].map { collections[$0] } }
    /// Of published products only.
    func variant(_ id: Int64) -> (product: Product, variant: Variant)? {
        guard let found = anyVariant(id), found.product.isPublished else { return nil }
        return found
    }
    /// Also of drafts: orders of earlier days may have them.
    func anyVariant(_ id: Int64) -> (product: Product, variant: Variant)? {
        guard let place = byVariant[id] else { return nil }
        return (products[place.product], products[place.product].variants[place.variant])
    }

    /// Published products to show beside this one: of the same collections and tags first. Looks at the
    /// few hundred products that follow in its collection and in the file, so that the cost does not
    /// grow with the catalogue.
    func related(to product: Product, count: Int) -> [Product] {
        let tags = Set(product.tags)
        var seen: Set<Int> = [index(product.handle) ?? -1]
        var scored: [(score: Int, order: Int, index: Int)] = []
        let lists = product.collectionNames.compactMap { collection(Slug.slug($0))?.products } + [published]
        for list in lists {
            for index in Self.following(index(product.handle) ?? 0, in: list, limit: 200)
            where seen.insert(index).inserted {
                let other = products[index]
                let shared = other.tags.reduce(0) { $0 + (tags.contains($1) ? 2 : 0) }
                let sameType = !other.type.isEmpty && other.type == product.type ? 3 : 0
                scored.append((shared + sameType, scored.count, index))
            }
        }
        return scored.sorted { $0.score != $1.score ? $0.score > $1.score : $0.order < $1.order }
            .prefix(count).map { products[$0.index] }
    }

    /// The numbers of a rising list that come after one, going on at the beginning after the end.
    private static func following(_ index: Int, in list: [Int], limit: Int) -> [Int] {
        var low = 0
        var high = list.count
        while low < high {
            let middle = (low + high) / 2
            if list[middle] <= index { low = middle + 1 } else { high = middle }
        }
        return (0..<min(limit, list.count)).map { list[(low + $0) % list.count] }
    }
}
