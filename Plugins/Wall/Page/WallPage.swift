import ModuleKit

/// The page, put together once: it loads nothing else.
struct WallPage {
    private let content: HTTPContent
    private let unchanged: HTTPContent
    private let tag: String
    /// The whole document.
    let html: String

    /// - Parameter title: stands at the top; any text.
    init(title: String) {
        let name = HTTPText.htmlEscaped(title)
        html =
            WallMarkup.beginning(title: name) + "<style>" + WallStyle.text + "</style>"
            + WallMarkup.body(title: name) + "<script>" + WallScript.text + "</script>" + WallMarkup.end
        tag = "\"" + String(StableHash.hash(html), radix: 16) + "\""
        let fields = [
            (name: "Content-Type", value: "text/html; charset=utf-8"),
            (name: "Cache-Control", value: "no-cache"),
            (name: "ETag", value: tag),
            (
                name: "Content-Security-Policy",
                value: "default-src 'none'; style-src 'unsafe-inline'; script-src 'unsafe-inline'; "
                    + "connect-src 'self'; img-src data:; base-uri 'none'; form-action 'none'"
            ),
            (name: "X-Content-Type-Options", value: "nosniff"),
            (name: "Referrer-Policy", value: "no-referrer"),
        ]
        content = HTTPContent(fields: fields, body: HTTPBody(html))
        unchanged = HTTPContent(status: 304, fields: fields)
    }

    func answer(_ request: HTTPRequest) -> HTTPResponse {
        let known = request.fieldTexts("if-none-match").contains { line in
            line.split(separator: ",").contains { tagOf($0) == tag || tagOf($0) == "*" }
        }
        return HTTPResponse(known ? unchanged : content)
    }

    private func tagOf(_ text: Substring) -> Substring {
        let trimmed = text.drop { $0 == " " }.prefix { $0 != " " }
        return trimmed.hasPrefix("W/") ? trimmed.dropFirst(2) : trimmed
    }
}
