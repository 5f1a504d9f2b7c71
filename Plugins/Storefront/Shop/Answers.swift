import ModuleKit

/// How the shop's answers are put together.
enum Answers {
    static let page = "text/html; charset=utf-8"
    static let json = "application/json"
    static let year = "public, max-age=31536000, immutable"
    static let privately = "private, no-store"

    /// Fields of every page: nothing from other hosts, no guessing of types, no tokens told to others.
    static let protection: [(name: String, value: String)] = [
        (
            name: "Content-Security-Policy",
            value:
                "default-src 'self'; img-src 'self' data:; object-src 'none'; base-uri 'self'; form-action 'self'; frame-ancestors 'none'"
        ),
        (name: "X-Content-Type-Options", value: "nosniff"),
        (name: "Referrer-Policy", value: "same-origin"),
    ]

    static func tag(_ body: HTTPBody) -> String {
        let digits = String(StableHash.hash(body.bytes), radix: 16)
        return "\"\(digits)\""
    }

    /// A page that is the same for every visitor.
    /// - Parameter product: the product shown; the gate tells analytics of it.
    static func shell(
        _ markup: Markup, status: Int = 200, life: Int, tags: [String], product: Int64? = nil
    ) -> HTTPContent {
        let body = HTTPBody(markup.bytes)
        let shown = product.map { [(name: "Souk-Product", value: String($0))] } ?? []
        return HTTPContent(
            status: status,
            fields: [
                (name: "Content-Type", value: page),
                (
                    name: "Cache-Control",
                    value:
                        "public, max-age=0, s-maxage=\(life), stale-while-revalidate=60, stale-if-error=86400"
                ), (name: "ETag", value: tag(body)),
                (name: "Surrogate-Key", value: tags.joined(separator: " ")),
                (name: "Surrogate-Control", value: "content=\"ESI/1.0\""),
            ] + shown + protection, body: body)
    }

    /// A page of one visitor.
    static func visitor(
        _ markup: Markup, status: Int = 200, fields: [(name: String, value: String)] = []
    ) -> HTTPResponse {
        HTTPResponse(
            status: status, type: page,
            fields: [(name: "Cache-Control", value: privately)] + protection + fields,
            body: HTTPBody(markup.bytes))
    }
    static func visitor(
        _ json: JSON, status: Int = 200, fields: [(name: String, value: String)] = []
    ) -> HTTPResponse {
        HTTPResponse(
            status: status, type: self.json, fields: [(name: "Cache-Control", value: privately)] + fields,
            body: HTTPBody(json.encoded()))
    }
    /// Sends a browser that posted a form to a page.
    static func seeOther(_ path: String, fields: [(name: String, value: String)] = []) -> HTTPResponse {
        HTTPResponse(
            HTTPContent(
                status: 303,
                fields: [(name: "Location", value: path), (name: "Cache-Control", value: privately)] + fields)
        )
    }

    /// Something of the page that lives for a moment and has two shapes.
    static func fragment(_ body: HTTPBody, isJSON: Bool, life: Int, tags: [String]) -> HTTPResponse {
        HTTPResponse(
            status: 200, type: isJSON ? json : page,
            fields: [
                (name: "Cache-Control", value: "public, max-age=\(life)"), (name: "Vary", value: "Accept"),
                (name: "Surrogate-Key", value: tags.joined(separator: " ")),
                (name: "X-Content-Type-Options", value: "nosniff"),
            ], body: body)
    }

    /// A file with a fingerprint in its name.
    static func file(_ type: String, _ text: String) -> HTTPContent {
        HTTPContent(
            fields: [
                (name: "Content-Type", value: type), (name: "Cache-Control", value: year),
                (name: "X-Content-Type-Options", value: "nosniff"),
            ], body: HTTPBody(text))
    }

    /// The content itself, or 304 if the client has it (RFC 9110, section 13.1.2).
    static func conditional(_ content: HTTPContent, _ request: HTTPRequest) -> HTTPResponse {
        guard let wanted = request.fieldText("if-none-match"), let tag = content.field("etag") else {
            return HTTPResponse(content)
        }
        let isKnown = wanted.split(separator: ",").contains { part in
            let text = CatalogueColumns.trimmed(String(part))
            return text == "*" || text == tag || text == "W/" + tag
        }
        guard isKnown else { return HTTPResponse(content) }
        let kept = content.fields.filter {
            !["content-type", "content-length"].contains($0.name.lowercased())
        }
        return HTTPResponse(HTTPContent(status: 304, fields: kept))
    }
}
