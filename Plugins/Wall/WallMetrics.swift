import ModuleKit

/// What the module shows of itself.
struct WallMetrics {
    let viewers: Gauge
    let frames: Counter
    let cut: Counter
    let turnedAway: Counter
    let silent: Counter

    init(_ context: Context, settings: WallSettings) {
        viewers = context.gauge("souk_wall_viewers", "Viewers who watch now")
        frames = context.counter("souk_wall_frames_total", "Frames that were made, for all viewers together")
        cut = context.counter("souk_wall_viewers_cut_total", "Viewers cut because they did not read")
        turnedAway = context.counter(
            "souk_wall_viewers_turned_away_total", "Viewers turned away because there were too many")
        silent = context.counter(
            "souk_wall_unanswered_total", "Questions that analytics did not answer in time")
        context.gauge("souk_wall_viewers_limit", "Viewers at a time at most").value = Double(settings.viewers)
        context.gauge("souk_wall_queue_limit_bytes", "Bytes that may wait for one viewer").value =
            Double(settings.queue)
    }
}
