/// A place in a text.
public struct SourcePosition: Sendable, Hashable, Comparable {
    // A tree of the largest file holds a hundred thousand of these.
    private let storedLine: UInt32
    private let storedColumn: UInt32
    private let storedOffset: UInt32

    /// From 1.
    public var line: Int { Int(storedLine) }
    /// Characters (Unicode scalars) from the beginning of the line, from 1.
    public var column: Int { Int(storedColumn) }
    /// Characters from the beginning of the text, from 0; a byte order mark does not count.
    public var offset: Int { Int(storedOffset) }

    /// Line and column from 1, offset from 0; what 32 bits cannot hold becomes the nearest that they can.
    public init(line: Int, column: Int, offset: Int) {
        storedLine = UInt32(clamping: line)
        storedColumn = UInt32(clamping: column)
        storedOffset = UInt32(clamping: offset)
    }
    /// The beginning of a text.
    public static let start = SourcePosition(line: 1, column: 1, offset: 0)

    /// By the place in the text.
    public static func < (left: Self, right: Self) -> Bool { left.offset < right.offset }
}

/// A text with what is needed to show a piece of it beside an error, however long its lines are.
///
/// Lines end as in YAML 1.1: at LF, CR, CRLF, NEL, LS and PS.
public struct SourceText: Sendable {
    /// As read, with a byte order mark if there was one.
    public let bytes: [UInt8]
    /// The first thing that no topology may contain: bytes that are no UTF-8, control characters.
    let flaw: (position: SourcePosition, message: String)?
    /// Characters; up to the flaw, if there is one.
    let count: Int
    /// Lines that begin with `%`.
    let directives: Int
    /// Bytes of the byte order mark.
    private let start: Int
    /// Where each 256th character begins, so that a character is found without reading the whole text.
    private let checkpoints: [Int]
    private static let spacing = 256

    /// Any bytes. A text that is no UTF-8 can be shown up to the first wrong byte.
    public init(_ bytes: [UInt8]) {
        self.bytes = bytes
        start = bytes.starts(with: [0xEF, 0xBB, 0xBF]) ? 3 : 0
        var scan = TextScan(at: start)
        var checkpoints: [Int] = []
        checkpoints.reserveCapacity(bytes.count / Self.spacing + 1)
        bytes.withUnsafeBufferPointer { buffer in
            while scan.index < buffer.count {
                if scan.characters % Self.spacing == 0 { checkpoints.append(scan.index) }
                if !scan.step(buffer) { break }
            }
        }
        if checkpoints.isEmpty { checkpoints = [start] }
        self.checkpoints = checkpoints
        count = scan.characters
        directives = scan.directives
        flaw = scan.flaw.map { (scan.position, $0) }
    }
    /// The UTF-8 of a text.
    public init(_ text: String) { self.init(Array(text.utf8)) }

    /// The byte at which a character begins; the end of the text for those behind it.
    private func byteOffset(of character: Int) -> Int {
        let checkpoint = min(max(character, 0) / Self.spacing, checkpoints.count - 1)
        var index = checkpoints[checkpoint]
        var left = max(character, 0) - checkpoint * Self.spacing
        guard left <= Self.spacing else { return bytes.count }
        while left > 0 && index < bytes.count {
            index = next(index)
            left -= 1
        }
        return index
    }
    private func next(_ index: Int) -> Int {
        var after = index + 1
        while after < bytes.count && bytes[after] & 0xC0 == 0x80 { after += 1 }
        return after
    }
    private func isBreak(_ index: Int) -> Bool {
        switch bytes[index] {
        case 10, 13: true
        case 0xC2: index + 1 < bytes.count && bytes[index + 1] == 0x85
        case 0xE2:
            index + 2 < bytes.count && bytes[index + 1] == 0x80
                && (bytes[index + 2] == 0xA8 || bytes[index + 2] == 0xA9)
        default: false
        }
    }

    /// The line around a place, cut to at most about `width` characters, and how many characters of it
    /// stand before the place.
    func excerpt(at position: SourcePosition, width: Int = 100) -> (line: String, indent: String) {
        let place = byteOffset(of: position.offset)
        let isCut = position.column - 1 > width * 6 / 10
        let before = isCut ? width * 6 / 10 - 1 : position.column - 1
        var line = isCut ? "…" : ""
        line += shown(byteOffset(of: position.offset - before)..<place)
        let indent = String(line.map { $0 == "\t" ? Character("\t") : " " })
        var end = place
        var count = before
        while end < bytes.count && !isBreak(end) && count < width {
            end = next(end)
            count += 1
        }
        line += shown(place..<min(end, bytes.count))
        if end < bytes.count && !isBreak(end) { line += "…" }
        return (line, indent)
    }
    /// Text for a terminal: what could steer it is replaced.
    private func shown(_ range: Range<Int>) -> String {
        var result = String.UnicodeScalarView()
        for scalar in String(decoding: bytes[range], as: UTF8.self).unicodeScalars {
            let isControl = scalar.value != 9 && (scalar.value < 32 || 127...159 ~= scalar.value)
            result.append(isControl ? "\u{FFFD}" : scalar)
        }
        return String(result)
    }
}

/// Walks over a text once: checks UTF-8, counts lines and characters.
private struct TextScan {
    var index: Int
    var characters = 0
    var flaw: String?
    var directives = 0
    private var line = 1
    private var lineStart = 0

    init(at index: Int) { self.index = index }

    var position: SourcePosition {
        SourcePosition(line: line, column: characters - lineStart + 1, offset: characters)
    }

    /// Answers whether to go on.
    mutating func step(_ bytes: UnsafeBufferPointer<UInt8>) -> Bool {
        let byte = bytes[index]
        if byte < 0x80 {
            if byte < 32 || byte == 127 { return control(bytes, byte) }
            if byte == UInt8(ascii: "%") && characters == lineStart { directives += 1 }
            advance(1)
            return true
        }
        guard let (scalar, length) = Self.decode(bytes, index) else {
            let digits = String(byte, radix: 16, uppercase: true)
            flaw = "byte 0x\(digits) is not UTF-8; save the file as UTF-8"
            return false
        }
        if scalar == 0xFEFF || scalar == 0xFFFE || scalar == 0xFFFF
            || (0x80...0x9F ~= scalar && scalar != 0x85)
        {
            return refuse(scalar)
        }
        advance(length)
        if scalar == 0x85 || scalar == 0x2028 || scalar == 0x2029 { newLine() }
        return true
    }
    private mutating func control(_ bytes: UnsafeBufferPointer<UInt8>, _ byte: UInt8) -> Bool {
        switch byte {
        case 9: advance(1)
        case 10:
            advance(1)
            newLine()
        case 13:
            advance(1)
            if index < bytes.count && bytes[index] == 10 { advance(1) }
            newLine()
        default: return refuse(UInt32(byte))
        }
        return true
    }
    private mutating func refuse(_ scalar: UInt32) -> Bool {
        let digits = String(scalar, radix: 16, uppercase: true)
        let code = String(repeating: "0", count: max(0, 4 - digits.count)) + digits
        flaw =
            scalar == 0
            ? "a NUL character; is this a text, and saved as UTF-8?"
            : "control character U+\(code) is not allowed"
        return false
    }
    private mutating func advance(_ length: Int) {
        index += length
        characters += 1
    }
    private mutating func newLine() {
        line += 1
        lineStart = characters
    }

    /// One character of two to four bytes, as RFC 3629 wants it.
    private static func decode(_ bytes: UnsafeBufferPointer<UInt8>, _ index: Int) -> (UInt32, Int)? {
        let first = bytes[index]
        let length: Int
        var scalar: UInt32
        switch first {
        case 0xC2...0xDF: (length, scalar) = (2, UInt32(first & 0x1F))
        case 0xE0...0xEF: (length, scalar) = (3, UInt32(first & 0x0F))
        case 0xF0...0xF4: (length, scalar) = (4, UInt32(first & 0x07))
        default: return nil
        }
        guard index + length <= bytes.count else { return nil }
        for next in (index + 1)..<(index + length) {
            guard bytes[next] & 0xC0 == 0x80 else { return nil }
            scalar = scalar << 6 | UInt32(bytes[next] & 0x3F)
        }
        let least: UInt32 = length == 2 ? 0x80 : length == 3 ? 0x800 : 0x10000
        guard scalar >= least, Unicode.Scalar(scalar) != nil else { return nil }
        return (scalar, length)
    }
}
