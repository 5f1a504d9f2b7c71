/// How large a catalogue may be.
struct CatalogueLimits: Sendable {
    /// Bytes of the file.
    var file = 64 << 20
    var rows = 500_000
    /// Bytes of one field.
    var field = 262_144
    var products = 100_000
    var variantsPerProduct = 250
    var imagesPerProduct = 250
    /// Problems that are kept with their text; the others are counted.
    var problems = 1_000
}

/// Products of one file, and what was wrong with it.
struct CatalogueImport: Sendable {
    var products: [Product] = []
    /// At most as many as the limit says, in the order of the file.
    var problems: [CSVProblem] = []
    var problemCount = 0
    var rows = 0
}

/// Makes products from a Shopify product file. A bad row is skipped and named; a file that cannot be
/// understood as a whole is refused.
struct CatalogueReader {
    /// A product while its rows come.
    private struct Draft {
        var product: Product
        var line: Int
        var optionCount: Int
        var seenOptions: [[String]: Int] = [:]
    }
    private let columns: CatalogueColumns
    private let limits: CatalogueLimits
    private var result = CatalogueImport()
    private var drafts: [Draft] = []
    private var places: [String: Int] = [:]
    private var identifiers = StableIdentifiers()
    /// Handles whose first row was refused: the rows that belong to it are skipped without a word.
    private var refused: Set<String> = []

    /// Throws what makes the whole file unfit.
    static func read(
        _ bytes: [UInt8], limits: CatalogueLimits = CatalogueLimits()
    ) throws(CSVProblem) -> CatalogueImport {
        if bytes.starts(with: [0xFF, 0xFE]) || bytes.starts(with: [0xFE, 0xFF]) {
            throw CSVProblem(line: 1, column: 1, reason: "the file is UTF-16; save it as UTF-8")
        }
        var reader = CSVReader(bytes, fieldLimit: limits.field)
        guard let header = reader.next() else {
            throw CSVProblem(line: 1, column: 1, reason: "the file is empty")
        }
        var catalogue = CatalogueReader(columns: try CatalogueColumns(header), limits: limits)
        while let record = reader.next() {
            if let truncation = reader.truncation { throw truncation }
            catalogue.result.rows += 1
            guard catalogue.result.rows <= limits.rows else {
                throw CSVProblem(line: record.line, column: 1, reason: "more than \(limits.rows) rows")
            }
            do throws(CSVProblem) {
                try catalogue.take(record)
            } catch {
                catalogue.note(error)
            }
            guard catalogue.drafts.count <= limits.products else {
                throw CSVProblem(
                    line: record.line, column: 1, reason: "more than \(limits.products) products")
            }
        }
        return try catalogue.finish()
    }

    private init(columns: CatalogueColumns, limits: CatalogueLimits) {
        self.columns = columns
        self.limits = limits
    }

    private mutating func note(_ problem: CSVProblem) {
        result.problemCount += 1
        if result.problems.count < limits.problems { result.problems.append(problem) }
    }

    private mutating func finish() throws(CSVProblem) -> CatalogueImport {
        for draft in drafts {
            if draft.product.variants.isEmpty {
                note(
                    CSVProblem(
                        line: draft.line, column: 1,
                        reason: "product '\(draft.product.handle)' has no usable variant"))
                continue
            }
            var product = draft.product
            product.images.sort { $0.position < $1.position }
            result.products.append(product)
        }
        guard !result.products.isEmpty else {
            throw result.problems.first
                ?? CSVProblem(line: 1, column: 1, reason: "the file has a header but no products")
        }
        return result
    }

    // MARK: rows

    private mutating func take(_ record: CSVRecord) throws(CSVProblem) {
        if let problem = record.problem { throw problem }
        guard record.fields.count == columns.count else {
            let last = record.fields.last
            throw CSVProblem(
                line: last?.line ?? record.line, column: last?.column ?? 1,
                reason: "\(record.fields.count) fields where the header has \(columns.count)")
        }
        let handle = columns.text(.handle, of: record)
        guard !handle.isEmpty else { throw wrong(.handle, record, "is empty") }
        guard handle.utf8.count <= 255, !handle.contains(where: { $0 == "/" || $0.isWhitespace }) else {
            throw wrong(.handle, record, "must be at most 255 bytes without '/' and white space")
        }
        if refused.contains(handle) { return }
        if let place = places[handle] {
            try addRow(record, to: place, isFirst: false)
            return
        }
        do throws(CSVProblem) {
            drafts.append(try draft(record, handle))
        } catch {
            refused.insert(handle)
            throw error
        }
        places[handle] = drafts.count - 1
        try addRow(record, to: drafts.count - 1, isFirst: true)
    }

    private func wrong(
        _ column: CatalogueColumns.Column, _ record: CSVRecord, _ reason: String
    ) -> CSVProblem {
        let field = columns.field(column, of: record)
        return CSVProblem(line: field.line, column: field.column, reason: "\(column.names[0]) \(reason)")
    }

    private mutating func draft(_ record: CSVRecord, _ handle: String) throws(CSVProblem) -> Draft {
        let title = columns.text(.title, of: record)
        guard !title.isEmpty else {
            throw wrong(.title, record, "is empty in the first row of '\(handle)'")
        }
        let status = columns.text(.status, of: record).lowercased()
        guard ["", "active", "draft", "archived", "unlisted"].contains(status) else {
            throw wrong(.status, record, "must be active, draft or archived, not '\(status)'")
        }
        let published = try flag(.published, record) ?? true
        var names: [String] = []
        for column in [CatalogueColumns.Column.option1Name, .option2Name, .option3Name] {
            let name = columns.text(column, of: record)
            if name.isEmpty { break }
            names.append(name)
        }
        if names.isEmpty { names = ["Title"] }
        let tags = columns.text(.tags, of: record).split(separator: ",")
            .map { CatalogueColumns.trimmed(String($0)) }.filter { !$0.isEmpty }
        let product = Product(
            id: identifiers.product(handle), handle: handle, title: title,
            bodyHTML: columns.field(.body, of: record).text, vendor: columns.text(.vendor, of: record),
            type: columns.text(.type, of: record), tags: tags,
            isPublished: published && (status.isEmpty || status == "active"), status: status,
            optionNames: names, variants: [], images: [])
        return Draft(product: product, line: record.line, optionCount: names.count)
    }

    /// Adds what the row has: a picture, a variant, or both.
    private mutating func addRow(_ record: CSVRecord, to place: Int, isFirst: Bool) throws(CSVProblem) {
        let hasImage = try addImage(record, to: place)
        let hasOption = !columns.text(.option1Value, of: record).isEmpty
        let hasPrice = !columns.text(.price, of: record).isEmpty
        guard hasOption || hasPrice else {
            if !hasImage {
                throw wrong(.price, record, "is empty, and the row adds no picture either")
            }
            return
        }
        try addVariant(record, to: place)
    }

    private mutating func addImage(_ record: CSVRecord, to place: Int) throws(CSVProblem) -> Bool {
        let source = columns.text(.imageSource, of: record)
        guard !source.isEmpty else { return false }
        let count = drafts[place].product.images.count
        guard count < limits.imagesPerProduct else {
            throw wrong(.imageSource, record, "is one of more than \(limits.imagesPerProduct) pictures")
        }
        let position = try whole(.imagePosition, record, 1...1_000_000) ?? count + 1
        drafts[place].product.images.append(
            ProductImage(
                source: source, alternativeText: columns.text(.imageText, of: record), position: position))
        return true
    }

    private mutating func addVariant(_ record: CSVRecord, to place: Int) throws(CSVProblem) {
        let product = drafts[place].product
        guard product.variants.count < limits.variantsPerProduct else {
            throw wrong(.price, record, "belongs to one of more than \(limits.variantsPerProduct) variants")
        }
        let options = try optionValues(record, count: drafts[place].optionCount)
        if let line = drafts[place].seenOptions[options] {
            throw wrong(.option1Value, record, "and the other options are the same as in line \(line)")
        }
        let priceText = columns.text(.price, of: record)
        guard let price = Money.cents(priceText) else {
            throw wrong(
                .price, record,
                priceText.isEmpty ? "is empty" : "must be an amount like 12.50, not '\(priceText)'")
        }
        let compareText = columns.text(.comparePrice, of: record)
        let compare = Money.cents(compareText)
        guard compareText.isEmpty || compare != nil else {
            throw wrong(.comparePrice, record, "must be an amount like 12.50, not '\(compareText)'")
        }
        let policy = columns.text(.policy, of: record).lowercased()
        guard ["", "deny", "continue"].contains(policy) else {
            throw wrong(.policy, record, "must be deny or continue, not '\(policy)'")
        }
        let image = columns.text(.variantImage, of: record)
        let variant = Variant(
            id: identifiers.variant(product.handle, options), title: options.joined(separator: " / "),
            options: options, sku: columns.text(.sku, of: record), price: price,
            compareAtPrice: compare.flatMap { $0 > price ? $0 : nil },
            grams: try whole(.grams, record, 0...1_000_000_000) ?? 0,
            barcode: columns.text(.barcode, of: record),
            requiresShipping: try flag(.requiresShipping, record) ?? true,
            isTaxable: try flag(.taxable, record) ?? true,
            // Below zero means oversold elsewhere: there is nothing to begin with.
            initialStock: max(0, try whole(.quantity, record, -1_000_000_000...1_000_000_000) ?? 0),
            sellsBeyondStock: policy == "continue", imageSource: image.isEmpty ? nil : image)
        drafts[place].seenOptions[options] = record.line
        drafts[place].product.variants.append(variant)
    }

    private func optionValues(_ record: CSVRecord, count: Int) throws(CSVProblem) -> [String] {
        let all: [CatalogueColumns.Column] = [.option1Value, .option2Value, .option3Value]
        var values: [String] = []
        for column in all.prefix(count) {
            var value = columns.text(column, of: record)
            if value.isEmpty {
                guard count == 1 else { throw wrong(column, record, "is empty") }
                value = "Default Title"
            }
            values.append(value)
        }
        return values
    }

    private func flag(
        _ column: CatalogueColumns.Column, _ record: CSVRecord
    ) throws(CSVProblem) -> Bool? {
        let text = columns.text(column, of: record).lowercased()
        switch text {
        case "": return nil
        case "true", "yes", "1": return true
        case "false", "no", "0": return false
        default: throw wrong(column, record, "must be true or false, not '\(text)'")
        }
    }

    private func whole(
        _ column: CatalogueColumns.Column, _ record: CSVRecord, _ range: ClosedRange<Int>
    ) throws(CSVProblem) -> Int? {
        var text = Substring(columns.text(column, of: record))
        guard !text.isEmpty else { return nil }
        // Exports write weights as 250.0.
        if let dot = text.firstIndex(of: "."), text[dot...].dropFirst().allSatisfy({ $0 == "0" }) {
            text = text[..<dot]
        }
        guard let value = Int(text), range.contains(value) else {
            throw wrong(
                column, record,
                "must be a whole number from \(range.lowerBound) to \(range.upperBound), not '\(text)'")
        }
        return value
    }
}
