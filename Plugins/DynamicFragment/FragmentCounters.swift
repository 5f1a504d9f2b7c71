import ModuleKit

/// What a `dynamic-fragment` shows of itself.
struct FragmentCounters {
    let whole, streamed, browser, passed, refused: Counter
    let asked, arrived, reused, stale, late, failed, fallbacks, off: Counter
    let parsed: Counter
    let underWay, keptBytes: Gauge

    init(_ context: Context) {
        func pages(_ result: String) -> Counter {
            context.counter(
                "souk_fragment_pages_total", "Pages, by how they were answered.",
                [MetricLabel("result", result)])
        }
        func fragments(_ result: String) -> Counter {
            context.counter(
                "souk_fragment_includes_total", "Includes, by what became of them.",
                [MetricLabel("result", result)])
        }
        whole = pages("whole")
        streamed = pages("streamed")
        browser = pages("browser")
        passed = pages("passed")
        refused = pages("refused")
        asked = fragments("asked")
        arrived = fragments("arrived")
        reused = fragments("reused")
        stale = fragments("stale")
        late = fragments("late")
        failed = fragments("failed")
        fallbacks = fragments("fallback")
        off = fragments("off")
        parsed = context.counter("souk_fragment_shells_parsed_total", "Page shells taken apart.")
        underWay = context.gauge("souk_fragment_pages_under_way", "Pages that wait for something.")
        keptBytes = context.gauge("souk_fragment_kept_bytes", "Bytes of last good answers.")
    }
}
