import ModuleKit

/// The settings of a `static-cache`, decoded.
struct CacheSettings {
    /// What is done with a request that finds too many waiting for the same answer.
    enum Beyond: String { case refuse, ask }

    /// The host that the origin sees, where the key has no host.
    let host: String
    let keyHasHost: Bool
    let policy: StoragePolicy
    let capacity: Int
    let objects: Int
    let variants: Int
    let jitter: Double
    let early: Double
    let waiters: Int
    let waitersInAll: Int
    let wait: UInt64
    let beyond: Beyond
    let refreshes: Int
    let retry: UInt64
    let pass: UInt64
    let purgeGrace: UInt64
    let reloadInterval: UInt64
    /// Bytes of a streamed answer that are gathered for storing; 0 for none.
    let collect: Int
    /// Request fields, lower case, that do not reach the origin where the answer is for all.
    let stripped: [String]

    init(_ settings: Settings) {
        host = settings.string("host")
        keyHasHost = settings.string("key") == "host"
        policy = StoragePolicy(
            defaultLife: settings.duration("ttl"), negativeLife: settings.duration("negative_ttl"),
            heuristic: settings.percentage("heuristic"),
            staleWhileRevalidate: settings.duration("stale_while_revalidate"),
            staleIfError: settings.duration("stale_if_error"), largest: settings.size("largest"))
        capacity = settings.size("capacity")
        objects = settings.integer("objects")
        variants = settings.integer("variants")
        jitter = settings.percentage("jitter")
        early = settings.number("early")
        waiters = settings.integer("waiters")
        waitersInAll = settings.integer("waiters_in_all")
        wait = settings.duration("wait")
        beyond = Beyond(rawValue: settings.string("beyond")) ?? .refuse
        refreshes = settings.integer("refreshes")
        retry = settings.duration("retry")
        pass = settings.duration("pass")
        purgeGrace = settings.duration("purge_grace")
        reloadInterval = settings.duration("reload_interval")
        collect = min(settings.size("collect"), policy.largest)
        stripped = settings.list("strip").compactMap {
            if case .string(let name) = $0 { name.lowercased() } else { nil }
        }
    }

    static let second: UInt64 = 1_000_000_000
    private static let spans: ClosedRange<UInt64> = 0...(31_536_000 * second)

    static let declarations: [SettingDeclaration] = [
        SettingDeclaration(
            "capacity", .size(65_536...(1 << 40)), default: .size(64 << 20),
            "Bytes of stored responses, with what they cost beside their content."),
        SettingDeclaration(
            "objects", .integer(16...16_777_216), default: .integer(100_000),
            "Resources (targets) that are stored at most."),
        SettingDeclaration(
            "largest", .size(1...(1 << 30)), default: .size(4 << 20),
            "Bytes of the largest response that is stored."),
        SettingDeclaration(
            "variants", .integer(1...1024), default: .integer(16),
            "Responses of one resource that differ by Vary; a further one takes the place of the oldest."),
        SettingDeclaration(
            "key", .choice(["target", "host"]), default: .string("target"),
            "What a response is stored by: the target alone, or the target and the host."),
        SettingDeclaration(
            "host", .string(maximum: 255), default: .string("localhost"),
            "The host that the origin sees with 'key: target', whatever the client sent."),
        SettingDeclaration(
            "strip", .list(of: .string(maximum: 100), count: 0...100),
            default: .list(
                [
                    "forwarded", "x-forwarded-host", "x-forwarded-server", "x-forwarded-scheme",
                    "x-forwarded-proto", "x-forwarded-port", "x-host", "x-original-url", "x-rewrite-url",
                    "x-http-method-override",
                ].map { .string($0) }),
            "Request fields that do not reach the origin: they could change an answer that is for all."),
        SettingDeclaration(
            "ttl", .duration(spans), default: .duration(0),
            "Life of responses that say nothing about theirs, for requests without cookies; 0 for none."),
        SettingDeclaration(
            "negative_ttl", .duration(spans), default: .duration(5 * second),
            "Life of 404, 405, 410, 414 and 501 that say nothing about theirs."),
        SettingDeclaration(
            "heuristic", .percentage(0...1), default: .percentage(0),
            "Share of the time since Last-Modified that counts as life where nothing is said, up to a day."),
        SettingDeclaration(
            "jitter", .percentage(0...0.9), default: .percentage(0.1),
            "By how much a life is shortened at most, by chance, so that not all end at once."),
        SettingDeclaration(
            "early", .number(0...10), default: .number(1),
            "How eagerly responses that are asked for are refreshed before their life ends (XFetch); 0 for not."
        ),
        SettingDeclaration(
            "stale_while_revalidate", .duration(spans), default: .duration(0),
            "How long a response is served after its life, while it is refreshed, where it does not say."),
        SettingDeclaration(
            "stale_if_error", .duration(spans), default: .duration(0),
            "How long a response is served after its life when the origin fails, where it does not say."),
        SettingDeclaration(
            "waiters", .integer(1...1_048_576), default: .integer(4096),
            "Requests that wait for one answer of the origin at most."),
        SettingDeclaration(
            "waiters_in_all", .integer(1...1_048_576), default: .integer(16_384),
            "Requests that wait for answers of the origin at most."),
        SettingDeclaration(
            "wait", .duration(1_000_000...(600 * second)), default: .duration(5 * second),
            "How long a request waits for the origin at most."),
        SettingDeclaration(
            "beyond", .choice(["refuse", "ask"]), default: .string("refuse"),
            "What becomes of requests beyond the waiters: 503, or a request of their own to the origin."),
        SettingDeclaration(
            "refreshes", .integer(1...65_536), default: .integer(64),
            "Refreshes behind the visitors' backs that are under way at most."),
        SettingDeclaration(
            "retry", .duration(spans), default: .duration(second),
            "How long the origin is left alone for a response after it failed, while stale ones may be served."
        ),
        SettingDeclaration(
            "pass", .duration(spans), default: .duration(10 * second),
            "How long requests for something that must not be shared go to the origin without waiting."),
        SettingDeclaration(
            "purge_grace", .duration(spans), default: .duration(60 * second),
            "How long a softly purged response is served while it is refreshed."),
        SettingDeclaration(
            "collect", .size(0...(1 << 30)), default: .size(0),
            "Bytes of a streamed answer that are gathered so that it can be stored; 0 for passing it on."),
        SettingDeclaration(
            "reload_interval", .duration(spans), default: .duration(0),
            "A response younger than this is served to reloads (Cache-Control: no-cache) too; 0 for never."),
    ]
}
