/// Descriptions as merchants write them, made fit for the shop's pages.
enum BodyText {
    /// Elements that descriptions may have; everything else is left out, its text kept.
    private static let allowed: Set<String> = [
        "p", "br", "b", "strong", "i", "em", "u", "ul", "ol", "li", "h2", "h3", "h4", "h5", "h6", "dl", "dt",
        "dd", "table", "thead", "tbody", "tr", "th", "td", "blockquote", "sub", "sup", "small", "hr", "code",
    ]
    /// Elements whose content is no text either.
    private static let silent: Set<String> = ["script", "style", "template", "iframe", "svg", "noscript"]
    private static let empty: Set<String> = ["br", "hr"]
    private static let depthLimit = 32

    /// One piece of the text.
    private enum Piece {
        case text(Substring)
        case open(String)
        case close(String)
    }

    /// The same text with only harmless elements, none of them with attributes, each closed: nothing is
    /// loaded from other hosts and no page can be broken.
    static func markup(_ html: String) -> Markup {
        var result = ""
        var open: [String] = []
        var silence: String?
        for piece in pieces(html) {
            switch piece {
            case .text(let text):
                if silence == nil { result += escaped(text) }
            case .open(let name):
                if silence != nil { continue }
                if silent.contains(name) {
                    silence = name
                } else if empty.contains(name) {
                    result += "<\(name)>"
                } else if allowed.contains(name), open.count < depthLimit {
                    // A paragraph ends where the next begins.
                    if name == "p" || name == "li", open.last == name {
                        result += "</\(name)>"
                        open.removeLast()
                    }
                    result += "<\(name)>"
                    open.append(name)
                }
            case .close(let name):
                if silence == name { silence = nil }
                guard silence == nil, let place = open.lastIndex(of: name) else { continue }
                while open.count > place { result += "</\(open.removeLast())>" }
            }
        }
        while let name = open.popLast() { result += "</\(name)>" }
        return Markup(trusted: result)
    }

    /// The text alone, with single spaces.
    static func plain(_ html: String) -> String {
        var result = ""
        var silence: String?
        for piece in pieces(html) {
            switch piece {
            case .text(let text): if silence == nil { result += decoded(text) }
            case .open(let name):
                if silence == nil, silent.contains(name) { silence = name }
                if !["b", "i", "em", "strong", "u"].contains(name) { result += " " }
            case .close(let name): if silence == name { silence = nil }
            }
        }
        return result.split { $0.isWhitespace }.joined(separator: " ")
    }

    /// The beginning of the plain text, cut after a word.
    static func summary(_ html: String, limit: Int = 155) -> String {
        let text = plain(html)
        guard text.count > limit else { return text }
        let cut = text.prefix(limit)
        let end = cut.lastIndex(of: " ") ?? cut.endIndex
        return String(cut[..<end]) + "…"
    }

    private static func pieces(_ html: String) -> [Piece] {
        var result: [Piece] = []
        var rest = Substring(html)
        // Once nothing more closes an element, it is not looked for at each "<" again.
        var mayClose = true
        while let start = rest.firstIndex(of: "<") {
            if start > rest.startIndex { result.append(.text(rest[..<start])) }
            rest = rest[start...]
            if rest.hasPrefix("<!--") {
                rest = after("-->", in: rest)
                continue
            }
            let inner = rest.dropFirst()
            let isClosing = inner.first == "/"
            let name = inner.drop { $0 == "/" }.prefix { $0.isASCII && ($0.isLetter || $0.isNumber) }
            let isElement = mayClose && (!name.isEmpty || inner.first == "!")
            let end = isElement ? rest.firstIndex(of: ">") : nil
            if isElement, end == nil { mayClose = false }
            guard let end else {
                // A "<" that begins nothing.
                result.append(.text(rest.prefix(1)))
                rest = inner
                continue
            }
            let lower = name.lowercased()
            if !lower.isEmpty { result.append(isClosing ? .close(lower) : .open(lower)) }
            rest = rest[rest.index(after: end)...]
        }
        if !rest.isEmpty { result.append(.text(rest)) }
        return result
    }

    private static func after(_ mark: String, in text: Substring) -> Substring {
        var rest = text
        while !rest.isEmpty {
            if rest.hasPrefix(mark) { return rest.dropFirst(mark.count) }
            rest = rest.dropFirst()
        }
        return rest
    }

    /// Escapes what is not yet a character reference.
    private static func escaped(_ text: Substring) -> String {
        var result = ""
        var index = text.startIndex
        while index < text.endIndex {
            let character = text[index]
            switch character {
            case "<": result += "&lt;"
            case ">": result += "&gt;"
            case "\"": result += "&quot;"
            case "&":
                let reference = text[index...].dropFirst().prefix(12)
                let name = reference.prefix { $0.isASCII && ($0.isLetter || $0.isNumber || $0 == "#") }
                let isReference = !name.isEmpty && reference.dropFirst(name.count).first == ";"
                result += isReference ? "&" : "&amp;"
            default: result.append(character)
            }
            index = text.index(after: index)
        }
        return result
    }

    private static func decoded(_ text: Substring) -> String {
        guard text.contains("&") else { return String(text) }
        var result = String(text)
        for (reference, character) in [
            ("&nbsp;", " "), ("&lt;", "<"), ("&gt;", ">"), ("&quot;", "\""), ("&#39;", "'"), ("&amp;", "&"),
        ] {
            result = replaced(result, reference, character)
        }
        return result
    }

    private static func replaced(_ text: String, _ mark: String, _ replacement: String) -> String {
        var result = ""
        var rest = Substring(text)
        while let start = rest.firstIndex(of: "&") {
            result += rest[..<start]
            rest = rest[start...]
            if rest.hasPrefix(mark) {
                result += replacement
                rest = rest.dropFirst(mark.count)
            } else {
                result += "&"
                rest = rest.dropFirst()
            }
        }
        return result + rest
    }
}
