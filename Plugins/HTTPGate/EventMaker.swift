import ModuleKit

/// Makes the events that analytics are told, without allocating.
final class EventMaker {
    private let cookie: [UInt8]
    private let countryField: [UInt8]
    private let productField: [UInt8]
    /// What the wall clock is ahead of the loop's, refreshed each second.
    @exclusivity(unchecked) private var wallOffset: UInt64 = 0
    @exclusivity(unchecked) private var wallUntil: UInt64 = 0

    init(_ settings: Settings) {
        cookie = Array(settings.string("visitor_cookie").utf8)
        countryField = Array(settings.string("country_header").lowercased().utf8)
        productField = Array(settings.string("product_header").lowercased().utf8)
    }

    func make(
        _ kind: BehaviourKind, _ request: HTTPRequest, _ response: borrowing HTTPResponse, elapsed: UInt64,
        _ loop: Loop
    ) -> BehaviourEvent {
        if loop.now >= wallUntil {
            wallOffset = loop.wallNow &- loop.now
            wallUntil = loop.now &+ 1_000_000_000
        }
        return BehaviourEvent(
            kind, time: (loop.now &+ wallOffset) / 1_000_000, visitor: visitor(request),
            product: kind == .productView ? product(response.content) : 0,
            latency: elapsed == 0 ? 0 : UInt32(clamping: max(1, elapsed / 1_000)), country: country(request))
    }

    /// A hash of the visitor's cookie, or of the address.
    func visitor(_ request: HTTPRequest) -> UInt64 {
        for index in 0..<Int(request.fieldCount) {
            let field = request.field(at: index)
            guard field.name.count == 6, HTTPText.equalsIgnoringCase(request.bytes(field.name), "cookie"),
                let value = Self.cookie(cookie, in: request.bytes(field.value))
            else { continue }
            return StableHash.hash(value)
        }
        return StableHash.hash(request.input.peerAddress)
    }

    /// The value of a cookie in the text of a `Cookie` field.
    static func cookie(_ name: [UInt8], in text: UnsafeRawBufferPointer) -> UnsafeRawBufferPointer? {
        var start = 0
        while start < text.count {
            while start < text.count && (text[start] == 32 || text[start] == UInt8(ascii: ";")) { start += 1 }
            var end = start
            while end < text.count && text[end] != UInt8(ascii: ";") { end += 1 }
            if end - start > name.count, text[start + name.count] == UInt8(ascii: "="),
                text[start..<(start + name.count)].elementsEqual(name)
            {
                return UnsafeRawBufferPointer(rebasing: text[(start + name.count + 1)..<end])
            }
            start = end
        }
        return nil
    }

    private func country(_ request: HTTPRequest) -> UInt16 {
        guard !countryField.isEmpty else { return 0 }
        for index in 0..<Int(request.fieldCount) {
            let field = request.field(at: index)
            guard Self.equals(request.bytes(field.name)[...], countryField) else { continue }
            let value = request.bytes(field.value)
            guard value.count == 2 else { return 0 }
            let (first, second) = (value[0] & 0xDF, value[1] & 0xDF)
            guard first &- 65 < 26, second &- 65 < 26 else { return 0 }
            return UInt16(first) << 8 | UInt16(second)
        }
        return 0
    }

    /// The number in the response's field; 0 if there is none.
    private func product(_ content: HTTPContent) -> Int64 {
        guard !productField.isEmpty else { return 0 }
        let head = content.head
        var start = 0
        while start < head.count {
            var end = start
            while end < head.count && head[end] != 13 { end += 1 }
            if end - start > productField.count, head[start + productField.count] == UInt8(ascii: ":"),
                Self.equals(head[start..<(start + productField.count)], productField)
            {
                return Self.number(head[(start + productField.count + 1)..<end])
            }
            start = end + 2
        }
        return 0
    }

    private static func number(_ text: Slice<UnsafeRawBufferPointer>) -> Int64 {
        var number: Int64 = 0
        for byte in text where byte != 32 {
            guard byte &- 48 < 10, number < 900_000_000_000_000_000 else { return 0 }
            number = number * 10 + Int64(byte - 48)
        }
        return number
    }
    private static func equals(_ bytes: Slice<UnsafeRawBufferPointer>, _ name: [UInt8]) -> Bool {
        guard bytes.count == name.count else { return false }
        return zip(bytes, name).allSatisfy { ($0 &- 65 < 26 ? $0 | 0x20 : $0) == $1 }
    }
}
