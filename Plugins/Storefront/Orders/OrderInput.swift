import ModuleKit

/// What is wrong with a field of a request.
struct InputProblem: Error, Sendable, Equatable {
    /// As in the request: `lines[0].quantity`.
    var field: String
    var reason: String
}

/// The bounds of orders and carts.
struct OrderLimits: Sendable {
    /// Lines of one order; the contract allows 100.
    var lines = 100
    /// Pieces of one line; the contract allows 10,000.
    var quantity = 1_000
}

/// An order as a client wrote it, its shape checked, not yet compared with the catalogue.
struct OrderInput: Sendable, Equatable {
    struct Line: Sendable, Equatable {
        var variant: Int64
        var quantity: Int
        /// What to call the line in an error.
        var field: String
    }
    var email: String
    /// Each variant once: what comes twice is added up.
    var lines: [Line]

    /// `{"email": "…", "lines": [{"variant_id": 1, "quantity": 2}]}`.
    init(json bytes: UnsafeRawBufferPointer, _ limits: OrderLimits) throws(InputProblem) {
        let json: JSON
        do throws(JSONError) {
            json = try JSON(parsing: bytes, depth: 8, limit: 10_000)
        } catch {
            throw InputProblem(field: "body", reason: "is no valid JSON: \(error.description)")
        }
        guard json.objectValue != nil else { throw InputProblem(field: "body", reason: "must be an object") }
        guard let email = json["email"]?.stringValue else {
            throw InputProblem(field: "email", reason: "must be a text")
        }
        guard let values = json["lines"]?.arrayValue else {
            throw InputProblem(field: "lines", reason: "must be a list")
        }
        // Before the work, not after it.
        guard values.count <= limits.lines else {
            throw InputProblem(field: "lines", reason: "must be at most \(limits.lines)")
        }
        var lines: [Line] = []
        for (index, value) in values.enumerated() {
            let field = "lines[\(index)]"
            guard value.objectValue != nil else {
                throw InputProblem(field: field, reason: "must be an object")
            }
            guard let variant = value["variant_id"]?.integerValue else {
                throw InputProblem(field: field + ".variant_id", reason: "must be a whole number")
            }
            guard let quantity = value["quantity"]?.integerValue else {
                throw InputProblem(field: field + ".quantity", reason: "must be a whole number")
            }
            lines.append(Line(variant: Int64(variant), quantity: quantity, field: field))
        }
        try self.init(email: email, lines: lines, limits)
    }

    /// The pairs of a form: `email`, and `variant_id` and `quantity` as often as there are lines.
    init(form pairs: [(name: String, value: String)], _ limits: OrderLimits) throws(InputProblem) {
        let variants = pairs.filter { $0.name == "variant_id" }.map(\.value)
        let quantities = pairs.filter { $0.name == "quantity" }.map(\.value)
        guard variants.count == quantities.count else {
            throw InputProblem(field: "quantity", reason: "must be given for each line")
        }
        guard variants.count <= limits.lines else {
            throw InputProblem(field: "lines", reason: "must be at most \(limits.lines)")
        }
        var lines: [Line] = []
        for (index, pair) in zip(variants, quantities).enumerated() {
            let field = "lines[\(index)]"
            guard let variant = Int64(pair.0) else {
                throw InputProblem(field: field + ".variant_id", reason: "must be a whole number")
            }
            guard let quantity = Int(pair.1) else {
                throw InputProblem(field: field + ".quantity", reason: "must be a whole number")
            }
            lines.append(Line(variant: variant, quantity: quantity, field: field))
        }
        try self.init(email: pairs.first { $0.name == "email" }?.value ?? "", lines: lines, limits)
    }

    private init(email: String, lines: [Line], _ limits: OrderLimits) throws(InputProblem) {
        let email = CatalogueColumns.trimmed(email)
        if let reason = Self.problem(withEmail: email) { throw InputProblem(field: "email", reason: reason) }
        guard !lines.isEmpty else { throw InputProblem(field: "lines", reason: "must not be empty") }
        var merged: [Line] = []
        for line in lines {
            let range = 1...limits.quantity
            guard range.contains(line.quantity) else {
                throw InputProblem(
                    field: line.field + ".quantity", reason: "must be from 1 to \(limits.quantity)")
            }
            if let index = merged.firstIndex(where: { $0.variant == line.variant }) {
                merged[index].quantity += line.quantity
                guard range.contains(merged[index].quantity) else {
                    throw InputProblem(
                        field: line.field + ".quantity",
                        reason: "must be at most \(limits.quantity) in all lines of the variant")
                }
            } else {
                merged.append(line)
            }
        }
        self.email = email
        self.lines = merged
    }

    /// Deliberately generous: whether an address exists only a mail can tell.
    static func problem(withEmail email: String) -> String? {
        guard !email.isEmpty else { return "must not be empty" }
        guard email.utf8.count <= 254 else { return "must be at most 254 bytes" }
        let parts = email.split(separator: "@", omittingEmptySubsequences: false)
        let isPlain = email.unicodeScalars.allSatisfy { scalar in
            scalar.value > 32 && scalar.value != 127 && !"<>()[]\\,;:\"".unicodeScalars.contains(scalar)
                && !scalar.properties.isWhitespace
        }
        guard isPlain, parts.count == 2, !parts[0].isEmpty, parts[0].utf8.count <= 64, !parts[1].isEmpty,
            !parts[1].hasPrefix("."), !parts[1].hasSuffix("."), !parts[1].contains("..")
        else { return "must be an e-mail address" }
        return nil
    }

    /// The order with the catalogue's prices.
    func lines(in catalogue: Catalogue) throws(InputProblem) -> [OrderLine] {
        var result: [OrderLine] = []
        for line in lines {
            guard let found = catalogue.variant(line.variant) else {
                throw InputProblem(field: line.field + ".variant_id", reason: "is no variant of this shop")
            }
            result.append(
                OrderLine(variant: line.variant, quantity: line.quantity, unitPrice: found.variant.price))
        }
        return result
    }
}
