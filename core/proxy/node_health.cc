#include "core/proxy/node_health.h"

namespace jumpgate {

NodeHealth::NodeHealth(std::span<const uint32_t> weights, uint32_t fail_max,
                       uint32_t fail_timeout_ms)
    : fail_max_(fail_max),
      fail_timeout_ms_(fail_timeout_ms),
      configured_(weights.begin(), weights.end()),
      effective_(weights.begin(), weights.end()),
      states_(weights.size()) {}

std::span<const uint32_t> NodeHealth::weights(uint64_t now_ms) {
    for (size_t i = 0; nodes_down_ > 0 && i < states_.size(); ++i) {
        if (!states_[i].down || now_ms < states_[i].down_until_ms) continue;
        states_[i].down = false;
        effective_[i] = configured_[i];
        --nodes_down_;
    }
    return effective_;
}

bool NodeHealth::failed(uint16_t node, uint64_t now_ms) {
    State& state = states_[node];
    if (state.failures < fail_max_) ++state.failures;
    if (fail_max_ == 0 || state.failures < fail_max_ || state.down) return false;
    state.down = true;
    state.down_until_ms = now_ms + fail_timeout_ms_;
    effective_[node] = 0;
    ++nodes_down_;
    return true;
}

bool NodeHealth::succeeded(uint16_t node) {
    State& state = states_[node];
    const bool was_failing = fail_max_ != 0 && state.failures >= fail_max_;
    state.failures = 0;
    // A dial that began before the node was marked down may still succeed.
    if (state.down) {
        state.down = false;
        effective_[node] = configured_[node];
        --nodes_down_;
    }
    return was_failing;
}

}  // namespace jumpgate
