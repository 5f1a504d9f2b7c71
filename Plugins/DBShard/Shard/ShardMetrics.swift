import ModuleKit

/// What a shard counts.
struct ShardMetrics: Sendable {
    let orders: Counter
    let soldOut, conflict, busy, unavailable, unknownVariant: Counter
    let commits: Counter
    let failedCommits: Counter
    let commitTime: Histogram
    let batchOrders: Gauge
    let projectionLag: Gauge
    let holds: Gauge
    let waiting: Gauge
    let owed: Gauge
    let disk: Gauge
    let expiredHolds: Counter
    let settlements: Counter
    let unheld: Counter
    let lookUps: Counter
    let segments: Gauge
    let dirty: Gauge

    init(_ context: Context) {
        func refusals(_ reason: String) -> Counter {
            context.counter(
                "souk_shard_refusals_total", "Orders that were not placed.", [MetricLabel("reason", reason)])
        }
        orders = context.counter("souk_shard_orders_total", "Orders placed and on the disk.")
        soldOut = refusals("sold_out")
        conflict = refusals("conflict")
        busy = refusals("busy")
        unavailable = refusals("unavailable")
        unknownVariant = refusals("unknown_variant")
        commits = context.counter("souk_shard_commits_total", "Batches written.")
        failedCommits = context.counter(
            "souk_shard_commit_failures_total", "Batches that could not be written.")
        commitTime = context.histogram("souk_shard_commit_seconds", "Time to write and sync a batch.")
        batchOrders = context.gauge("souk_shard_batch_orders", "Orders in the last batch.")
        projectionLag = context.gauge(
            "souk_shard_projection_lag_orders", "Orders that the tables for operators do not show yet.")
        holds = context.gauge("souk_shard_holds", "Orders of other shards that hold pieces here.")
        waiting = context.gauge("souk_shard_waiting_orders", "Orders that wait for other shards or old keys.")
        owed = context.gauge("souk_shard_settlements_owed", "Settlements that other shards have not stored.")
        disk = context.gauge("souk_shard_disk_up", "1 if the disk takes writes, else 0.")
        expiredHolds = context.counter(
            "souk_shard_expired_holds_total", "Holds that ended because they were never decided.")
        settlements = context.counter("souk_shard_settlements_total", "Settlements of other shards taken.")
        unheld = context.counter(
            "souk_shard_unheld_settlements_total", "Orders of others decided without a hold: always 0.")
        lookUps = context.counter("souk_shard_old_key_lookups_total", "Keys looked up in older segments.")
        segments = context.gauge("souk_shard_key_segments", "Segments of older keys.")
        dirty = context.gauge("souk_shard_dirty_variants", "Variants whose stock rows are behind.")
    }
}
