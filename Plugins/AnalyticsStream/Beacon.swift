import ModuleKit

/// Reads what browsers tell with `navigator.sendBeacon`: a JSON object or an array of them, as
/// `text/plain` or `application/json`.
struct Beacon {
    let settings: AnalyticsSettings

    /// Why a beacon is turned away.
    struct Refusal: Error {
        let status: Int
        let detail: String
        var fields: [(name: String, value: String)] = []

        init(_ status: Int, _ detail: String, fields: [(name: String, value: String)] = []) {
            self.status = status
            self.detail = detail
            self.fields = fields
        }
        var response: HTTPResponse {
            HTTPResponse(
                problem: status, HTTPStatus.reason(status), detail: detail,
                fields: [(name: "Cache-Control", value: "no-store")] + fields)
        }
    }

    /// The events of a request; all or none.
    /// - Parameter clock: the present time, milliseconds since 1970.
    func events(of request: HTTPRequest, clock: UInt64) throws(Refusal) -> [BehaviourEvent] {
        guard request.method == .post else {
            throw Refusal(405, "events are told with POST", fields: [(name: "Allow", value: "POST")])
        }
        if let type = request.fieldText("content-type"), !Self.isAccepted(type) {
            throw Refusal(415, "expected text/plain or application/json, not '\(type.prefix(80))'")
        }
        guard let body = request.body, body.count > 0 else { throw Refusal(400, "the body is empty") }
        guard body.count <= settings.beaconBody else {
            throw Refusal(413, "a beacon has at most \(settings.beaconBody) bytes")
        }
        let document: JSON
        do {
            document = try JSON(
                parsing: body.bytes, depth: 4, limit: min(100_000, settings.beaconEvents * 32 + 32))
        } catch {
            throw Refusal(400, "the body is no JSON: \(error)")
        }
        let values = document.arrayValue ?? [document]
        guard values.count <= settings.beaconEvents else {
            throw Refusal(422, "a beacon has at most \(settings.beaconEvents) events, not \(values.count)")
        }
        let visitor = visitor(of: request)
        let country = country(of: request)
        var events: [BehaviourEvent] = []
        events.reserveCapacity(values.count)
        for (index, value) in values.enumerated() {
            do {
                events.append(try Self.event(value, visitor, country, clock))
            } catch {
                throw Refusal(422, values.count == 1 ? error.reason : "event \(index): \(error.reason)")
            }
        }
        return events
    }

    private static func isAccepted(_ type: String) -> Bool {
        let name = type.prefix { $0 != ";" }.lowercased().filter { $0 != " " }
        return name == "text/plain" || name == "application/json"
    }

    // MARK: who

    /// The hash of the visitor's cookie; without one, of the address: as gate and storefront do it.
    func visitor(of request: HTTPRequest) -> UInt64 {
        if let cookie = request.cookie(settings.visitorCookie), !cookie.isEmpty {
            return StableHash.hash(cookie)
        }
        return StableHash.hash(request.input.peerAddress)
    }

    func country(of request: HTTPRequest) -> UInt16 {
        for index in 0..<Int(request.fieldCount) {
            let field = request.field(at: index)
            guard Int(field.name.count) == settings.countryHeader.count else { continue }
            let name = request.bytes(field.name).lazy.map { $0 &- 65 < 26 ? $0 | 0x20 : $0 }
            if name.elementsEqual(settings.countryHeader) {
                return CountryCode.code(request.bytes(field.value))
            }
        }
        return 0
    }

    // MARK: what

    private struct Mistake: Error {
        let reason: String
        init(_ reason: String) {
            self.reason = reason
        }
    }

    private static func event(
        _ value: JSON, _ visitor: UInt64, _ country: UInt16, _ clock: UInt64
    ) throws(Mistake) -> BehaviourEvent {
        guard value.objectValue != nil else { throw Mistake("expected an object") }
        guard let name = value["kind"]?.stringValue else { throw Mistake("'kind' is missing") }
        guard let kind = kind(name) else {
            throw Mistake(
                "'kind' is one of page, product_view, search, cart, order, not '\(name.prefix(40))'")
        }
        var event = BehaviourEvent(kind, time: clock, visitor: visitor, country: country)
        event.product = try product(value["product"])
        event.quantity = Int32(truncatingIfNeeded: try integer(value, "quantity", 0...1_000_000) ?? 0)
        event.revenue = Int64(try integer(value, "revenue", 0...Int(AggregateLimits.revenue)) ?? 0)
        if let latency = value["latency_ms"], case let number? = latency.numberValue {
            guard number >= 0, number <= 600_000 else { throw Mistake("'latency_ms' is 0 to 600000") }
            event.latency = UInt32(number * 1000)
        } else if value["latency_ms"] != nil {
            throw Mistake("'latency_ms' is a number")
        }
        // Browsers' clocks go wrong; how long ago something was, they know.
        if let age = try integer(value, "age_ms", 0...86_400_000) {
            event.time = clock &- min(clock, UInt64(age))
        } else if let time = try integer(value, "time", 0...1 << 53) {
            event.time = UInt64(time)
        }
        return event
    }

    private static func kind(_ name: String) -> BehaviourKind? {
        name == "product_view" ? .productView : BehaviourKind.allCases.first { $0.name == name }
    }

    /// A number or, because browsers' numbers are exact only up to 2^53, a text of digits.
    private static func product(_ value: JSON?) throws(Mistake) -> Int64 {
        switch value {
        case nil, .null?: return 0
        case .string(let text)?:
            if let product = Int64(text), product > 0 { return product }
        case let value?:
            if let product = value.integerValue, product > 0 { return Int64(product) }
        }
        throw Mistake("'product' is the number of a product")
    }

    private static func integer(
        _ value: JSON, _ name: String, _ range: ClosedRange<Int>
    ) throws(Mistake) -> Int? {
        guard let member = value[name] else { return nil }
        guard let number = member.integerValue, range.contains(number) else {
            throw Mistake("'\(name)' is a whole number from \(range.lowerBound) to \(range.upperBound)")
        }
        return number
    }
}
