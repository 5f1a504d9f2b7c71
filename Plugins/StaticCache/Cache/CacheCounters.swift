import ModuleKit

/// What a cache shows of itself.
struct CacheCounters {
    let hits, stale, misses, expired, collapsed, revalidated, passed: Counter
    let refreshes, evictions, purged, refused, failures: Counter
    let bytes, objects, waiting: Gauge

    init(_ context: Context) {
        func answers(_ result: String) -> Counter {
            context.counter(
                "souk_cache_answers_total", "Answers, by how the cache handled the request.",
                [MetricLabel("result", result)])
        }
        hits = answers("hit")
        stale = answers("stale")
        misses = answers("miss")
        expired = answers("expired")
        collapsed = answers("collapsed")
        revalidated = answers("revalidated")
        passed = answers("pass")
        refreshes = context.counter(
            "souk_cache_refreshes_total", "Requests to the origin behind the visitors' backs.")
        evictions = context.counter("souk_cache_evictions_total", "Resources put out to make room.")
        purged = context.counter("souk_cache_purged_total", "Responses purged by operators.")
        refused = context.counter(
            "souk_cache_refused_total", "Requests refused because too many waited, or for too long.")
        failures = context.counter("souk_cache_origin_failures_total", "Requests that the origin failed.")
        bytes = context.gauge("souk_cache_bytes", "Bytes of stored responses.")
        objects = context.gauge("souk_cache_objects", "Stored responses.")
        waiting = context.gauge("souk_cache_waiting", "Requests that wait for the origin.")
    }

    func count(_ kind: HTTPCacheStatus.Kind) {
        switch kind {
        case .none: break
        case .hit: hits.increment()
        case .stale: stale.increment()
        case .miss: misses.increment()
        case .expired: expired.increment()
        case .collapsed: collapsed.increment()
        case .revalidated: revalidated.increment()
        case .bypass: passed.increment()
        }
    }
}
