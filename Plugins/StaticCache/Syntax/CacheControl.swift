import ModuleKit

/// The directives of `Cache-Control` (RFC 9111, section 5.2; RFC 5861), of a request or of a response.
///
/// Of a directive given twice the first counts. A life that is no number counts as over (section 4.2.1).
struct CacheControl: Equatable {
    /// Directives without a value.
    struct Flags: OptionSet {
        let rawValue: UInt16
        static let noStore = Flags(rawValue: 1)
        static let noCache = Flags(rawValue: 2)
        /// With field names too: leaving out single fields is allowed, but not asked for.
        static let isPrivate = Flags(rawValue: 4)
        static let isPublic = Flags(rawValue: 8)
        static let mustRevalidate = Flags(rawValue: 16)
        static let onlyIfCached = Flags(rawValue: 32)
        /// `max-stale` without a value: however stale.
        static let anyStale = Flags(rawValue: 64)
        static let immutable = Flags(rawValue: 128)
    }
    /// The longest life that is told apart, in seconds (RFC 9111, section 1.2.2).
    static let longest: UInt32 = 0x7FFF_FFFF

    var flags: Flags = []
    /// All in seconds; nil if not given.
    var maxAge: UInt32?
    var sharedMaxAge: UInt32?
    var minFresh: UInt32?
    var maxStale: UInt32?
    var staleWhileRevalidate: UInt32?
    var staleIfError: UInt32?

    init() {}
    init(_ text: String) { add(text) }

    /// Adds the directives of one more field line.
    mutating func add(_ text: String) {
        var text = text
        text.withUTF8 { add(UnsafeRawBufferPointer($0)) }
    }

    /// Adds the directives of one more field line.
    mutating func add(_ bytes: UnsafeRawBufferPointer) {
        var start = 0
        while start < bytes.count {
            var end = start
            var isQuoted = false
            while end < bytes.count, isQuoted || bytes[end] != UInt8(ascii: ",") {
                if bytes[end] == UInt8(ascii: "\\"), isQuoted {
                    end += 1
                } else if bytes[end] == UInt8(ascii: "\"") {
                    isQuoted.toggle()
                }
                end += 1
            }
            end = min(end, bytes.count)
            addDirective(ByteText.trimmed(UnsafeRawBufferPointer(rebasing: bytes[start..<end])))
            start = end + 1
        }
    }

    private mutating func addDirective(_ bytes: UnsafeRawBufferPointer) {
        let equals = bytes.firstIndex(of: UInt8(ascii: "="))
        let name = UnsafeRawBufferPointer(rebasing: bytes[..<(equals ?? bytes.count)])
        let value = equals.map { UnsafeRawBufferPointer(rebasing: bytes[($0 + 1)...]) }
        func isName(_ expected: StaticString) -> Bool { HTTPText.equalsIgnoringCase(name, expected) }
        switch name.count {
        case 6 where isName("public"): flags.insert(.isPublic)
        case 7 where isName("private"): flags.insert(.isPrivate)
        case 7 where isName("max-age"): maxAge = maxAge ?? Self.seconds(value) ?? 0
        case 8 where isName("no-store"): flags.insert(.noStore)
        case 8 where isName("no-cache"): flags.insert(.noCache)
        case 8 where isName("s-maxage"): sharedMaxAge = sharedMaxAge ?? Self.seconds(value) ?? 0
        case 9 where isName("min-fresh"): minFresh = minFresh ?? Self.seconds(value)
        case 9 where isName("immutable"): flags.insert(.immutable)
        case 9 where isName("max-stale"):
            if value == nil { flags.insert(.anyStale) }
            maxStale = maxStale ?? Self.seconds(value)
        case 14 where isName("only-if-cached"): flags.insert(.onlyIfCached)
        case 14 where isName("stale-if-error"): staleIfError = staleIfError ?? Self.seconds(value)
        case 15 where isName("must-revalidate"): flags.insert(.mustRevalidate)
        // A shared cache is what this directive is for.
        case 16 where isName("proxy-revalidate"): flags.insert(.mustRevalidate)
        case 22 where isName("stale-while-revalidate"):
            staleWhileRevalidate = staleWhileRevalidate ?? Self.seconds(value)
        default: break
        }
    }

    /// Delta-seconds, also in quotes; nil if it is no number.
    static func seconds(_ value: UnsafeRawBufferPointer?) -> UInt32? {
        guard var digits = value else { return nil }
        if digits.count >= 2, digits[0] == UInt8(ascii: "\""), digits[digits.count - 1] == UInt8(ascii: "\"")
        {
            digits = UnsafeRawBufferPointer(rebasing: digits[1..<(digits.count - 1)])
        }
        guard !digits.isEmpty else { return nil }
        var result: UInt64 = 0
        for byte in digits {
            guard byte &- 48 < 10 else { return nil }
            result = min(result * 10 + UInt64(byte - 48), UInt64(longest))
        }
        return UInt32(truncatingIfNeeded: result)
    }
}

/// Small parts of the syntax of fields, on bytes.
enum ByteText {
    /// Without spaces and tabs at both ends.
    static func trimmed(_ bytes: UnsafeRawBufferPointer) -> UnsafeRawBufferPointer {
        var (start, end) = (0, bytes.count)
        while start < end, isSpace(bytes[start]) { start += 1 }
        while end > start, isSpace(bytes[end - 1]) { end -= 1 }
        return UnsafeRawBufferPointer(rebasing: bytes[start..<end])
    }
    @inline(__always) static func isSpace(_ byte: UInt8) -> Bool { byte == 32 || byte == 9 }
    /// Lower case of an ASCII letter; other bytes as they are.
    @inline(__always) static func lower(_ byte: UInt8) -> UInt8 { byte &- 65 < 26 ? byte | 0x20 : byte }
}
