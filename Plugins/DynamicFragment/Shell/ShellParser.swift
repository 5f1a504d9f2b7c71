import Glibc
import ModuleKit

/// One `<esi:include>` as it stands in a shell (ESI Language Specification 1.0, section 3.1).
struct IncludeMarkup: Equatable {
    var source = ""
    var alternative: String?
    /// `onerror="continue"`: nothing stands in its place if it fails.
    var continuesOnError = false
    /// Nanoseconds; nil for the setting's.
    var timeout: UInt64?
    /// Whether the visitor's cookies are for it; nil for the settings' word.
    var takesCookies: Bool?
    /// The element that holds its place when the browser loads it.
    var element = "div"
    /// What is shown if it cannot be had: the text between the tags, as a range of the shell.
    var fallback = 0..<0
}

/// Takes a page shell apart into text and includes.
///
/// Knows `<esi:include …/>`, `<esi:include …>fallback</esi:include>`, `<esi:remove>…</esi:remove>`,
/// `<esi:comment …/>` and `<!--esi … -->`. What is not well-formed stays text. Reads each byte a
/// bounded number of times, whatever the shell holds.
struct ShellParser {
    enum Part: Equatable {
        case text(Range<Int>)
        case include(IncludeMarkup)
    }
    private let bytes: UnsafeRawBufferPointer
    private let limit: Int
    private var parts: [Part] = []
    private var includes = 0
    /// Closing marks that the rest of the shell does not have: they are not looked for again.
    private var absent: [String] = []

    /// - Parameter limit: how many includes there may be; further ones are replaced by their fallback.
    static func parse(_ bytes: UnsafeRawBufferPointer, limit: Int) -> [Part] {
        var parser = ShellParser(bytes, limit)
        parser.parse(0..<bytes.count, inComment: false)
        return parser.parts
    }

    private init(_ bytes: UnsafeRawBufferPointer, _ limit: Int) {
        self.bytes = bytes
        self.limit = limit
    }

    private mutating func parse(_ range: Range<Int>, inComment: Bool) {
        var textStart = range.lowerBound
        var index = range.lowerBound
        while let found = next(UInt8(ascii: "<"), index..<range.upperBound) {
            guard let end = special(at: found, range.upperBound, textStart, inComment) else {
                index = found + 1
                continue
            }
            index = end
            textStart = end
        }
        addText(textStart..<range.upperBound)
    }

    /// Handles what begins at a `<`; answers where it ends, or nil if it is text.
    private mutating func special(
        at start: Int, _ end: Int, _ textStart: Int, _ inComment: Bool
    ) -> Int? {
        if has("<esi:include", at: start), let tag = tag(start + 12, end) {
            addText(textStart..<start)
            return include(tag, end)
        }
        if has("<esi:comment", at: start), let tag = tag(start + 12, end) {
            addText(textStart..<start)
            return tag.end
        }
        if has("<esi:remove>", at: start), let close = find("</esi:remove>", (start + 12)..<end) {
            addText(textStart..<start)
            return close + 13
        }
        if !inComment, has("<!--esi", at: start), start + 7 < end, Self.isSpace(bytes[start + 7]),
            let close = find("-->", (start + 7)..<end)
        {
            addText(textStart..<start)
            parse((start + 8)..<max(start + 8, close), inComment: true)
            return close + 3
        }
        return nil
    }

    private mutating func include(_ tag: Tag, _ end: Int) -> Int {
        var markup = tag.markup
        var next = tag.end
        if !tag.isClosed, let close = find("</esi:include>", tag.end..<end) {
            let other = find("<esi:include", tag.end..<close)
            if other == nil {
                markup.fallback = tag.end..<close
                next = close + 14
            }
        }
        includes += 1
        if includes > limit { addText(markup.fallback) } else { parts.append(.include(markup)) }
        return next
    }

    private mutating func addText(_ range: Range<Int>) {
        if !range.isEmpty { parts.append(.text(range)) }
    }

    // MARK: tags

    private struct Tag {
        var markup: IncludeMarkup
        var end: Int
        var isClosed: Bool
    }

    /// Reads attributes up to the `>`; nil if they are not well-formed.
    private func tag(_ start: Int, _ end: Int) -> Tag? {
        var markup = IncludeMarkup()
        var index = start
        while true {
            let before = index
            while index < end, Self.isSpace(bytes[index]) { index += 1 }
            guard index < end else { return nil }
            if bytes[index] == UInt8(ascii: ">") {
                return Tag(markup: markup, end: index + 1, isClosed: false)
            }
            if bytes[index] == UInt8(ascii: "/"), index + 1 < end, bytes[index + 1] == UInt8(ascii: ">") {
                return Tag(markup: markup, end: index + 2, isClosed: true)
            }
            // An attribute needs white space before it: <esi:includes> is another element.
            guard index > before, let attribute = attribute(&index, end) else { return nil }
            Self.note(attribute.name, attribute.value, in: &markup)
        }
    }

    private func attribute(_ index: inout Int, _ end: Int) -> (name: String, value: String)? {
        let nameStart = index
        while index < end, Self.isName(bytes[index]) { index += 1 }
        let name = String(decoding: bytes[nameStart..<index], as: UTF8.self).lowercased()
        guard !name.isEmpty, index + 1 < end, bytes[index] == UInt8(ascii: "=") else { return nil }
        let quote = bytes[index + 1]
        guard quote == UInt8(ascii: "\"") || quote == UInt8(ascii: "'"),
            let close = next(quote, (index + 2)..<min(end, index + 2 + 4096))
        else { return nil }
        let value = String(decoding: bytes[(index + 2)..<close], as: UTF8.self)
        index = close + 1
        return (name, Self.unescaped(value))
    }

    private static func note(_ name: String, _ value: String, in markup: inout IncludeMarkup) {
        switch name {
        case "src": markup.source = value
        case "alt": markup.alternative = value
        case "onerror": markup.continuesOnError = value == "continue"
        case "timeout": markup.timeout = milliseconds(value).map { $0 * 1_000_000 }
        case "cookies": markup.takesCookies = value != "no" && value != "false"
        case "element" where isElement(value): markup.element = value
        default: break
        }
    }

    /// `250`, `250ms` or `2s`; at most a minute.
    private static func milliseconds(_ text: String) -> UInt64? {
        let digits = text.prefix { $0.isASCII && $0.isNumber }
        // in range: at most nine digits, and text that is no number gives nil
        guard (1...9).contains(digits.count), let number = UInt64(digits) else { return nil }
        switch text.dropFirst(digits.count) {
        case "", "ms": return min(number, 60_000)
        case "s": return min(number * 1_000, 60_000)
        default: return nil
        }
    }

    private static func isElement(_ text: String) -> Bool {
        (1...16).contains(text.utf8.count) && text.utf8.allSatisfy { $0 &- 97 < 26 }
    }

    private static func unescaped(_ text: String) -> String {
        guard text.utf8.contains(UInt8(ascii: "&")) else { return text }
        var result = ""
        var rest = text[...]
        let names = [("&amp;", "&"), ("&quot;", "\""), ("&#39;", "'"), ("&lt;", "<"), ("&gt;", ">")]
        while let first = rest.first {
            if first == "&", let known = names.first(where: { rest.hasPrefix($0.0) }) {
                result += known.1
                rest = rest.dropFirst(known.0.count)
            } else {
                result.append(first)
                rest = rest.dropFirst()
            }
        }
        return result
    }

    // MARK: bytes

    private static func isSpace(_ byte: UInt8) -> Bool {
        byte == 32 || byte == 9 || byte == 10 || byte == 13
    }
    private static func isName(_ byte: UInt8) -> Bool {
        byte | 0x20 &- 97 < 26 || byte == UInt8(ascii: "-")
    }

    private func next(_ byte: UInt8, _ range: Range<Int>) -> Int? {
        guard let base = bytes.baseAddress, !range.isEmpty,
            // in range: a byte
            let found = memchr(base + range.lowerBound, Int32(byte), range.count)
        else { return nil }
        return UnsafeRawPointer(found) - base
    }

    private func has(_ text: StaticString, at index: Int) -> Bool {
        guard let base = bytes.baseAddress, index + text.utf8CodeUnitCount <= bytes.count else {
            return false
        }
        return memcmp(base + index, text.utf8Start, text.utf8CodeUnitCount) == 0
    }

    private mutating func find(_ text: StaticString, _ range: Range<Int>) -> Int? {
        let name = "\(text)"
        // Once it is not in what is left of the shell, it will not be.
        if range.upperBound == bytes.count, absent.contains(name) { return nil }
        var index = range.lowerBound
        while let found = next(text.utf8Start[0], index..<range.upperBound) {
            if found + text.utf8CodeUnitCount <= range.upperBound, has(text, at: found) { return found }
            index = found + 1
        }
        if range.upperBound == bytes.count { absent.append(name) }
        return nil
    }
}
