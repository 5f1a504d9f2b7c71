import ModuleKit

/// One place that fragments come from, shared by all shells that include it.
///
/// Keeps the last good answer: shown when the next one is late or fails and, where no cache stands
/// behind the link, used again for its life.
final class FragmentSource {
    let path: String
    /// What is asked when nothing of the visitor goes along: the same request each time.
    let request: HTTPRequest
    let takesCookies: Bool
    /// The feature that it belongs to; nil if none.
    let feature: String?

    /// The last good answer that was for all; nil if there is none.
    @exclusivity(unchecked) var copy: HTTPContent?
    /// Until when it is used without asking, and until when it may be shown instead of a failure.
    @exclusivity(unchecked) var freshUntil: UInt64 = 0
    @exclusivity(unchecked) var keepUntil: UInt64 = 0

    init(_ path: String, host: String, takesCookies: Bool, feature: String?) {
        self.path = path
        self.takesCookies = takesCookies
        self.feature = feature
        request = HTTPRequest(.get, path, host: host, fields: [(name: "accept", value: "text/html")])
    }

    /// The longest path that is taken.
    static let longest = 2048

    /// Whether it is a path of this shop and nothing else: no other host, no way up, nothing that a
    /// request line cannot hold.
    static func isLocal(_ path: String) -> Bool {
        let bytes = Array(path.utf8)
        guard bytes.first == UInt8(ascii: "/"), bytes.count <= longest else { return false }
        if bytes.count > 1, bytes[1] == UInt8(ascii: "/") { return false }
        let forbidden = Array("\\\"<>^`{|}#".utf8)
        guard bytes.allSatisfy({ $0 > 32 && $0 < 127 && !forbidden.contains($0) }) else { return false }
        let target = bytes.prefix { $0 != UInt8(ascii: "?") }
        let decoded = HTTPText.percentDecoded(target)
        return !decoded.split(separator: "/").contains { $0 == ".." || $0 == "." }
            && !decoded.utf8.contains { $0 < 32 || $0 == UInt8(ascii: "\\") }
    }
}

/// For how long and for whom an answer is (RFC 9111, section 5.2.2), as far as fragments need it.
struct FragmentLife: Equatable {
    /// Whether it is for all visitors.
    var isPublic = true
    /// Nanoseconds; 0 if nothing is said.
    var lifetime: UInt64 = 0

    init(_ content: HTTPContent) {
        var (maxAge, sharedMaxAge): (UInt64?, UInt64?)
        var mayBeFresh = true
        for field in content.fields {
            switch field.name.lowercased() {
            case "set-cookie": isPublic = false
            case "vary":
                // Which of the visitor's fields count is a cache's affair.
                if field.value.lowercased() != "accept-encoding" { mayBeFresh = false }
            case "cache-control":
                for directive in field.value.split(separator: ",") {
                    let text = directive.filter { $0 != " " && $0 != "\t" }.lowercased()
                    if text.hasPrefix("private") || text == "no-store" { isPublic = false }
                    if text.hasPrefix("no-cache") { mayBeFresh = false }
                    if text.hasPrefix("max-age=") { maxAge = maxAge ?? UInt64(text.dropFirst(8)) ?? 0 }
                    if text.hasPrefix("s-maxage=") {
                        sharedMaxAge = sharedMaxAge ?? UInt64(text.dropFirst(9)) ?? 0
                    }
                }
            default: break
            }
        }
        if isPublic, mayBeFresh {
            lifetime = min(sharedMaxAge ?? maxAge ?? 0, 31_536_000) * 1_000_000_000
        }
    }
}
