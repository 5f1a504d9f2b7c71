import ModuleKit

/// How the member for a request is found.
enum Policy: String, CaseIterable {
    case key
    case roundRobin = "round-robin"
    case leastInFlight = "least-in-flight"
    case peakLatency = "p2c-ewma"
}

/// How keys are laid over the members.
enum Consistency: String, CaseIterable {
    /// Jump hash over the members' numbers: the mapping that shards rely on.
    case jump
    /// A ring of points made of the members' names: a member can leave from the middle.
    case ring
}

/// When a member is given no requests for a while. Times in nanoseconds, shares as fractions.
struct EjectionSettings: Equatable {
    var isEnabled = true
    var consecutive = 5
    var ratio = 0.5
    var minimumRequests = 20
    var interval: UInt64 = 10_000_000_000
    var time: UInt64 = 5_000_000_000
    var maximumTime: UInt64 = 300_000_000_000
    var maximumShare = 0.5

    init() {}

    /// What the object leaves out keeps its default.
    init(_ object: Settings) {
        if object["enabled"] != nil { isEnabled = object.boolean("enabled") }
        if object["consecutive"] != nil { consecutive = object.integer("consecutive") }
        if object["failure_ratio"] != nil { ratio = object.percentage("failure_ratio") }
        if object["minimum_requests"] != nil { minimumRequests = object.integer("minimum_requests") }
        if object["interval"] != nil { interval = max(1, object.duration("interval")) }
        if object["time"] != nil { time = object.duration("time") }
        if object["maximum_time"] != nil { maximumTime = object.duration("maximum_time") }
        if object["max_ejected"] != nil { maximumShare = object.percentage("max_ejected") }
        maximumTime = max(time, maximumTime)
    }
}

/// The settings of one balancer. Times in nanoseconds, shares as fractions.
struct BalancerSettings: Equatable {
    static let memberLimit = 10_000

    var policy = Policy.leastInFlight
    var consistency = Consistency.jump
    /// Load of one member at most, as a factor of the average; nil for no bound.
    var boundedLoad: Double?
    /// Whether a key may go to another member when its own is not available or has too much to do.
    var failsOver = true
    var memberInFlight = 1024
    var timeout: UInt64 = 0
    var latencyDecay: UInt64 = 10_000_000_000
    var errorLatency: UInt64 = 1_000_000_000
    var retries = 1
    var retryRatio = 0.2
    var retryBurst = 10.0
    var slowStart: UInt64 = 10_000_000_000
    var ejection = EjectionSettings()

    /// Whether each key belongs to one member alone (state that the others do not have).
    var isOwned: Bool { policy == .key && !failsOver }

    init() {}

    /// - Parameter ownsKeys: whether members of this contract own their keys.
    init(_ settings: Settings, ownsKeys: Bool) throws(ModuleError) {
        policy = Policy(rawValue: settings.string("by")) ?? .leastInFlight
        consistency = Consistency(rawValue: settings.string("consistent")) ?? .jump
        if settings["bounded_load"] != nil { boundedLoad = settings.percentage("bounded_load") }
        failsOver = settings["failover"] == nil ? !ownsKeys : settings.boolean("failover")
        memberInFlight = settings.integer("member_in_flight")
        timeout = settings.duration("timeout")
        latencyDecay = max(1, settings.duration("latency_decay"))
        errorLatency = settings.duration("error_latency")
        retries = settings.integer("retries")
        retryRatio = settings.percentage("retry_ratio")
        retryBurst = Double(settings.integer("retry_burst"))
        slowStart = settings.duration("slow_start")
        if let object = Settings(settings["ejection"]) { ejection = EjectionSettings(object) }
        try check(ownsKeys: ownsKeys)
    }

    private func check(ownsKeys: Bool) throws(ModuleError) {
        if ownsKeys && policy == .key && failsOver {
            throw ModuleError(
                "the members own their keys: another member does not have what a key needs",
                setting: "failover")
        }
        guard boundedLoad != nil else { return }
        guard policy == .key else {
            throw ModuleError("a bound on the load goes with `by: key` only", setting: "bounded_load")
        }
        guard failsOver else {
            throw ModuleError(
                "a bound on the load sends keys to other members: it needs `failover: true`",
                setting: "bounded_load")
        }
    }
}

extension BalancerSettings {
    private static let second: UInt64 = 1_000_000_000

    static let declarations: [SettingDeclaration] = [
        SettingDeclaration(
            "by", .choice(Policy.allCases.map(\.rawValue)), default: .string(Policy.leastInFlight.rawValue),
            "How the member for a request is found."),
        SettingDeclaration(
            "contract", .choice(BalancerModule.contracts.map(\.name)),
            "What the members serve; found out by itself unless all members are balancers."),
        SettingDeclaration(
            "consistent", .choice(Consistency.allCases.map(\.rawValue)),
            default: .string(Consistency.jump.rawValue),
            "How keys are laid over members: by number (shards) or by name on a ring (caches)."),
        SettingDeclaration(
            "bounded_load", .percentage(1.01...10),
            "With `by: key`: requests in flight of one member at most, as a share of the average."),
        SettingDeclaration(
            "failover", .boolean,
            "With `by: key`: whether another member may stand in; off for orders, on for the rest."),
        SettingDeclaration(
            "member_in_flight", .integer(1...1_048_576), default: .integer(1024),
            "Requests in flight of one member at most; more are given to others or refused."),
        SettingDeclaration(
            "timeout", .duration(0...600 * second), default: .duration(0),
            "How long one try may take; 0 leaves it to the request's own deadline."),
        SettingDeclaration(
            "latency_decay", .duration(second / 100...600 * second), default: .duration(10 * second),
            "With `by: p2c-ewma`: time after which a latency counts for 37 %."),
        SettingDeclaration(
            "error_latency", .duration(0...600 * second), default: .duration(second),
            "With `by: p2c-ewma`: what a failed request counts for at least."),
        SettingDeclaration(
            "retries", .integer(0...3), default: .integer(1),
            "Further tries of an idempotent request, each on another member."),
        SettingDeclaration(
            "retry_ratio", .percentage(0...1), default: .percentage(0.2),
            "Retries at most, as a share of all requests."),
        SettingDeclaration(
            "retry_burst", .integer(0...10_000), default: .integer(10),
            "Retries that may be saved up."),
        SettingDeclaration(
            "slow_start", .duration(0...600 * second), default: .duration(10 * second),
            "How long a member that came back takes to its full share, from a tenth on."),
        SettingDeclaration("ejection", .object(ejectionDeclarations), "When a failing member is left out."),
    ]

    private static let ejectionDeclarations: [SettingDeclaration] = [
        SettingDeclaration(
            "enabled", .boolean, default: .boolean(true), "Whether failing members are left out at all."),
        SettingDeclaration(
            "consecutive", .integer(1...10_000), default: .integer(5), "So many failures in a row."),
        SettingDeclaration(
            "failure_ratio", .percentage(0.01...1), default: .percentage(0.5),
            "Or so large a share of the requests of an interval."),
        SettingDeclaration(
            "minimum_requests", .integer(1...1_000_000), default: .integer(20),
            "Requests in an interval before the share counts."),
        SettingDeclaration(
            "interval", .duration(second / 10...600 * second), default: .duration(10 * second),
            "Length of an interval; one without an ejection also forgives one of the past."),
        SettingDeclaration(
            "time", .duration(second / 100...600 * second), default: .duration(5 * second),
            "How long the first time; doubled each further time."),
        SettingDeclaration(
            "maximum_time", .duration(second / 100...86_400 * second), default: .duration(300 * second),
            "How long at most."),
        SettingDeclaration(
            "max_ejected", .percentage(0...1), default: .percentage(0.5),
            "Members out at once at most, as a share of all, rounded down."),
    ]
}
