import ModuleKit

/// The settings of `wall`, decoded. Times in nanoseconds.
struct WallSettings {
    /// How often analytics are asked while somebody watches.
    let interval: UInt64
    /// How often the actors' mailboxes are read.
    let actorInterval: UInt64
    let heartbeat: UInt64
    /// How long analytics may take to answer.
    let timeout: UInt64
    let viewers: Int
    /// Bytes that may wait for one viewer.
    let queue: Int
    /// Actors that are shown at most.
    let actors: Int
    let title: String

    init(_ settings: Settings) {
        interval = settings.duration("interval")
        actorInterval = settings.duration("actor_interval")
        heartbeat = settings.duration("heartbeat")
        timeout = settings.duration("timeout")
        viewers = settings.integer("viewers")
        queue = settings.size("queue")
        actors = settings.integer("actors")
        title = settings.string("title")
    }

    private static let second: UInt64 = 1_000_000_000

    static let declarations: [SettingDeclaration] = [
        SettingDeclaration(
            "interval", .duration(20_000_000...10 * second), default: .duration(100_000_000),
            "How often analytics are asked, and viewers told, while somebody watches."),
        SettingDeclaration(
            "actor_interval", .duration(100_000_000...60 * second), default: .duration(second),
            "How often mailboxes and the caches' hit ratio are read while somebody watches."),
        SettingDeclaration(
            "heartbeat", .duration(second...300 * second), default: .duration(15 * second),
            "A viewer hears something at least this often, so that proxies keep the connection."),
        SettingDeclaration(
            "timeout", .duration(100_000_000...60 * second), default: .duration(second),
            "How long analytics may take to answer before the wall says that they do not."),
        SettingDeclaration(
            "viewers", .integer(1...10_000), default: .integer(200),
            "Viewers at a time at most; more are told to come again later."),
        SettingDeclaration(
            "queue", .size(65_536...1 << 20), default: .size(65_536),
            "Bytes that may wait for one viewer; one who reads more slowly is cut and may come again."),
        SettingDeclaration(
            "actors", .integer(0...128), default: .integer(64), "Actors whose mailboxes are shown at most."),
        SettingDeclaration(
            "title", .string(maximum: 80), default: .string("Souk"), "What stands at the top of the wall."),
    ]
}
