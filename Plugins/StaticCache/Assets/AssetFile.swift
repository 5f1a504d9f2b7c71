import ModuleKit

/// One form of a file, as it is given out.
final class AssetForm {
    let content: HTTPContent
    let validators: Validators
    private var notModifiedStorage: HTTPContent?

    init(_ content: HTTPContent, validators: Validators) {
        self.content = content
        self.validators = validators
    }
    var notModified: HTTPContent {
        if let made = notModifiedStorage { return made }
        let fields = content.fields.filter { StoredResponse.goesWith304($0.name) }
        let made = HTTPContent(status: 304, fields: fields)
        notModifiedStorage = made
        return made
    }
}

/// What is known of one path: the file in memory, that there is none, or that it is being read.
final class AssetFile: KeyedEntry {
    let path: AssetPath
    @exclusivity(unchecked) var identity: AssetForm?
    @exclusivity(unchecked) var brotli: AssetForm?
    @exclusivity(unchecked) var gzip: AssetForm?
    @exclusivity(unchecked) var stamps: AssetStamps?
    /// When it was last compared with the disk; 0 for never.
    @exclusivity(unchecked) var checkedAt: UInt64 = 0
    @exclusivity(unchecked) var isBeingRead = false
    @exclusivity(unchecked) var waiters: [(request: HTTPRequest, reply: ReplyBox<HTTPResponse>)] = []

    init(_ path: AssetPath, hash: UInt64, target: UnsafeRawBufferPointer) {
        self.path = path
        super.init(hash: hash, target: target, host: nil)
    }

    /// Bytes that a path costs beyond its file.
    static let overhead = 640

    var totalSize: Int {
        let forms = [identity, brotli, gzip].compactMap { $0?.content }
        return forms.reduce(key.count + Self.overhead) { $0 + $1.head.count + $1.body.count }
    }

    /// The form for a client: compressed if it takes that. Parts are given of the file itself.
    func form(_ request: HTTPRequest, hasRange: Bool) -> AssetForm? {
        guard brotli != nil || gzip != nil, !hasRange else { return identity }
        let accepted = AcceptEncoding(request)
        if let brotli, accepted.contains(.brotli) { return brotli }
        if let gzip, accepted.contains(.gzip) { return gzip }
        return identity
    }

    /// Takes over what was read.
    func set(_ asset: ReadAsset, otherLife seconds: Int) {
        stamps = asset.stamps
        let hash = asset.identity.bytes.withUnsafeBytes { StableHash.hash($0) }
        let tag = String(hash, radix: 16) + "-" + String(asset.identity.bytes.count, radix: 16)
        let varies = asset.brotli != nil || asset.gzip != nil
        func form(_ file: ReadFile, coding: String?) -> AssetForm {
            let date = HTTPDate.text(asset.identity.stamp.seconds)
            let etag = "\"\(tag)\(coding.map { "-" + $0 } ?? "")\""
            var fields: [(name: String, value: String)] = [
                (name: "Content-Type", value: path.type),
                (
                    name: "Cache-Control",
                    value: path.isFingerprinted
                        ? "public, max-age=31536000, immutable" : "public, max-age=\(seconds)"
                ),
                (name: "ETag", value: etag), (name: "Last-Modified", value: date),
                (name: "Accept-Ranges", value: "bytes"), (name: "X-Content-Type-Options", value: "nosniff"),
            ]
            if varies { fields.append((name: "Vary", value: "Accept-Encoding")) }
            if let coding { fields.append((name: "Content-Encoding", value: coding)) }
            return AssetForm(
                HTTPContent(fields: fields, body: HTTPBody(file.bytes)),
                validators: Validators(tag: etag, lastModified: date))
        }
        identity = form(asset.identity, coding: nil)
        brotli = asset.brotli.map { form($0, coding: "br") }
        gzip = asset.gzip.map { form($0, coding: "gzip") }
    }

    func clear() {
        identity = nil
        brotli = nil
        gzip = nil
        stamps = nil
    }
}
