import ModuleKit

/// The request fields that select among the stored responses of one resource (RFC 9111, section 4.1).
final class VaryFields: Sendable {
    /// Lower case, sorted, each once.
    let names: [[UInt8]]
    private static let encoding = Array("accept-encoding".utf8)

    /// Of the values of all `Vary` fields; nil if none names a field.
    init?(_ values: [String]) {
        var names: [[UInt8]] = []
        for value in values {
            for name in value.utf8.split(separator: UInt8(ascii: ",")) {
                let bytes = name.filter { $0 != 32 && $0 != 9 }.map(ByteText.lower)
                if !bytes.isEmpty, !names.contains(bytes) { names.append(bytes) }
            }
        }
        guard !names.isEmpty else { return nil }
        self.names = names.sorted { $0.lexicographicallyPrecedes($1) }
    }

    /// `Vary: *`: no stored response may be used again.
    var isAny: Bool { names.contains([UInt8(ascii: "*")]) }

    /// Writes what the request has in these fields in a form that is equal for requests that get the
    /// same response. `Accept-Encoding` counts by what it accepts; of others the white space is
    /// normalised.
    func select(_ request: borrowing HTTPRequest, into result: inout [UInt8]) {
        result.removeAll(keepingCapacity: true)
        for name in names {
            if name == Self.encoding {
                result.append(AcceptEncoding(request).rawValue)
            } else {
                append(name, of: request, to: &result)
            }
            result.append(0)
        }
    }

    private func append(_ name: [UInt8], of request: borrowing HTTPRequest, to result: inout [UInt8]) {
        var isFirst = true
        for index in 0..<Int(request.fieldCount) {
            let field = request.field(at: index)
            guard Int(field.name.count) == name.count, Self.isEqual(request.bytes(field.name), name) else {
                continue
            }
            result.append(isFirst ? 1 : UInt8(ascii: ","))
            isFirst = false
            var isSpaced = false
            for byte in ByteText.trimmed(request.bytes(field.value)) {
                if ByteText.isSpace(byte) {
                    isSpaced = true
                    continue
                }
                if isSpaced, byte != UInt8(ascii: ","), result.last != UInt8(ascii: ",") {
                    result.append(32)
                }
                isSpaced = false
                result.append(byte)
            }
        }
    }

    private static func isEqual(_ bytes: UnsafeRawBufferPointer, _ name: [UInt8]) -> Bool {
        for index in 0..<name.count where ByteText.lower(bytes[index]) != name[index] { return false }
        return true
    }
}
