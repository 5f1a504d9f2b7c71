import ModuleKit

/// What a `Range` field asks of a body (RFC 9110, section 14).
enum ByteRange: Equatable {
    /// The whole body: no range, another unit, bad syntax, or several ranges (which a server may
    /// ignore, and which are a way to make it work hard).
    case whole
    case part(Range<Int>)
    case unsatisfiable

    init(parsing field: UnsafeRawBufferPointer, count: Int) {
        self = .whole
        let unit: StaticString = "bytes="
        guard field.count > unit.utf8CodeUnitCount,
            HTTPText.equalsIgnoringCase(
                UnsafeRawBufferPointer(rebasing: field[..<unit.utf8CodeUnitCount]), unit)
        else { return }
        let range = ByteText.trimmed(UnsafeRawBufferPointer(rebasing: field[unit.utf8CodeUnitCount...]))
        guard let hyphen = range.firstIndex(of: UInt8(ascii: "-")),
            !range.contains(UInt8(ascii: ","))
        else { return }
        let first = range[..<hyphen]
        let last = range[(hyphen + 1)...]
        switch (Self.number(first), Self.number(last)) {
        case (nil, let suffix?) where first.isEmpty:
            self = suffix == 0 || count == 0 ? .unsatisfiable : .part(max(0, count - suffix)..<count)
        case (let start?, nil) where last.isEmpty:
            self = start < count ? .part(start..<count) : .unsatisfiable
        case (let start?, let end?) where start <= end:
            self = start < count ? .part(start..<min(end + 1, count)) : .unsatisfiable
        default: return
        }
    }

    /// Digits, at most 15 of them: no overflow.
    private static func number(_ bytes: Slice<UnsafeRawBufferPointer>) -> Int? {
        guard (1...15).contains(bytes.count) else { return nil }
        var result = 0
        for byte in bytes {
            guard byte &- 48 < 10 else { return nil }
            result = result * 10 + Int(byte - 48)
        }
        return result
    }
}
