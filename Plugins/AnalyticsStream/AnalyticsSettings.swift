import ModuleKit

/// The settings of `analytics-stream`, decoded.
struct AnalyticsSettings {
    let limits: AggregateLimits
    /// Names of products at most.
    let names: Int
    /// Bytes and events of one beacon at most.
    let beaconBody: Int
    let beaconEvents: Int
    /// Whether orders that browsers tell count as orders and revenue.
    let trustsBeaconOrders: Bool
    let visitorCookie: String
    /// In lower case.
    let countryHeader: [UInt8]

    init(_ settings: Settings) throws(ModuleError) {
        func milliseconds(_ name: String) -> UInt64 { settings.duration(name) / 1_000_000 }
        var limits = AggregateLimits()
        limits.lateness = milliseconds("lateness")
        limits.tolerance = milliseconds("ahead")
        limits.idleAfter = milliseconds("idle_after")
        limits.history = Int(clamping: settings.duration("history") / 1_000_000_000)
        limits.sessions = settings.integer("sessions")
        limits.sessionTimeout = milliseconds("session_timeout")
        limits.activeFor = milliseconds("active")
        limits.products = settings.integer("products")
        limits.shownProducts = settings.integer("shown_products")
        limits.shownCountries = settings.integer("shown_countries")
        limits.sampling = settings.integer("sampling")
        limits.patience = settings.duration("patience")
        self.limits = limits
        names = settings.integer("names")
        beaconBody = settings.size("beacon_body")
        beaconEvents = settings.integer("beacon_events")
        trustsBeaconOrders = settings.boolean("beacon_orders")
        visitorCookie = settings.string("visitor_cookie")
        countryHeader = settings.string("country_header").utf8.map { $0 &- 65 < 26 ? $0 | 0x20 : $0 }
        guard limits.activeFor <= limits.sessionTimeout else {
            throw ModuleError("'active' must not be longer than 'session_timeout'", setting: "active")
        }
    }

    private static let second: UInt64 = 1_000_000_000

    static let declarations: [SettingDeclaration] = time + bounds + beacon

    private static let time: [SettingDeclaration] = [
        SettingDeclaration(
            "lateness", .duration(0...30 * second), default: .duration(2 * second),
            "How much later than the latest event another may come and still count in its second."),
        SettingDeclaration(
            "ahead", .duration(0...30 * second), default: .duration(second),
            "How far an event's time may be ahead of the clock; beyond that it counts as now."),
        SettingDeclaration(
            "idle_after", .duration(second / 10...60 * second), default: .duration(second),
            "Without an event for so long, the clock moves the watermark, so that windows still close."),
        SettingDeclaration(
            "history", .duration(60 * second...3600 * second), default: .duration(300 * second),
            "How long seconds are kept: the span of the charts, of the funnel and of top products."),
        SettingDeclaration(
            "session_timeout", .duration(second...24 * 3600 * second), default: .duration(1800 * second),
            "A visitor's session ends after so long without an event."),
        SettingDeclaration(
            "active", .duration(second...3600 * second), default: .duration(300 * second),
            "A visitor counts as active for so long after an event."),
        SettingDeclaration(
            "patience", .duration(1_000_000...60 * second), default: .duration(second / 10),
            "When events wait longer than this in the mailbox, fewer visitors are looked at."),
    ]

    private static let bounds: [SettingDeclaration] = [
        SettingDeclaration(
            "sessions", .integer(16...4_000_000), default: .integer(131_072),
            "Sessions under way at most, 56 bytes each; when full, the one quiet for longest goes."),
        SettingDeclaration(
            "products", .integer(16...65_536), default: .integer(512),
            "Counters for top products in each fifth of the history; any product with more than this part "
                + "of the views or sales is found."),
        SettingDeclaration(
            "shown_products", .integer(1...100), default: .integer(10), "Products in a snapshot's lists."),
        SettingDeclaration(
            "shown_countries", .integer(1...676), default: .integer(24), "Countries in a snapshot's list."),
        SettingDeclaration(
            "names", .integer(0...1_000_000), default: .integer(20_000),
            "Names of products at most; others are shown by number."),
        SettingDeclaration(
            "sampling", .integer(1...65_536), default: .integer(64),
            "When behind, at least one visitor in so many is still looked at (rounded down to a power of "
                + "two); 1 never samples."),
    ]

    private static let beacon: [SettingDeclaration] = [
        SettingDeclaration(
            "beacon_body", .size(256...1 << 20), default: .size(16_384), "Bytes of one beacon at most."),
        SettingDeclaration(
            "beacon_events", .integer(1...10_000), default: .integer(100), "Events in one beacon at most."),
        SettingDeclaration(
            "beacon_orders", .boolean, default: .boolean(false),
            "Whether orders that browsers tell count as orders and revenue; else only as behaviour."),
        SettingDeclaration(
            "visitor_cookie", .string(maximum: 64), default: .string("souk_visitor"),
            "The cookie whose hash names a visitor; without it, the address does."),
        SettingDeclaration(
            "country_header", .string(maximum: 64), default: .string("x-country"),
            "The header in which a proxy says a visitor's country, as two letters."),
    ]
}
