import ModuleKit

/// The settings of a `dynamic-fragment`, decoded.
struct FragmentSettings {
    enum Mode: String { case server, browser }
    /// What becomes of a page when an include fails that has nothing to stand in for it.
    enum Failure: String { case empty, page }

    let mode: Mode
    let modeParameter: String
    let deadline: UInt64
    let streamAfter: UInt64
    let includes: Int
    let depth: Int
    let pages: Int
    let shells: Int
    let sources: Int
    let largestFragment: Int
    let keep: UInt64
    let keepBytes: Int
    let failure: Failure
    let needsSurrogateControl: Bool
    let cacheControl: String
    let host: String
    let cookiePaths: [String]
    let forwarded: [String]
    let features: [(prefix: String, feature: String)]
    let script: String
    let linkText: String

    init(_ settings: Settings) {
        func texts(_ name: String) -> [String] {
            settings.list(name).compactMap { if case .string(let text) = $0 { text } else { nil } }
        }
        mode = Mode(rawValue: settings.string("mode")) ?? .server
        modeParameter = settings.string("mode_parameter")
        deadline = settings.duration("deadline")
        streamAfter = settings.duration("stream_after")
        includes = settings.integer("includes")
        depth = settings.integer("depth")
        pages = settings.integer("pages")
        shells = settings.integer("shells")
        sources = settings.integer("sources")
        largestFragment = settings.size("largest_fragment")
        keep = settings.duration("keep")
        keepBytes = settings.size("keep_bytes")
        failure = Failure(rawValue: settings.string("failure")) ?? .empty
        needsSurrogateControl = settings.boolean("needs_surrogate_control")
        cacheControl = settings.string("cache_control")
        host = settings.string("host")
        cookiePaths = texts("cookies")
        forwarded = texts("forward").map { $0.lowercased() }
        features = settings.map("features").compactMap { entry in
            if case .string(let feature) = entry.value { (entry.name, feature) } else { nil }
        }
        script = settings.string("script")
        linkText = settings.string("link_text")
    }

    /// The feature of the longest prefix that fits; nil if none does.
    func feature(of path: String) -> String? {
        features.filter { path.hasPrefix($0.prefix) }
            .max { $0.prefix.utf8.count < $1.prefix.utf8.count }?.feature
    }

    private static let millisecond: UInt64 = 1_000_000
    private static let second: UInt64 = 1_000_000_000

    static let declarations: [SettingDeclaration] = [
        SettingDeclaration(
            "mode", .choice(["server", "browser"]), default: .string("server"),
            "Whether fragments are put in here, or loaded by the browser."),
        SettingDeclaration(
            "mode_parameter", .string(maximum: 64), default: .string("fragments"),
            "The query parameter by which a request chooses the mode; empty for none."),
        SettingDeclaration(
            "deadline", .duration(millisecond...(60 * second)), default: .duration(500 * millisecond),
            "How long a page waits for a fragment that does not say ('timeout')."),
        SettingDeclaration(
            "stream_after", .duration(0...(60 * second)), default: .duration(2 * millisecond),
            "When the page's beginning leaves although fragments are missing."),
        SettingDeclaration(
            "includes", .integer(1...1024), default: .integer(64),
            "Includes of a page at most, nested ones too; further ones show their fallback."),
        SettingDeclaration(
            "depth", .integer(0...8), default: .integer(3), "How deep fragments may include fragments."),
        SettingDeclaration(
            "pages", .integer(1...65_536), default: .integer(4096),
            "Pages that wait for fragments at most; further ones get 503."),
        SettingDeclaration(
            "shells", .integer(1...65_536), default: .integer(256),
            "Page shells that are kept taken apart."),
        SettingDeclaration(
            "sources", .integer(16...1_048_576), default: .integer(16_384),
            "Fragment paths that are remembered."),
        SettingDeclaration(
            "largest_fragment", .size(1...(16 << 20)), default: .size(256 << 10),
            "Bytes of the largest fragment; a larger one counts as failed."),
        SettingDeclaration(
            "keep", .duration(0...(86_400 * second)), default: .duration(600 * second),
            "How long the last good answer of a fragment is shown when the next is late or fails."),
        SettingDeclaration(
            "keep_bytes", .size(0...(1 << 34)), default: .size(16 << 20), "Bytes of such answers at most."),
        SettingDeclaration(
            "failure", .choice(["empty", "page"]), default: .string("empty"),
            "What becomes of a page whose include fails with nothing to stand in: a gap, or an error page."),
        SettingDeclaration(
            "needs_surrogate_control", .boolean, default: .boolean(true),
            "Whether only responses with 'Surrogate-Control: content=\"ESI/1.0\"' are taken apart."),
        SettingDeclaration(
            "cache_control", .string(maximum: 200), default: .string("private, no-cache"),
            "Cache-Control of pages that were put together."),
        SettingDeclaration(
            "host", .string(maximum: 255), default: .string("localhost"),
            "The host that fragments are asked with."),
        SettingDeclaration(
            "cookies", .list(of: .string(maximum: 200), count: 0...100),
            default: .list([.string("/fragments/cart")]),
            "Beginnings of fragment paths that get the visitor's cookies."),
        SettingDeclaration(
            "forward", .list(of: .string(maximum: 100), count: 0...20), default: .list([]),
            "Fields of the page's request that all fragments get."),
        SettingDeclaration(
            "features", .map(of: .string(maximum: 100), count: 0...100), default: .object([]),
            "Which feature fragments belong to, by the beginnings of their paths: off, they are not asked."),
        SettingDeclaration(
            "script", .string(maximum: 200), default: .string("/assets/fragments.js"),
            "The script that loads fragments in the browser."),
        SettingDeclaration(
            "link_text", .string(maximum: 100), default: .string("Show"),
            "Text of the link to a fragment without fallback, where the browser runs no script."),
    ]
}
