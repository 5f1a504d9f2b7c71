import ModuleKit

/// The settings of a shard, read and put into bounds.
struct ShardOptions: Sendable {
    let path: String
    let isFull: Bool
    let window: Int
    let batch: Int
    let queue: Int
    let holdTime: UInt64
    let holds: Int
    let readers: Int
    let reads: Int
    let filters: Int
    let variants: Int
    let isProjecting: Bool

    static let declarations: [SettingDeclaration] = [
        SettingDeclaration(
            "engine", .choice(["sqlite"]), default: .string("sqlite"), "What keeps the log and the tables."),
        SettingDeclaration(
            "path", .path, default: .string("data/shard-{index}.db"),
            "The database file; {index} stands for the number of the replica, from 0."),
        SettingDeclaration(
            "durability", .choice(["full", "normal"]), default: .string("full"),
            "full: what was answered survives the loss of power; normal: it does not (for tests only)."),
        SettingDeclaration(
            "window", .integer(1_024...4_194_304), default: .integer(131_072),
            "Idempotency keys kept in memory at least; older ones lie in segments on the disk."),
        SettingDeclaration(
            "batch", .integer(1...65_536), default: .integer(4_096), "Orders in one commit at most."),
        SettingDeclaration(
            "queue", .integer(1...64), default: .integer(8),
            "Full batches that may wait for the disk; beyond, orders are refused as busy."),
        SettingDeclaration(
            "hold", .duration(1_000_000...60_000_000_000), default: .duration(300_000_000),
            "How long an order waits for the other shards that keep some of its variants."),
        SettingDeclaration(
            "holds", .integer(16...1_048_576), default: .integer(65_536),
            "Orders at most that wait for other shards, and holds at most that others have here."),
        SettingDeclaration(
            "readers", .integer(1...16), default: .integer(2), "Connections for reading orders."),
        SettingDeclaration(
            "reads", .integer(16...65_536), default: .integer(4_096),
            "Orders at most that wait to be read; beyond, askers are told that it is busy."),
        SettingDeclaration(
            "filters", .size(65_536...1_073_741_824), default: .size(67_108_864),
            "Memory for the filters of older keys (2 bytes a key); older segments go without."),
        SettingDeclaration(
            "variants", .integer(1...10_000_000), default: .integer(1_000_000),
            "Variants at most that this shard keeps."),
        SettingDeclaration(
            "projection", .boolean, default: .boolean(true),
            "Whether the tables orders and order_lines are made for operators."),
    ]

    init(_ settings: Settings, of actor: ActorIdentity) {
        // The host may have filled the number in; two shards of one file are told apart when it is opened.
        path = Self.fill(settings.string("path"), actor.index)
        isFull = settings.string("durability") != "normal"
        window = settings.integer("window")
        batch = max(1, settings.integer("batch"))
        queue = max(1, settings.integer("queue"))
        holdTime = settings.duration("hold")
        holds = min(settings.integer("holds"), HoldsTag.slots)
        readers = max(1, settings.integer("readers"))
        reads = max(1, settings.integer("reads"))
        filters = settings.size("filters")
        variants = settings.integer("variants")
        isProjecting = settings.boolean("projection")
    }

    /// Puts the number where the pattern says `{index}`.
    static func fill(_ pattern: String, _ index: Int) -> String {
        var rest = Substring(pattern)
        var filled = ""
        while let brace = rest.firstIndex(of: "{") {
            filled += rest[..<brace]
            rest = rest[brace...]
            if rest.hasPrefix("{index}") {
                filled += "\(index)"
                rest = rest.dropFirst("{index}".count)
            } else {
                filled += "{"
                rest = rest.dropFirst()
            }
        }
        return filled + rest
    }

    /// Shards whose files lie in one folder share a writer.
    var workerName: String {
        guard let slash = path.lastIndex(of: "/") else { return "disk-." }
        return "disk-" + path[..<slash]
    }
}
