#include "loadgen/disturbances.h"

#include <algorithm>
#include <cmath>

#include "core/base/check.h"

namespace jumpgate::load {

// Whose turn comes when: client k once per 1 / share seconds.
static Schedule turns(const Options& options, double share_per_s, uint64_t start_ns,
                      uint64_t seed) {
    Schedule plan;
    plan.start_ns = start_ns;
    plan.interval_ns = static_cast<uint64_t>(std::llround(1e9 / share_per_s));
    plan.publishers = options.count;
    plan.seed = seed;
    return plan;
}

void Disturbances::build(const Options& options, std::span<const uint32_t> indices,
                         uint64_t start_ns, uint64_t measured_from_ns) {
    options_ = &options;
    const BehaviourOptions& behaviour = options.behaviour;
    storm_ = 0;
    storm_due_ns_ = behaviour.storm ? measured_from_ns + behaviour.storm->at_ns : UINT64_MAX;
    churn_plan_ = takeover_plan_ = {};
    churn_.build(churn_plan_, {});
    takeovers_.build(takeover_plan_, {});
    if (behaviour.churn_per_s > 0) {
        churn_plan_ = turns(options, behaviour.churn_per_s, start_ns, options.seed + 1);
        churn_.build(churn_plan_, indices);
    }
    if (behaviour.takeover_per_s > 0) {
        takeover_plan_ = turns(options, behaviour.takeover_per_s, start_ns, options.seed + 2);
        takeovers_.build(takeover_plan_, indices);
    }
}

uint64_t Disturbances::next_due_ns() const {
    if (options_ == nullptr) return UINT64_MAX;
    return std::min({storm_due_ns_, churn_.next_due_ns(), takeovers_.next_due_ns()});
}

Disturbance Disturbances::next() {
    const uint64_t due_ns = next_due_ns();
    CHECK(due_ns != UINT64_MAX);
    if (due_ns == storm_due_ns_) {
        const uint64_t every_ns = options_->behaviour.storm->every_ns;
        storm_due_ns_ = every_ns > 0 ? storm_due_ns_ + every_ns : UINT64_MAX;
        return {DisturbanceKind::Storm, storm_++, 0};
    }
    if (due_ns == churn_.next_due_ns()) return {DisturbanceKind::Churn, 0, churn_.next()};
    return {DisturbanceKind::Takeover, 0, takeovers_.next()};
}

bool Disturbances::hits(uint64_t storm, uint32_t index) const {
    // The phases of as many clients, one nanosecond apart, are a shuffled deal of 0 to count - 1.
    Schedule deal;
    deal.publishers = options_->count;
    deal.interval_ns = options_->count;
    deal.seed = options_->seed + 3 + storm;
    const double victims = options_->behaviour.storm->share * options_->count;
    return static_cast<double>(deal.phase_ns(index)) < victims;
}

}  // namespace jumpgate::load
