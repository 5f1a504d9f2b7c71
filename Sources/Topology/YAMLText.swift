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
    /// Bytes read anew in all: the time for any text is bounded.
    private static let budget = 384 * 1024

    /// Reports what is wrong with the syntax, and answers the tree of the rest.
    func read(_ source: SourceText) -> YAMLNode? {
        var bytes = source.bytes
        var text = YAMLText(bytes, limits: limits, collector: collector)
        collector.isIncomplete = !text.isComplete
        var last = -1
        var budget = Self.budget
        for attempt in 1...Self.attempts {
            guard let error = text.syntaxError else { break }
            if error.position.offset > last { report(error, source) }
            last = max(last, error.position.offset)
            guard attempt < Self.attempts, let better = without(error, bytes, &budget) else { break }
            (bytes, text) = better
        }
        return text.root
    }

    /// The text without the line at fault: the one where the error was seen, the one where what was being
    /// read began, or the one before; whichever lets most be read.
    private func without(
        _ error: YAMLSyntaxError, _ bytes: [UInt8], _ budget: inout Int
    ) -> ([UInt8], YAMLText)? {
        var lines = [error.position.line]
        if let context = error.contextPosition { lines.append(context.line) }
        lines.append(error.position.line - 1)
        var best: ([UInt8], YAMLText)?
        var bestReached = -1
        for (index, line) in lines.enumerated() where !lines[..<index].contains(line) {
            budget -= bytes.count
            guard budget >= 0, bestReached < Int.max else { break }
            guard let rest = Self.blank(line, bytes) else { continue }
            let silent = DiagnosticCollector(path: collector.path)
            let text = YAMLText(rest, limits: limits, collector: silent)
            let reached = text.syntaxError?.position.offset ?? Int.max
            if reached > bestReached {
                best = (rest, text)
                bestReached = reached
            }
        }
        return best
    }
    /// Puts a space in place of each character of a line, so that everything keeps its place, which is
    /// counted in characters; nil if there is nothing in the line.
    private static func blank(_ line: Int, _ bytes: [UInt8]) -> [UInt8]? {
        guard line > 0 else { return nil }
        var current = 1
        var index = 0
        while index < bytes.count && current < line {
            if bytes[index] == 10 { current += 1 }
            index += 1
        }
        let rest = bytes[index...]
        let content = rest[..<(rest.firstIndex(of: 10) ?? bytes.count)]
        guard content.contains(where: { $0 != 32 && $0 != 13 }) else { return nil }
        let characters = content.count { $0 & 0xC0 != 0x80 }
        return bytes[..<index] + [UInt8](repeating: 32, count: characters) + bytes[content.endIndex...]
    }

    private func report(_ error: YAMLSyntaxError, _ source: SourceText) {
        var message = error.problem
        var position = error.position
        if let context = error.context {
            message += " \(context)"
            if let beginning = error.contextPosition, beginning.line != position.line {
                if position.offset >= source.count {
                    // Nobody looks for a missing quote at the end of the file.
                    position = beginning
                } else {
                    message += " that begins on line \(beginning.line)"
                }
            }
        }
        collector.report(message, at: position, expected: Self.advice(error.problem))
    }
    /// libyaml's words say what it saw; this says what to do.
    private static func advice(_ problem: String) -> String? {
        switch problem {
        case "mapping values are not allowed in this context":
            "one 'key: value' a line with a space behind the colon, keys of one mapping indented alike, and "
                + "quotes around a text that has ': ' in it"
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
