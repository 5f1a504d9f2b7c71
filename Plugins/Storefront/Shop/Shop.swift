import ModuleKit

/// One picture as a page shows it.
struct Picture: Sendable, Equatable {
    /// Path and query on this host.
    var path: String
    var alternativeText: String
    /// Of the product, from 1.
    var position: Int
}

/// Everything that pages are made from: one catalogue with the shop's name and its pictures. Never
/// changes; a reload makes another one.
final class Shop: Sendable {
    let name: String
    /// Words of the first page: in large letters, and beneath.
    let tagline: String
    let introduction: String
    let currency: String
    let catalogue: Catalogue
    /// Names of files in the folder of pictures.
    let localPictures: Set<String>
    /// When the catalogue was read: nanoseconds since 1970.
    let loadedAt: UInt64
    /// Drawn pictures by name (`{handle}.svg`): which product and which of its views.
    private let drawings: [String: (product: Int, view: Int)]

    init(
        name: String, tagline: String = "", introduction: String = "", currency: String, catalogue: Catalogue,
        localPictures: Set<String>, loadedAt: UInt64
    ) {
        self.name = name
        self.tagline = tagline
        self.introduction = introduction
        self.currency = currency
        self.catalogue = catalogue
        self.localPictures = localPictures
        self.loadedAt = loadedAt
        var drawings: [String: (product: Int, view: Int)] = [:]
        for (index, product) in catalogue.products.enumerated() {
            for view in 1...max(1, product.images.count) {
                let name = Self.drawingName(product, view)
                if drawings[name] == nil { drawings[name] = (index, view) }
            }
        }
        self.drawings = drawings
    }

    private static func drawingName(_ product: Product, _ view: Int) -> String {
        view == 1 ? product.handle + ".svg" : "\(product.handle).\(view).svg"
    }

    /// The product and the view that a drawn picture of that name shows.
    func drawing(_ name: String) -> (product: Product, view: Int)? {
        drawings[name].map { (catalogue.products[$0.product], $0.view) }
    }

    /// At least one: pictures of the file that lie in the local folder, others drawn.
    func pictures(of product: Product) -> [Picture] {
        guard !product.images.isEmpty else { return [drawn(product, 1, product.title)] }
        return product.images.enumerated().map { index, image in
            let text = image.alternativeText.isEmpty ? product.title : image.alternativeText
            let file = Self.fileName(image.source)
            guard localPictures.contains(file) else { return drawn(product, index + 1, text) }
            return Picture(
                path: "/pictures/" + HTTPText.percentEncoded(file), alternativeText: text, position: index + 1
            )
        }
    }

    private func drawn(_ product: Product, _ view: Int, _ text: String) -> Picture {
        let name = HTTPText.percentEncoded(Self.drawingName(product, view))
        let version = Drawing.version(product, view: view)
        return Picture(path: "/pictures/\(name)?v=\(version)", alternativeText: text, position: view)
    }

    /// The file's name in a URL: what follows its last `/`, without the query, decoded.
    static func fileName(_ source: String) -> String {
        let path = source.prefix { $0 != "?" && $0 != "#" }
        let name = path.split(separator: "/").last ?? ""
        return HTTPText.percentDecoded(name.utf8)
    }

    func money(_ cents: Int) -> String { Money.display(cents, currency) }
    static func path(_ product: Product) -> String {
        "/products/" + HTTPText.percentEncoded(product.handle)
    }
    static func path(_ collection: ShopCollection) -> String {
        "/collections/" + HTTPText.percentEncoded(collection.handle)
    }
}
