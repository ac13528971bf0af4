#include "loadgen/arrival.h"

#include <algorithm>

namespace jumpgate::load {

static double steady_rate(const Options& options) {
    return static_cast<double>(options.plan.publishers) * 1e9 /
           static_cast<double>(options.interval_ns);
}

Schedule message_schedule(const Options& options, uint64_t start_ns) {
    const ArrivalOptions& arrival = options.arrival;
    Schedule schedule;
    schedule.start_ns = start_ns;
    schedule.interval_ns = options.interval_ns;
    schedule.publishers = std::max(1U, options.plan.publishers);
    schedule.seed = options.seed;
    schedule.spacing = arrival.spacing;
    if (!arrival.profile.empty()) {
        schedule.curve = RateCurve(arrival.profile);
    } else if (arrival.ramp_ns > 0 && options.plan.publishers > 0) {
        schedule.curve = RateCurve::ramp(arrival.ramp_ns, steady_rate(options));
    }
    return schedule;
}

DialPlanner::DialPlanner(const Options& options) : rate_(options.connrate) {
    if (options.arrival.ramp_ns == 0 || options.plan.publishers > 0) return;
    curve_ = RateCurve::ramp(options.arrival.ramp_ns, static_cast<double>(options.connrate));
}

uint64_t DialPlanner::due_ns(uint64_t start_ns, uint64_t index) const {
    if (curve_.empty()) return dial_due_ns(start_ns, index, rate_);
    return start_ns + curve_.due_ns(static_cast<double>(index));
}

}  // namespace jumpgate::load
