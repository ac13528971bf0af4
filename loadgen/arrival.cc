#include "loadgen/arrival.h"

#include <algorithm>

#include "core/base/time.h"

namespace jumpgate::load {

static double steady_rate(const Options& options) {
    return static_cast<double>(options.plan.publishers) * 1e9 /
           static_cast<double>(options.interval_ns);
}

static double highest_rate(const Options& options) {
    const std::vector<RatePoint>& profile = options.arrival.profile;
    if (profile.empty()) return steady_rate(options);
    return std::ranges::max_element(profile, {}, &RatePoint::per_second)->per_second;
}

// Halves of a millisecond: six of them are whole nanoseconds, so a run of whole milliseconds ends
// with a tick, and the plan has as many messages as without.
uint64_t tick_ns(const Options& options, double per_second) {
    if (const auto asked_us = options.arrival.tick_us; asked_us) {
        return std::max<uint64_t>(1, *asked_us * kNanosPerMicro);
    }
    uint64_t tick = kNanosPerMilli;
    const double here = per_second / options.shard.count;
    const auto events = [&] { return here * static_cast<double>(tick) / 1e9; };
    if (events() < 2) return 1;
    for (int halvings = 0; halvings < 6 && events() > 16; ++halvings) tick /= 2;
    return tick;
}

Schedule message_schedule(const Options& options, uint64_t start_ns) {
    const ArrivalOptions& arrival = options.arrival;
    Schedule schedule;
    schedule.start_ns = start_ns;
    schedule.interval_ns = options.interval_ns;
    schedule.publishers = std::max(1U, options.plan.publishers);
    schedule.seed = options.seed;
    schedule.spacing = arrival.spacing;
    schedule.tick_ns = tick_ns(options, highest_rate(options));
    if (!arrival.profile.empty()) {
        schedule.curve = RateCurve(arrival.profile);
    } else if (arrival.ramp_ns > 0 && options.plan.publishers > 0) {
        schedule.curve = RateCurve::ramp(arrival.ramp_ns, steady_rate(options));
    }
    return schedule;
}

DialPlanner::DialPlanner(const Options& options)
    : rate_(options.connrate), tick_ns_(tick_ns(options, static_cast<double>(options.connrate))) {
    if (options.arrival.ramp_ns == 0 || options.plan.publishers > 0) return;
    curve_ = RateCurve::ramp(options.arrival.ramp_ns, static_cast<double>(options.connrate));
}

uint64_t DialPlanner::due_ns(uint64_t start_ns, uint64_t index) const {
    const uint64_t after_ns =
        curve_.empty() ? dial_due_ns(0, index, rate_) : curve_.due_ns(static_cast<double>(index));
    return start_ns + after_ns - after_ns % tick_ns_;
}

}  // namespace jumpgate::load
