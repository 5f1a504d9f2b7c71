/// Takes a chunked body apart (RFC 9112, section 7.1). As strict as the head: CRLF only, nothing between
/// the digits of a size and its CRLF but extensions, trailer lines are lines.
struct ChunkDecoder {
    enum Outcome: Equatable {
        /// The bytes end before the body does.
        case incomplete
        case complete
        case refused(Int)
    }
    private enum State {
        case firstDigit, digits, extensions, sizeEnd, content, contentEnd, contentLineEnd
        case trailerStart, trailerName, trailerValue, trailerEnd, lastEnd
    }
    /// Bytes of extensions and of trailers that one body may have.
    static let extraLimit = 4 << 10

    private var state = State.firstDigit
    private var left = 0
    private var digits = 0
    private var extensions = 0
    private var trailers = 0
    /// Decoded bytes so far.
    private(set) var total = 0

    /// Decodes from `bytes` and hands each piece of content on; answers how many bytes belong to the
    /// body as well.
    mutating func decode(
        _ bytes: UnsafeRawBufferPointer, limit: Int, _ content: (UnsafeRawBufferPointer) -> Void
    ) -> (used: Int, outcome: Outcome) {
        var index = 0
        while index < bytes.count {
            if state == .content {
                let count = min(left, bytes.count - index)
                content(UnsafeRawBufferPointer(rebasing: bytes[index..<(index + count)]))
                index += count
                left -= count
                if left == 0 { state = .contentEnd }
                continue
            }
            let outcome = step(bytes[index], limit)
            index += 1
            if outcome != .incomplete { return (index, outcome) }
        }
        return (index, .incomplete)
    }

    private mutating func step(_ byte: UInt8, _ limit: Int) -> Outcome {
        switch state {
        case .firstDigit, .digits, .extensions, .sizeEnd: return stepSize(byte, limit)
        case .contentEnd:
            state = .contentLineEnd
            return byte == 13 ? .incomplete : .refused(400)
        case .contentLineEnd:
            (state, digits) = (.firstDigit, 0)
            return byte == 10 ? .incomplete : .refused(400)
        case .content: return .incomplete
        case .trailerStart, .trailerName, .trailerValue, .trailerEnd, .lastEnd: return stepTrailer(byte)
        }
    }

    private mutating func stepSize(_ byte: UInt8, _ limit: Int) -> Outcome {
        switch state {
        case .firstDigit, .digits:
            if let digit = Self.hexadecimal(byte) {
                digits += 1
                // Leading zeros count, so that a size's line is bounded.
                guard digits <= 16 else { return .refused(400) }
                guard left <= limit >> 4 || left << 4 | digit <= limit else { return .refused(413) }
                left = left << 4 | digit
                guard total + left <= limit else { return .refused(413) }
                state = .digits
                return .incomplete
            }
            guard state == .digits else { return .refused(400) }
            if byte == 13 {
                state = .sizeEnd
            } else if byte == UInt8(ascii: ";") {
                state = .extensions
            } else {
                return .refused(400)
            }
        case .extensions:
            extensions += 1
            if extensions > Self.extraLimit { return .refused(431) }
            if byte == 13 {
                state = .sizeEnd
            } else if byte < 32 && byte != 9 || byte == 127 {
                return .refused(400)
            }
        default:
            guard byte == 10 else { return .refused(400) }
            total += left
            state = left == 0 ? .trailerStart : .content
        }
        return .incomplete
    }

    private mutating func stepTrailer(_ byte: UInt8) -> Outcome {
        trailers += 1
        if trailers > Self.extraLimit { return .refused(431) }
        switch state {
        case .trailerStart where byte == 13: state = .lastEnd
        case .trailerStart, .trailerName:
            if state == .trailerName && byte == UInt8(ascii: ":") {
                state = .trailerValue
            } else if ByteScan.isToken(byte) {
                state = .trailerName
            } else {
                return .refused(400)
            }
        case .trailerValue:
            if byte == 13 {
                state = .trailerEnd
            } else if byte < 32 && byte != 9 || byte == 127 {
                return .refused(400)
            }
        case .trailerEnd:
            guard byte == 10 else { return .refused(400) }
            state = .trailerStart
        default:
            return byte == 10 ? .complete : .refused(400)
        }
        return .incomplete
    }

    private static func hexadecimal(_ byte: UInt8) -> Int? {
        switch byte {
        case UInt8(ascii: "0")...UInt8(ascii: "9"): Int(byte - UInt8(ascii: "0"))
        case UInt8(ascii: "a")...UInt8(ascii: "f"): Int(byte - UInt8(ascii: "a")) + 10
        case UInt8(ascii: "A")...UInt8(ascii: "F"): Int(byte - UInt8(ascii: "A")) + 10
        default: nil
        }
    }
}
