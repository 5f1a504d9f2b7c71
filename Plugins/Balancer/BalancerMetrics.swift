import ModuleKit

/// The numbers of one balancer. Members' picks are counted in the pool and copied at each tick, so
/// that a request touches no metric.
struct BalancerMetrics {
    let retries: Counter
    let budgetExhausted: Counter
    let unavailable: Counter
    let refused: Counter
    let timeouts: Counter
    let ejections: Counter
    private let overflows: Counter
    private let ejected: Gauge
    private let eligible: Gauge
    private let underWay: Gauge
    private let picks: [Counter]
    private let inFlight: [Gauge]

    init(_ context: Context, members: [String], limit: Int) {
        retries = context.counter("souk_balancer_retries_total", "Tries after the first.")
        budgetExhausted = context.counter(
            "souk_balancer_retry_budget_exhausted_total", "Retries that the budget did not allow.")
        unavailable = context.counter(
            "souk_balancer_unavailable_total", "Requests without a member to give them to.")
        refused = context.counter(
            "souk_balancer_refused_total", "Requests refused because too many were in flight.")
        timeouts = context.counter("souk_balancer_timeouts_total", "Tries that took too long.")
        ejections = context.counter("souk_balancer_ejections_total", "Members left out for their failures.")
        overflows = context.counter(
            "souk_balancer_overflows_total", "Requests given to another than their key's member.")
        ejected = context.gauge("souk_balancer_ejected", "Members left out now.")
        eligible = context.gauge("souk_balancer_eligible", "Members that get requests now.")
        underWay = context.gauge("souk_balancer_under_way", "Requests in flight, late answers included.")
        context.gauge("souk_balancer_under_way_limit", "Requests in flight at most.").value = Double(limit)
        picks = members.map {
            context.counter(
                "souk_balancer_picks_total", "Tries given to a member.", [MetricLabel("member", $0)])
        }
        inFlight = members.map {
            context.gauge(
                "souk_balancer_in_flight", "Requests that a member has now.", [MetricLabel("member", $0)])
        }
    }

    /// Takes over what the pool counted.
    func update(_ pool: MemberPool, underWay count: Int) {
        for (index, member) in pool.members.enumerated() {
            let fresh = member.picks - picks[index].value
            if fresh > 0 { picks[index].increment(by: fresh) }
            inFlight[index].value = Double(pool.buckets.load(index))
        }
        let overflow = pool.overflows - overflows.value
        if overflow > 0 { overflows.increment(by: overflow) }
        ejected.value = Double(pool.ejectedCount)
        eligible.value = Double(pool.eligible.count)
        underWay.value = Double(count)
    }
}
