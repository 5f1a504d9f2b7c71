import ModuleKit

/// What of a stored response the client gets: the whole, a part, or the word that its copy is current
/// (RFC 9110, sections 13.2.2 and 14).
enum Selection {
    /// - Parameter notModified: makes the 304, once it is known to be needed.
    static func content(
        _ content: HTTPContent, _ validators: Validators, for request: borrowing HTTPRequest,
        _ fields: RequestFields, notModified: () -> HTTPContent
    ) -> HTTPContent {
        guard content.status == 200, !fields.isPlain else { return content }
        if let list = fields.ifNoneMatch {
            let bytes = request.bytes(list)
            let isAny = bytes.count == 1 && bytes[0] == UInt8(ascii: "*")
            if isAny || !validators.tag.isEmpty && validators.isNamed(in: bytes) { return notModified() }
        } else if let date = fields.ifModifiedSince, validators.lastModified != nil,
            validators.isUnmodified(since: request.text(date))
        {
            return notModified()
        }
        guard let range = fields.range, request.method == .get else { return content }
        if let condition = fields.ifRange, !validators.allowsRange(request.bytes(condition)) {
            return content
        }
        switch ByteRange(parsing: request.bytes(range), count: content.body.count) {
        case .whole: return content
        case .part(let part): return partial(content, part)
        case .unsatisfiable:
            return HTTPContent(
                status: 416, fields: [(name: "Content-Range", value: "bytes */\(content.body.count)")])
        }
    }

    private static func partial(_ content: HTTPContent, _ part: Range<Int>) -> HTTPContent {
        let fields = content.fields.filter { $0.name.lowercased() != "content-length" }
        let range = "bytes \(part.lowerBound)-\(part.upperBound - 1)/\(content.body.count)"
        let bytes = UnsafeRawBufferPointer(rebasing: content.body.bytes[part])
        return HTTPContent(
            status: 206, fields: fields + [(name: "Content-Range", value: range)],
            body: HTTPBody(sharing: bytes, of: content.body))
    }
}
