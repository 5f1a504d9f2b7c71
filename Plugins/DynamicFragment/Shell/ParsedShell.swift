import ModuleKit

/// A page shell taken apart once. Shared by all pages made of it.
final class ParsedShell {
    /// One include, with the places that it can come from.
    final class Include {
        let markup: IncludeMarkup
        /// Nil if its path is not one of this shop.
        let source: FragmentSource?
        let alternative: FragmentSource?
        let fallback: HTTPBody?

        init(
            _ markup: IncludeMarkup, source: FragmentSource?, alternative: FragmentSource?,
            fallback: HTTPBody?
        ) {
            self.markup = markup
            self.source = source
            self.alternative = alternative
            self.fallback = fallback
        }
    }
    enum Part {
        case text(HTTPBody)
        case include(Include)
    }
    /// Keeps the bytes alive that the parts lie in, and its identity taken.
    let content: HTTPContent
    let parts: [Part]
    let includeCount: Int
    /// The head's fields for pages made of it, without those of the shell alone.
    let fields: [(name: String, value: String)]

    /// The last page that was the same for all, with the pieces that it was put together from: made of
    /// the same pieces, the next page is the same.
    @exclusivity(unchecked) var assembled: (pieces: [HTTPBody], content: HTTPContent)?
    /// The page whose includes the browser loads, and the number of the degrade state it is for.
    @exclusivity(unchecked) var forBrowser: (content: HTTPContent, generation: Int)?

    init(_ content: HTTPContent, parts: [Part], cacheControl: String) {
        self.content = content
        self.parts = parts
        includeCount = parts.count { if case .include = $0 { true } else { false } }
        var fields: [(name: String, value: String)] = []
        for field in content.fields {
            switch field.name.lowercased() {
            case "content-length", "surrogate-control", "accept-ranges", "age": continue
            // With includes the page changes when the shell does not.
            case "cache-control", "expires", "etag", "last-modified":
                if includeCount == 0 { fields.append(field) }
            default: fields.append(field)
            }
        }
        if includeCount > 0 { fields.append((name: "Cache-Control", value: cacheControl)) }
        self.fields = fields
    }

    /// Whether a response is a shell: `Surrogate-Control: content="ESI/1.0"`.
    static func isShell(_ response: HTTPResponse, needsSurrogateControl: Bool) -> Bool {
        let content = response.content
        guard response.stream == nil, content.hasLength, !HTTPStatus.hasNoBody(content.status),
            content.status != 206
        else { return false }
        if let control = content.field("surrogate-control") {
            guard contains(control, "ESI/1.0") else { return false }
        } else if needsSurrogateControl {
            return false
        }
        guard let type = content.field("content-type"), type.lowercased().hasPrefix("text/html"),
            content.field("content-encoding") == nil
        else { return false }
        return true
    }

    private static func contains(_ text: String, _ part: String) -> Bool {
        var rest = text[...]
        while !rest.isEmpty {
            if rest.hasPrefix(part) { return true }
            rest = rest.dropFirst()
        }
        return false
    }
}

/// Shells taken apart lately, by the identity of their content: a cache gives out the same object as
/// long as the shell is the same, so it is neither parsed nor hashed again.
struct ShellShelf {
    private var shells: [ObjectIdentifier: ParsedShell] = [:]
    private var order: [ObjectIdentifier] = []
    private var oldest = 0
    let limit: Int

    init(limit: Int) { self.limit = limit }

    var count: Int { shells.count }
    func find(_ content: HTTPContent) -> ParsedShell? { shells[ObjectIdentifier(content)] }

    mutating func add(_ shell: ParsedShell) {
        let identity = ObjectIdentifier(shell.content)
        guard shells[identity] == nil else { return }
        if order.count < limit {
            order.append(identity)
        } else {
            shells[order[oldest]] = nil
            order[oldest] = identity
            oldest = (oldest + 1) % limit
        }
        shells[identity] = shell
    }
}
