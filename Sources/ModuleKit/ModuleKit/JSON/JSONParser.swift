/// Why a text is no JSON.
public struct JSONError: Error, Sendable, CustomStringConvertible {
    /// What was expected.
    public let description: String
    /// Bytes from the beginning.
    public let offset: Int
}

extension JSON {
    /// Reads one value that fills the whole text. Strict: RFC 8259 and nothing more; no key twice in
    /// an object.
    /// - Parameters:
    ///   - depth: how deep arrays and objects may nest.
    ///   - limit: how many values the text may have in all.
    public init(
        parsing bytes: UnsafeRawBufferPointer, depth: Int = 32, limit: Int = 100_000
    ) throws(JSONError) {
        var parser = JSONParser(bytes: bytes, depth: depth, left: limit)
        self = try parser.document()
    }
    /// As above, of bytes in an array.
    public init(parsing bytes: [UInt8], depth: Int = 32, limit: Int = 100_000) throws(JSONError) {
        let result = bytes.withUnsafeBytes { buffer -> Result<JSON, JSONError> in
            Result { () throws(JSONError) in try JSON(parsing: buffer, depth: depth, limit: limit) }
        }
        self = try result.get()
    }
    /// As above, of a text, with the usual limits.
    public init(parsing text: String) throws(JSONError) { try self.init(parsing: Array(text.utf8)) }
}

private struct JSONParser {
    let bytes: UnsafeRawBufferPointer
    var depth: Int
    var left: Int
    var index = 0

    init(bytes: UnsafeRawBufferPointer, depth: Int, left: Int) {
        self.bytes = bytes
        self.depth = depth
        self.left = left
    }

    mutating func document() throws(JSONError) -> JSON {
        skipSpace()
        let value = try value()
        skipSpace()
        guard index == bytes.count else { throw wrong("the end of the text") }
        return value
    }

    private func wrong(_ expected: String) -> JSONError {
        JSONError(description: "expected \(expected) at byte \(index)", offset: index)
    }
    private var byte: UInt8? { index < bytes.count ? bytes[index] : nil }

    private mutating func skipSpace() {
        while let byte, byte == 32 || byte == 10 || byte == 13 || byte == 9 { index += 1 }
    }

    private mutating func value() throws(JSONError) -> JSON {
        left -= 1
        guard left >= 0 else { throw wrong("fewer values") }
        switch byte {
        case UInt8(ascii: "{"): return try object()
        case UInt8(ascii: "["): return try array()
        case UInt8(ascii: "\""): return .string(try string())
        case UInt8(ascii: "t"): return try word("true", .boolean(true))
        case UInt8(ascii: "f"): return try word("false", .boolean(false))
        case UInt8(ascii: "n"): return try word("null", .null)
        default: return try number()
        }
    }

    private mutating func word(_ word: StaticString, _ value: JSON) throws(JSONError) -> JSON {
        for offset in 0..<word.utf8CodeUnitCount {
            guard byte == word.utf8Start[offset] else { throw wrong("'\(word)'") }
            index += 1
        }
        return value
    }

    private mutating func enter() throws(JSONError) {
        depth -= 1
        guard depth >= 0 else { throw wrong("less nesting") }
        index += 1
        skipSpace()
    }

    /// Whether another member follows; takes the comma or the closing bracket.
    private mutating func goesOn(_ closing: UInt8) throws(JSONError) -> Bool {
        skipSpace()
        if byte == closing {
            index += 1
            depth += 1
            return false
        }
        guard byte == UInt8(ascii: ",") else { throw wrong("',' or '\(Character(UnicodeScalar(closing)))'") }
        index += 1
        skipSpace()
        return true
    }

    private mutating func array() throws(JSONError) -> JSON {
        try enter()
        var values: [JSON] = []
        if byte == UInt8(ascii: "]") {
            index += 1
            depth += 1
            return .array([])
        }
        repeat { values.append(try value()) } while try goesOn(UInt8(ascii: "]"))
        return .array(values)
    }

    private mutating func object() throws(JSONError) -> JSON {
        try enter()
        var members: [(String, JSON)] = []
        var names = Set<String>()
        if byte == UInt8(ascii: "}") {
            index += 1
            depth += 1
            return .object([])
        }
        repeat {
            guard byte == UInt8(ascii: "\"") else { throw wrong("a name in quotes") }
            let name = try string()
            guard names.insert(name).inserted else { throw wrong("each name once, but '\(name)' came again") }
            skipSpace()
            guard byte == UInt8(ascii: ":") else { throw wrong("':'") }
            index += 1
            skipSpace()
            members.append((name, try value()))
        } while try goesOn(UInt8(ascii: "}"))
        return .object(members)
    }

    private mutating func string() throws(JSONError) -> String {
        index += 1
        var result: [UInt8] = []
        while true {
            guard let byte else { throw wrong("'\"'") }
            index += 1
            switch byte {
            case UInt8(ascii: "\""):
                guard let text = String(validating: result, as: UTF8.self) else { throw wrong("valid UTF-8") }
                return text
            case UInt8(ascii: "\\"): try escape(into: &result)
            case 0..<32:
                index -= 1
                throw wrong("no control character")
            default: result.append(byte)
            }
        }
    }

    private mutating func escape(into result: inout [UInt8]) throws(JSONError) {
        guard let byte else { throw wrong("an escape") }
        index += 1
        switch byte {
        case UInt8(ascii: "\""), UInt8(ascii: "\\"), UInt8(ascii: "/"): result.append(byte)
        case UInt8(ascii: "b"): result.append(8)
        case UInt8(ascii: "f"): result.append(12)
        case UInt8(ascii: "n"): result.append(10)
        case UInt8(ascii: "r"): result.append(13)
        case UInt8(ascii: "t"): result.append(9)
        case UInt8(ascii: "u"):
            var code = try fourDigits()
            if (0xD800..<0xDC00).contains(code) {
                guard self.byte == UInt8(ascii: "\\"), index + 1 < bytes.count,
                    bytes[index + 1] == UInt8(ascii: "u")
                else { throw wrong("the second half of a surrogate pair") }
                index += 2
                let low = try fourDigits()
                guard (0xDC00..<0xE000).contains(low) else {
                    throw wrong("the second half of a surrogate pair")
                }
                code = 0x10000 + (code - 0xD800) << 10 + (low - 0xDC00)
            }
            guard let scalar = UnicodeScalar(code) else { throw wrong("a character") }
            result.append(contentsOf: String(Character(scalar)).utf8)
        default:
            index -= 1
            throw wrong("an escape")
        }
    }

    private mutating func fourDigits() throws(JSONError) -> UInt32 {
        var code: UInt32 = 0
        for _ in 0..<4 {
            guard let byte, let digit = HTTPText.hexadecimal(byte) else {
                throw wrong("four hexadecimal digits")
            }
            code = code << 4 | UInt32(digit)  // in range: below 16
            index += 1
        }
        return code
    }

    private mutating func digits() -> Int {
        let start = index
        while let byte, byte &- 48 < 10 { index += 1 }
        return index - start
    }

    private mutating func number() throws(JSONError) -> JSON {
        let start = index
        if byte == UInt8(ascii: "-") { index += 1 }
        let isZero = byte == UInt8(ascii: "0")
        let count = digits()
        guard count > 0 else { throw wrong("a value") }
        guard !isZero || count == 1 else { throw wrong("no leading zero") }
        var isInteger = true
        if byte == UInt8(ascii: ".") {
            isInteger = false
            index += 1
            guard digits() > 0 else { throw wrong("a digit") }
        }
        if byte == UInt8(ascii: "e") || byte == UInt8(ascii: "E") {
            isInteger = false
            index += 1
            if byte == UInt8(ascii: "+") || byte == UInt8(ascii: "-") { index += 1 }
            guard digits() > 0 else { throw wrong("a digit") }
        }
        let text = String(decoding: bytes[start..<index], as: UTF8.self)
        if isInteger, let value = Int(text) { return .integer(value) }
        guard let value = Double(text), value.isFinite else { throw wrong("a number that fits") }
        return .number(value)
    }
}
