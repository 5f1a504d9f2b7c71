import Glibc
import ModuleKit

/// What a response is validated by (RFC 9110, section 8.8).
struct Validators {
    /// The entity tag with its quotes, without `W/`; empty if there is none.
    var tag: [UInt8] = []
    var isWeak = false
    /// `Last-Modified` as it came, and in seconds since 1970; nil if absent or no date.
    var lastModifiedText: String?
    var lastModified: Int?

    init() {}
    init(tag text: String?, lastModified: String?) {
        if let text {
            isWeak = text.hasPrefix("W/")
            let tag = Array((isWeak ? text.dropFirst(2) : text[...]).utf8)
            if tag.count >= 2, tag.first == UInt8(ascii: "\""), tag.last == UInt8(ascii: "\"") {
                self.tag = tag
            }
        }
        self.lastModified = lastModified.flatMap(HTTPDate.seconds)
        lastModifiedText = self.lastModified == nil ? nil : lastModified
    }

    var isEmpty: Bool { tag.isEmpty && lastModified == nil }
    /// As in a field; nil if there is none.
    var tagText: String? {
        tag.isEmpty ? nil : (isWeak ? "W/" : "") + String(decoding: tag, as: UTF8.self)
    }

    /// Whether `If-None-Match` names what is stored: `*` or a list, compared weakly.
    func isNamed(in list: UnsafeRawBufferPointer) -> Bool {
        var index = 0
        while index < list.count {
            let byte = list[index]
            if ByteText.isSpace(byte) || byte == UInt8(ascii: ",") {
                index += 1
                continue
            }
            if byte == UInt8(ascii: "*") { return true }
            if byte == UInt8(ascii: "W"), index + 1 < list.count, list[index + 1] == UInt8(ascii: "/") {
                index += 2
            }
            guard index < list.count, list[index] == UInt8(ascii: "\"") else { return false }
            let start = index
            index += 1
            while index < list.count, list[index] != UInt8(ascii: "\"") { index += 1 }
            guard index < list.count else { return false }
            index += 1
            if isEqual(UnsafeRawBufferPointer(rebasing: list[start..<index])) { return true }
        }
        return false
    }

    private func isEqual(_ other: UnsafeRawBufferPointer) -> Bool {
        guard other.count == tag.count, let bytes = other.baseAddress else { return false }
        return tag.withUnsafeBytes { $0.baseAddress.map { memcmp($0, bytes, other.count) == 0 } ?? false }
    }

    /// Whether what is stored has not changed since the date of `If-Modified-Since`.
    func isUnmodified(since text: String) -> Bool {
        guard let lastModified, let date = HTTPDate.seconds(text) else { return false }
        return lastModified <= date
    }

    /// Whether an `If-Range` allows a part: a strong tag that is equal, or the same date.
    func allowsRange(_ field: UnsafeRawBufferPointer) -> Bool {
        if field.first == UInt8(ascii: "\"") { return !isWeak && isEqual(field) }
        guard let lastModified else { return false }
        return HTTPDate.seconds(String(decoding: field, as: UTF8.self)) == lastModified
    }
}
