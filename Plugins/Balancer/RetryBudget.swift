/// A token bucket that keeps retries a share of the requests: when everything fails, retries must not
/// multiply the load.
struct RetryBudget {
    /// Earned by each request.
    let ratio: Double
    /// Saved at most.
    let burst: Double
    private(set) var tokens: Double

    init(ratio: Double, burst: Double) {
        self.ratio = ratio
        self.burst = max(burst, ratio > 0 ? 1 : 0)
        tokens = burst
    }

    /// A request came.
    mutating func earn() {
        tokens = min(burst, tokens + ratio)
    }
    /// Whether a retry may be made; pays for it.
    mutating func spend() -> Bool {
        guard tokens >= 1 else { return false }
        tokens -= 1
        return true
    }
}
