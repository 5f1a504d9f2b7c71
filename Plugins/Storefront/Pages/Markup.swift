import ModuleKit

/// HTML in the making: literal parts stand as they are, and whatever text is put between them is
/// escaped, so that no title or search word can become markup.
struct Markup: Sendable, ExpressibleByStringInterpolation, Equatable {
    private(set) var text: String

    struct StringInterpolation: StringInterpolationProtocol {
        fileprivate var text: String

        init(literalCapacity: Int, interpolationCount: Int) {
            text = ""
            text.reserveCapacity(literalCapacity + interpolationCount * 24)
        }
        mutating func appendLiteral(_ literal: String) { text += literal }
        mutating func appendInterpolation(_ part: String) { text += HTTPText.htmlEscaped(part) }
        mutating func appendInterpolation(_ part: Substring) { text += HTTPText.htmlEscaped(String(part)) }
        mutating func appendInterpolation(_ part: Markup) { text += part.text }
        mutating func appendInterpolation(_ part: Markup?) { text += part?.text ?? "" }
        mutating func appendInterpolation(_ parts: [Markup]) { for part in parts { text += part.text } }
        mutating func appendInterpolation(_ number: some BinaryInteger) { text += String(number) }
    }

    init(stringLiteral value: String) { text = value }
    init(stringInterpolation: StringInterpolation) { text = stringInterpolation.text }
    /// Text that is markup already.
    init(trusted: String) { text = trusted }

    static let nothing: Markup = ""
    static func + (left: Markup, right: Markup) -> Markup { Markup(trusted: left.text + right.text) }
    static func += (left: inout Markup, right: Markup) { left.text += right.text }
    var isEmpty: Bool { text.isEmpty }
    var bytes: [UInt8] { Array(text.utf8) }
}
