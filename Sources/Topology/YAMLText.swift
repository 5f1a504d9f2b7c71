/// Reads a text into a tree: as much of it as can be read.
struct YAMLText {
    /// Nil if there is no document, or nothing of it could be read.
    let root: YAMLNode?
    let syntaxError: YAMLSyntaxError?
    /// False behind a syntax error or a limit.
    let isComplete: Bool

    /// Limits are reported to the collector, the syntax error is not.
    init(_ bytes: [UInt8], limits: YAMLLimits, collector: DiagnosticCollector) {
        var builder = YAMLTreeBuilder(limits: limits, collector: collector)
        var isComplete = true
        var syntaxError: YAMLSyntaxError?
        if var reader = YAMLEventReader(bytes) {
            do {
                while let event = try reader.next() {
                    guard builder.take(event) else {
                        isComplete = false
                        break
                    }
                }
            } catch {
                syntaxError = error
                isComplete = false
            }
        } else {
            collector.report("no memory to read the file", at: .start)
            isComplete = false
        }
        builder.closeAll()
        root = builder.root
        self.syntaxError = syntaxError
        self.isComplete = isComplete
    }
}

/// Reads a text in spite of syntax errors: the line at fault is taken out, and the rest read again, so
/// that one run tells of everything.
struct ForgivingYAMLReader {
    let limits: YAMLLimits
    let collector: DiagnosticCollector
    /// How many syntax errors are looked for.
    private static let attempts = 10
    /// Larger texts are read once: the time for any text is bounded.
    private static let largest = 128 * 1024

    /// Reports what is wrong with the syntax, and answers the tree of the rest.
    func read(_ source: SourceText) -> YAMLNode? {
        var bytes = source.bytes
        var text = YAMLText(bytes, limits: limits, collector: collector)
        collector.isIncomplete = !text.isComplete
        var last = -1
        for attempt in 0..<Self.attempts {
            guard let error = text.syntaxError else { break }
            if error.position.offset > last { report(error) }
            last = max(last, error.position.offset)
            guard bytes.count <= Self.largest, attempt < Self.attempts - 1 else { break }
            guard let better = without(error, bytes) else { break }
            (bytes, text) = better
        }
        return text.root
    }

    /// The text without the line at fault: the one where the error was seen, or the one where what was
    /// being read began; whichever lets more be read.
    private func without(_ error: YAMLSyntaxError, _ bytes: [UInt8]) -> ([UInt8], YAMLText)? {
        var lines = [error.position.line]
        if let context = error.contextPosition, context.line != error.position.line {
            lines.append(context.line)
        }
        var best: ([UInt8], YAMLText)?
        for line in lines {
            guard let rest = Self.blank(line, bytes) else { continue }
            let silent = DiagnosticCollector(path: collector.path)
            let text = YAMLText(rest, limits: limits, collector: silent)
            let reached = text.syntaxError?.position.offset ?? Int.max
            let bestReached = best.map { $0.1.syntaxError?.position.offset ?? Int.max } ?? -1
            if reached > bestReached { best = (rest, text) }
        }
        return best
    }
    /// Puts spaces in place of a line; nil if there is nothing in it. Places stay as they are, if the
    /// line is ASCII; otherwise those behind it would move, so it is left alone.
    private static func blank(_ line: Int, _ bytes: [UInt8]) -> [UInt8]? {
        var current = 1
        var index = 0
        while index < bytes.count && current < line {
            if bytes[index] == 10 { current += 1 }
            index += 1
        }
        var result = bytes
        var isEmpty = true
        while index < bytes.count && bytes[index] != 10 {
            guard bytes[index] < 0x80 else { return nil }
            if bytes[index] != 32 && bytes[index] != 13 {
                isEmpty = false
                result[index] = 32
            }
            index += 1
        }
        return isEmpty ? nil : result
    }

    private func report(_ error: YAMLSyntaxError) {
        var message = error.problem
        if let context = error.context {
            message += " \(context)"
            if let place = error.contextPosition, place.line != error.position.line {
                message += " that begins on line \(place.line)"
            }
        }
        collector.report(message, at: error.position, expected: Self.advice(error.problem))
    }
    /// libyaml's words say what it saw; this says what to do.
    private static func advice(_ problem: String) -> String? {
        switch problem {
        case "mapping values are not allowed in this context":
            "one 'key: value' a line, keys of one mapping indented alike, and quotes around a text that has ': ' in it"
        case "did not find expected key":
            "another 'key: value' of the same mapping, indented like the others, and quotes closed"
        case "could not find expected ':'":
            "'key: value' with a space behind the colon"
        case "found character that cannot start any token":
            "spaces, not tabs, for indentation; quotes around a text that begins with @, ` or %"
        case "found unexpected end of stream":
            "the closing quote"
        case "did not find expected ',' or '}'":
            "a comma between members, and '}' at the end; quotes around a text that has {, } or , in it"
        case "did not find expected ',' or ']'":
            "a comma between items, and ']' at the end; quotes around a text that has [, ] or , in it"
        case "did not find expected '-' indicator":
            "each item of the list on a line with '- ', indented alike"
        case "found undefined tag handle", "did not find expected <document start>":
            "one document, without directives"
        default: nil
        }
    }
}
