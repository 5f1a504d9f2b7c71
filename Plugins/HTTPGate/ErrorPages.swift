import ModuleKit

/// The gate's own answers: a problem (RFC 9457) or, for those who ask for one, a page. Made once for
/// each status.
final class ErrorPages {
    private var known: [(status: Int, isPage: Bool, response: HTTPResponse)] = []

    func response(
        _ status: Int, _ wantsPage: Bool, fields: [(name: String, value: String)] = []
    ) -> HTTPResponse {
        if fields.isEmpty, let old = known.first(where: { $0.status == status && $0.isPage == wantsPage }) {
            return old.response
        }
        let fresh = Self.make(status, wantsPage, fields)
        if fields.isEmpty { known.append((status, wantsPage, fresh)) }
        return fresh
    }

    private static func make(
        _ status: Int, _ wantsPage: Bool, _ own: [(name: String, value: String)]
    ) -> HTTPResponse {
        var fields = own + [(name: "Cache-Control", value: "no-store")]
        if status == 503 { fields.append((name: "Retry-After", value: "1")) }
        let title = HTTPStatus.reason(status)
        guard wantsPage else {
            return HTTPResponse(problem: status, title, detail: explanation(status), fields: fields)
        }
        let page = """
            <!doctype html><html lang="en"><head><meta charset="utf-8">\
            <meta name="viewport" content="width=device-width,initial-scale=1"><title>\(title)</title>\
            <style>:root{color-scheme:light dark}body{font:1.1rem/1.5 system-ui,sans-serif;margin:15vh auto;\
            max-width:32rem;padding:0 1rem}</style></head><body><main><h1>\(title)</h1>\
            <p>\(explanation(status))</p><p><a href="/">To the shop</a></p></main></body></html>

            """
        return HTTPResponse(
            status: status, type: "text/html; charset=utf-8", fields: fields, body: HTTPBody(page))
    }

    private static func explanation(_ status: Int) -> String {
        switch status {
        case 404: "There is nothing at this address."
        case 405: "This address does not take this kind of request."
        case 501: "This kind of request is not known here."
        case 503: "Too much is going on right now. Please try again in a moment."
        case 504: "This took too long. Please try again."
        default: "This did not work."
        }
    }

    /// Whether the client prefers a page: `text/html` stands in its `Accept`, and no JSON before it.
    static func wantsPage(_ request: HTTPRequest) -> Bool {
        guard let accept = request.field("accept") else { return false }
        let text = request.text(accept)
        guard let html = text.firstRange(of: "text/html") else { return false }
        guard let json = text.firstRange(of: "json") else { return true }
        return html.lowerBound < json.lowerBound
    }
}
