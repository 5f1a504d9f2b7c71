import ModuleKit

/// From when on a level applies. Absent ones do not count.
struct Thresholds: Equatable {
    /// Nanoseconds.
    var waiting: UInt64?
    /// A fraction of the messages.
    var errors: Double?
    /// Nanoseconds.
    var latency: UInt64?
}

/// One level, from 1 on.
struct LevelSettings: Equatable {
    var when = Thresholds()
    /// How long a threshold must be exceeded, or all be cleared, in nanoseconds.
    var hold: UInt64 = 2_000_000_000
    /// Features that are off from this level on.
    var off: [String] = []
    /// Nil for that of the level below.
    var staleFactor: Double?
}

/// What is shown of a feature that is off.
struct FeatureSettings: Equatable {
    var name: String
    /// Level from which it is off; nil where only levels name it.
    var from: Int?
    var fallback: String?
}

/// A latency histogram that is watched.
struct LatencySettings: Equatable {
    var metric: String
    var actor: String
}

/// The settings of one controller. Times in nanoseconds, shares as fractions.
struct DegradeSettings: Equatable {
    var interval: UInt64 = 250_000_000
    /// Intervals that are looked at together.
    var window: UInt64 = 1_000_000_000
    var minimumStay: UInt64 = 10_000_000_000
    var clearRatio = 0.7
    var minimumRequests = 20
    var levels: [LevelSettings] = []
    var features: [FeatureSettings] = []
    var latencies: [LatencySettings] = []

    init() {}

    init(_ settings: Settings) throws(ModuleError) {
        interval = max(1_000_000, settings.duration("interval"))
        window = max(interval, settings.duration("window"))
        minimumStay = settings.duration("minimum_stay")
        clearRatio = settings.percentage("clear_ratio")
        minimumRequests = settings.integer("minimum_requests")
        levels = settings.objects("levels").map(LevelSettings.init)
        features = settings.map("features").map(FeatureSettings.init)
        latencies = settings.objects("latencies").map {
            LatencySettings(metric: $0.string("metric"), actor: $0.string("actor"))
        }
        for feature in features {
            guard let from = feature.from, from > levels.count else { continue }
            throw ModuleError(
                "feature '\(feature.name)' is off from level \(from), but there are \(levels.count) levels",
                setting: "features")
        }
    }

    /// What the shop gives up at a level.
    func state(at level: Int) -> DegradeState {
        let reached = levels.prefix(level)
        var names: [String] = []
        for name in reached.flatMap(\.off) where !names.contains(name) { names.append(name) }
        for feature in features where !names.contains(feature.name) {
            if let from = feature.from, from <= level { names.append(feature.name) }
        }
        let off = names.sorted().map { name in
            DegradeState.Feature(name, fallback: features.first { $0.name == name }?.fallback)
        }
        let stale = reached.last { $0.staleFactor != nil }?.staleFactor ?? 1
        return DegradeState(level: level, featuresOff: off, staleFactor: stale)
    }
}

extension LevelSettings {
    init(_ object: Settings) {
        if let when = Settings(object["when"]) {
            if when["waiting_p99"] != nil { self.when.waiting = when.duration("waiting_p99") }
            if when["error_ratio"] != nil { self.when.errors = when.percentage("error_ratio") }
            if when["latency_p99"] != nil { self.when.latency = when.duration("latency_p99") }
        }
        if object["for"] != nil { hold = object.duration("for") }
        off = object.list("off").compactMap { if case .string(let name) = $0 { name } else { nil } }
        if object["stale_factor"] != nil { staleFactor = object.number("stale_factor") }
    }
}

extension FeatureSettings {
    init(_ entry: SettingEntry) {
        name = entry.name
        let object = Settings(entry.value) ?? Settings()
        from = object["from"] == nil ? nil : object.integer("from")
        fallback = object.optionalString("fallback")
    }
}

extension DegradeSettings {
    private static let second: UInt64 = 1_000_000_000
    private static let hour = 3600 * second

    static let declarations: [SettingDeclaration] = [
        SettingDeclaration(
            "interval", .duration(second / 100...60 * second), default: .duration(second / 4),
            "How often the watched actors are looked at."),
        SettingDeclaration(
            "window", .duration(second / 100...600 * second), default: .duration(second),
            "What is measured together: the latest of this length."),
        SettingDeclaration(
            "minimum_stay", .duration(0...hour), default: .duration(10 * second),
            "How long a level stays at least before the next lower one."),
        SettingDeclaration(
            "clear_ratio", .percentage(0.01...1), default: .percentage(0.7),
            "Share of its thresholds below which a level is over."),
        SettingDeclaration(
            "minimum_requests", .integer(1...1_000_000), default: .integer(20),
            "Messages within the window before error ratios and latencies count."),
        SettingDeclaration(
            "levels", .list(of: .object(levelDeclarations), count: 0...20), default: .list([]),
            "What starts each level, from 1 on, and what it gives up."),
        SettingDeclaration(
            "features", .map(of: .object(featureDeclarations), count: 0...1000), default: .object([]),
            "What is shown instead of a feature, and from which level on it is off."),
        SettingDeclaration(
            "latencies", .list(of: .object(latencyDeclarations), count: 0...1000), default: .list([]),
            "Histograms that count for `latency_p99`."),
    ]

    private static let levelDeclarations: [SettingDeclaration] = [
        SettingDeclaration(
            "when", .object(thresholdDeclarations),
            "The level begins when any of these is exceeded; without, it is for operators only."),
        SettingDeclaration(
            "for", .duration(0...hour), default: .duration(2 * second),
            "How long it must be exceeded, or cleared."),
        SettingDeclaration(
            "off", .list(of: .string(maximum: 200), count: 0...1000), default: .list([]),
            "Features that are off from this level on."),
        SettingDeclaration(
            "stale_factor", .number(1...1000),
            "How much older cached content may be; that of the level below where absent."),
    ]

    private static let thresholdDeclarations: [SettingDeclaration] = [
        SettingDeclaration(
            "waiting_p99", .duration(1...hour), "Time that messages wait in a watched actor's mailbox."),
        SettingDeclaration(
            "error_ratio", .percentage(0...1), "Share of a watched actor's messages that were errors."),
        SettingDeclaration("latency_p99", .duration(1...hour), "Of a histogram named under `latencies`."),
    ]

    private static let featureDeclarations: [SettingDeclaration] = [
        SettingDeclaration("from", .integer(1...20), "Level from which it is off."),
        SettingDeclaration("fallback", .string(), "Text or HTML shown instead; nothing where absent."),
    ]

    private static let latencyDeclarations: [SettingDeclaration] = [
        SettingDeclaration(required: "metric", .string(maximum: 200), "The histogram's name."),
        SettingDeclaration(required: "actor", .string(maximum: 200), "The actor whose histogram it is."),
    ]
}
