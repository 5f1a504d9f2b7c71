import ModuleKit

/// The path of a file below the folder, as a request asks for it: decoded, and unable to name anything
/// outside.
struct AssetPath: Equatable, Sendable {
    /// Without a slash at the beginning.
    let text: String
    /// What goes into the table.
    var key: [UInt8] { Array(text.utf8) }

    /// The longest path in bytes, and the deepest.
    static let longest = 1024
    static let deepest = 16

    /// Nil for paths that no file is served by: with `..`, empty or hidden components, control
    /// characters, backslashes, or not in UTF-8.
    init?(_ encoded: some Collection<UInt8>) {
        guard !encoded.isEmpty, encoded.count <= Self.longest * 3 else { return nil }
        let decoded = HTTPText.percentDecoded(encoded)
        guard decoded.utf8.count <= Self.longest,
            !decoded.unicodeScalars.contains(where: {
                $0.value < 32 || $0.value == 127 || $0 == "\\" || $0.value == 0xFFFD
            })
        else { return nil }
        let components = decoded.split(separator: "/", omittingEmptySubsequences: false)
        guard components.count <= Self.deepest, components.allSatisfy({ !$0.isEmpty && $0.first != "." })
        else { return nil }
        text = decoded
    }

    /// Whether the name holds a fingerprint of the content (`name.0a1b2c3d.css`): such a file never
    /// changes.
    var isFingerprinted: Bool {
        let name = text.split(separator: "/").last ?? ""
        let parts = name.split(separator: ".", omittingEmptySubsequences: false)
        guard parts.count >= 3 else { return false }
        let fingerprint = parts[parts.count - 2]
        return fingerprint.utf8.count >= 8
            && fingerprint.utf8.allSatisfy { $0 &- 48 < 10 || ($0 | 0x20) &- 97 < 6 }
    }

    /// The media type, by the extension.
    var type: String {
        let name = text.split(separator: "/").last ?? ""
        guard let dot = name.lastIndex(of: ".") else { return "application/octet-stream" }
        return Self.types[name[name.index(after: dot)...].lowercased()] ?? "application/octet-stream"
    }

    private static let types: [String: String] = [
        "avif": "image/avif", "bmp": "image/bmp", "css": "text/css; charset=utf-8", "csv": "text/csv",
        "gif": "image/gif", "htm": "text/html; charset=utf-8", "html": "text/html; charset=utf-8",
        "ico": "image/x-icon", "jpeg": "image/jpeg", "jpg": "image/jpeg",
        "js": "text/javascript; charset=utf-8", "json": "application/json", "map": "application/json",
        "md": "text/markdown; charset=utf-8", "mjs": "text/javascript; charset=utf-8", "mp3": "audio/mpeg",
        "mp4": "video/mp4", "ogg": "audio/ogg", "otf": "font/otf", "pdf": "application/pdf",
        "png": "image/png", "svg": "image/svg+xml", "ttf": "font/ttf", "txt": "text/plain; charset=utf-8",
        "wasm": "application/wasm", "webm": "video/webm", "webmanifest": "application/manifest+json",
        "webp": "image/webp", "woff": "font/woff", "woff2": "font/woff2", "xml": "application/xml",
        "zip": "application/zip",
    ]
}
