import ModuleKit

/// The fields of a request that matter to a cache, found in one pass.
struct RequestFields {
    var cacheControl: HTTPSpan?
    var ifNoneMatch: HTTPSpan?
    var ifModifiedSince: HTTPSpan?
    var range: HTTPSpan?
    var ifRange: HTTPSpan?
    /// `Pragma: no-cache`, which counts only without `Cache-Control`.
    var pragma: HTTPSpan?
    var hasAuthorization = false
    /// `If-Match` or `If-Unmodified-Since`: the origin's affair.
    var hasPrecondition = false
    /// Whether none of them was there.
    var isPlain = true

    @inline(__always) init(_ request: borrowing HTTPRequest) {
        for index in 0..<Int(request.fieldCount) {
            let field = request.field(at: index)
            // Most fields of a browser are told apart by their length alone.
            switch field.name.count {
            case 5, 6, 8, 13, 17, 19: note(field, request)
            default: break
            }
        }
    }

    @inline(never) private mutating func note(_ field: HTTPFieldSpan, _ request: borrowing HTTPRequest) {
        let name = request.bytes(field.name)
        func isName(_ expected: StaticString) -> Bool { HTTPText.equalsIgnoringCase(name, expected) }
        switch name.count {
        case 5 where isName("range"): range = field.value
        case 6 where isName("pragma"): pragma = field.value
        case 8 where isName("if-range"): ifRange = field.value
        case 8 where isName("if-match"): hasPrecondition = true
        case 13 where isName("cache-control"): cacheControl = cacheControl ?? field.value
        case 13 where isName("authorization"): hasAuthorization = true
        case 13 where isName("if-none-match"): ifNoneMatch = ifNoneMatch ?? field.value
        case 17 where isName("if-modified-since"): ifModifiedSince = field.value
        case 19 where isName("if-unmodified-since"): hasPrecondition = true
        default: return
        }
        isPlain = false
    }

    /// The request's directives; those of several lines together.
    func directives(_ request: borrowing HTTPRequest) -> CacheControl {
        var result = CacheControl()
        if cacheControl != nil {
            for index in 0..<Int(request.fieldCount) {
                let field = request.field(at: index)
                guard field.name.count == 13,
                    HTTPText.equalsIgnoringCase(request.bytes(field.name), "cache-control")
                else { continue }
                result.add(request.bytes(field.value))
            }
        } else if let pragma, HTTPText.equalsIgnoringCase(request.bytes(pragma), "no-cache") {
            result.flags.insert(.noCache)
        }
        return result
    }
}
