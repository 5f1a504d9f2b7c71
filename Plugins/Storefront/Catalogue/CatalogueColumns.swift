/// The columns of a Shopify product file that the shop reads, found by their names in the header. Both
/// the long-standing names and those of the newer template are known; case does not matter.
struct CatalogueColumns {
    enum Column: Int, CaseIterable {
        case handle, title, body, vendor, type, tags, published, status
        case option1Name, option1Value, option2Name, option2Value, option3Name, option3Value
        case sku, grams, quantity, policy, price, comparePrice, requiresShipping, taxable, barcode
        case imageSource, imagePosition, imageText, variantImage

        /// The names that the column goes by, the usual one first.
        var names: [String] {
            switch self {
            case .handle: ["Handle", "URL handle"]
            case .title: ["Title"]
            case .body: ["Body (HTML)", "Description"]
            case .vendor: ["Vendor"]
            case .type: ["Type", "Custom Product Type"]
            case .tags: ["Tags"]
            case .published: ["Published", "Published on online store"]
            case .status: ["Status"]
            case .option1Name: ["Option1 Name"]
            case .option1Value: ["Option1 Value"]
            case .option2Name: ["Option2 Name"]
            case .option2Value: ["Option2 Value"]
            case .option3Name: ["Option3 Name"]
            case .option3Value: ["Option3 Value"]
            case .sku: ["Variant SKU", "SKU"]
            case .grams: ["Variant Grams", "Weight value (grams)"]
            case .quantity: ["Variant Inventory Qty", "Inventory quantity"]
            case .policy: ["Variant Inventory Policy", "Continue selling when out of stock"]
            case .price: ["Variant Price", "Price"]
            case .comparePrice: ["Variant Compare At Price", "Compare-at price"]
            case .requiresShipping: ["Variant Requires Shipping", "Requires shipping"]
            case .taxable: ["Variant Taxable", "Charge tax"]
            case .barcode: ["Variant Barcode", "Barcode"]
            case .imageSource: ["Image Src", "Product image URL"]
            case .imagePosition: ["Image Position"]
            case .imageText: ["Image Alt Text"]
            case .variantImage: ["Variant Image", "Variant image URL"]
            }
        }
        var isRequired: Bool { self == .handle || self == .title || self == .price }
    }

    private var places: [Int?]
    /// Fields in the header, and so in each record.
    let count: Int

    init(_ header: CSVRecord) throws(CSVProblem) {
        if let problem = header.problem { throw problem }
        let names = header.fields.map { Slug.folded(Self.trimmed($0.text)) }
        places = Column.allCases.map { column in
            for name in column.names {
                if let place = names.firstIndex(of: Slug.folded(name)) { return place }
            }
            return nil
        }
        count = names.count
        for column in Column.allCases where column.isRequired && places[column.rawValue] == nil {
            let hint =
                header.fields.count == 1 && header.fields[0].text.contains(";")
                ? "; the fields seem to be separated by ';' instead of ','" : ""
            throw CSVProblem(
                line: header.line, column: 1,
                reason: "the header has no column '\(column.names[0])'\(hint)")
        }
    }

    /// The field, or an empty one at the record's beginning if the file has no such column.
    func field(_ column: Column, of record: CSVRecord) -> CSVField {
        guard let place = places[column.rawValue], place < record.fields.count else {
            return CSVField(text: "", line: record.line, column: 1)
        }
        return record.fields[place]
    }
    /// Its text without white space around it.
    func text(_ column: Column, of record: CSVRecord) -> String {
        Self.trimmed(field(column, of: record).text)
    }

    static func trimmed(_ text: String) -> String {
        var text = Substring(text)
        while let first = text.first, first.isWhitespace { text.removeFirst() }
        while let last = text.last, last.isWhitespace { text.removeLast() }
        return String(text)
    }
}
