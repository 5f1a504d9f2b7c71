/// One field of a record, with the place where it begins.
struct CSVField: Sendable, Equatable {
    var text: String
    /// From 1; lines end in LF, CRLF or CR, also inside quotes.
    var line: Int
    /// From 1, in characters of the file's text as editors count them (Unicode scalars).
    var column: Int
}

/// One record: as many fields as the file has there, or what is wrong with it.
struct CSVRecord: Sendable, Equatable {
    var fields: [CSVField]
    /// The first thing wrong with the record; its fields are then not to be used.
    var problem: CSVProblem?
    /// Where the record begins.
    var line: Int
}

/// What is wrong, and where.
struct CSVProblem: Error, Sendable, Equatable, CustomStringConvertible {
    var line: Int
    var column: Int
    var reason: String
    var description: String { "line \(line), column \(column): \(reason)" }
}

/// Reads comma-separated values (RFC 4180) record by record: with or without a byte order mark, lines
/// ending in LF, CRLF or CR, quoted fields with commas, doubled quotes and line ends inside.
///
/// Written by hand: files of merchants are hostile input, every record needs its line and column, and
/// nothing else in the shop needs such a reader.
struct CSVReader {
    private let bytes: [UInt8]
    private var index: Int
    private var line = 1
    private var column = 1
    /// Bytes that one field may have.
    let fieldLimit: Int
    /// Fields that one record may have.
    let columnLimit: Int
    /// Set when the file ended inside a quoted field: what was lost cannot be known.
    private(set) var truncation: CSVProblem?
    private var problem: CSVProblem?

    init(_ bytes: [UInt8], fieldLimit: Int = 262_144, columnLimit: Int = 256) {
        self.bytes = bytes
        self.fieldLimit = fieldLimit
        self.columnLimit = columnLimit
        index = bytes.starts(with: [0xEF, 0xBB, 0xBF]) ? 3 : 0
    }

    /// The next record; nil at the end. Empty lines are no records.
    mutating func next() -> CSVRecord? {
        while index < bytes.count, bytes[index] == 10 || bytes[index] == 13 { endLine() }
        guard index < bytes.count else { return nil }
        problem = nil
        let first = line
        var fields: [CSVField] = []
        while true {
            let field = bytes[safe: index] == UInt8(ascii: "\"") ? quoted() : plain()
            if fields.count < columnLimit {
                fields.append(field)
            } else {
                note(
                    CSVProblem(
                        line: field.line, column: field.column, reason: "more than \(columnLimit) fields"))
            }
            guard let byte = bytes[safe: index] else { break }
            if byte == UInt8(ascii: ",") {
                step()
                continue
            }
            endLine()
            break
        }
        return CSVRecord(fields: fields, problem: problem, line: first)
    }

    private mutating func note(_ new: CSVProblem) {
        if problem == nil { problem = new }
    }
    /// Goes on by one byte that ends no line.
    private mutating func step() {
        // Continuation bytes belong to the character before.
        if bytes[index] & 0xC0 != 0x80 { column += 1 }
        index += 1
    }
    /// Goes on past LF, CRLF or CR.
    private mutating func endLine() {
        if bytes[index] == 13, bytes[safe: index + 1] == 10 { index += 1 }
        index += 1
        line += 1
        column = 1
    }

    private mutating func plain() -> CSVField {
        let (start, startLine, startColumn) = (index, line, column)
        while let byte = bytes[safe: index], byte != UInt8(ascii: ","), byte != 10, byte != 13 {
            if byte == UInt8(ascii: "\"") {
                note(CSVProblem(line: line, column: column, reason: "a quote inside a field without quotes"))
            }
            step()
        }
        return field(Array(bytes[start..<index]), startLine, startColumn)
    }

    private mutating func quoted() -> CSVField {
        let (startLine, startColumn) = (line, column)
        var content: [UInt8] = []
        step()
        while true {
            guard let byte = bytes[safe: index] else {
                let lost = CSVProblem(
                    line: startLine, column: startColumn,
                    reason: "the quoted field that begins here does not end: the file is cut off")
                truncation = lost
                note(lost)
                break
            }
            if byte == UInt8(ascii: "\"") {
                step()
                guard bytes[safe: index] == UInt8(ascii: "\"") else { break }
                step()
                content.append(byte)
            } else if byte == 10 || byte == 13 {
                content.append(10)
                endLine()
            } else {
                step()
                content.append(byte)
            }
        }
        while let byte = bytes[safe: index], byte != UInt8(ascii: ","), byte != 10, byte != 13 {
            note(CSVProblem(line: line, column: column, reason: "text after the closing quote"))
            step()
        }
        return field(content, startLine, startColumn)
    }

    private mutating func field(_ content: [UInt8], _ line: Int, _ column: Int) -> CSVField {
        guard content.count <= fieldLimit else {
            note(CSVProblem(line: line, column: column, reason: "a field of more than \(fieldLimit) bytes"))
            return CSVField(text: "", line: line, column: column)
        }
        guard let text = String(validating: content, as: UTF8.self) else {
            note(CSVProblem(line: line, column: column, reason: "no valid UTF-8"))
            return CSVField(text: "", line: line, column: column)
        }
        return CSVField(text: text, line: line, column: column)
    }
}

extension Array {
    /// The element, or nil past the end.
    fileprivate subscript(safe index: Int) -> Element? { index < count ? self[index] : nil }
}
