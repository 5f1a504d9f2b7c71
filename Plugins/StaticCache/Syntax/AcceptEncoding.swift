import ModuleKit

/// The content codings that a client takes (RFC 9110, section 12.5.3), as far as they make a difference.
struct AcceptEncoding: OptionSet, Equatable {
    let rawValue: UInt8
    static let gzip = AcceptEncoding(rawValue: 1)
    static let brotli = AcceptEncoding(rawValue: 2)
    static let zstandard = AcceptEncoding(rawValue: 4)
    /// `identity;q=0`: not without a coding.
    static let codedOnly = AcceptEncoding(rawValue: 8)

    init(rawValue: UInt8) { self.rawValue = rawValue }

    /// Of all fields of a request: a coding counts unless its q-value is 0.
    init(_ request: borrowing HTTPRequest) {
        var accepted: AcceptEncoding = []
        for index in 0..<Int(request.fieldCount) {
            let field = request.field(at: index)
            guard field.name.count == 15,
                HTTPText.equalsIgnoringCase(request.bytes(field.name), "accept-encoding")
            else { continue }
            accepted.add(request.bytes(field.value))
        }
        self = accepted
    }

    init(_ text: String) {
        self = []
        var text = text
        text.withUTF8 { add(UnsafeRawBufferPointer($0)) }
    }

    private mutating func add(_ list: UnsafeRawBufferPointer) {
        var refused: AcceptEncoding = []
        var acceptsAll = false
        var start = 0
        while start < list.count {
            let end = list[start...].firstIndex(of: UInt8(ascii: ",")) ?? list.count
            let item = UnsafeRawBufferPointer(rebasing: list[start..<end])
            start = end + 1
            let nameEnd = item.firstIndex(of: UInt8(ascii: ";")) ?? item.count
            let name = ByteText.trimmed(UnsafeRawBufferPointer(rebasing: item[..<nameEnd]))
            let isRefused = Self.isZero(UnsafeRawBufferPointer(rebasing: item[nameEnd...]))
            if name.count == 1, name[0] == UInt8(ascii: "*") {
                acceptsAll = !isRefused
                if isRefused { refused.insert(.codedOnly) }
            } else if HTTPText.equalsIgnoringCase(name, "identity") {
                if isRefused { insert(.codedOnly) }
            } else if let coding = Self.coding(name) {
                if isRefused { refused.insert(coding) } else { insert(coding) }
            }
        }
        if acceptsAll { formUnion([.gzip, .brotli, .zstandard]) }
        subtract(refused.intersection([.gzip, .brotli, .zstandard]))
        if refused.contains(.codedOnly) { insert(.codedOnly) }
    }

    private static func coding(_ name: UnsafeRawBufferPointer) -> AcceptEncoding? {
        if HTTPText.equalsIgnoringCase(name, "gzip") || HTTPText.equalsIgnoringCase(name, "x-gzip") {
            return .gzip
        }
        if HTTPText.equalsIgnoringCase(name, "br") { return .brotli }
        return HTTPText.equalsIgnoringCase(name, "zstd") ? .zstandard : nil
    }

    /// Whether the parameters hold `q=0`, `q=0.0`, …
    private static func isZero(_ parameters: UnsafeRawBufferPointer) -> Bool {
        guard let equals = parameters.firstIndex(of: UInt8(ascii: "=")), equals > 0,
            ByteText.lower(parameters[equals - 1]) == UInt8(ascii: "q")
        else { return false }
        let value = ByteText.trimmed(UnsafeRawBufferPointer(rebasing: parameters[(equals + 1)...]))
        guard value.first == UInt8(ascii: "0") else { return false }
        return value.allSatisfy { $0 == UInt8(ascii: "0") || $0 == UInt8(ascii: ".") }
    }
}
