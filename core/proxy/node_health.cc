#include "core/proxy/node_health.h"

#include <limits>

namespace jumpgate {

void NodeHealth::forget(uint16_t slot) {
    states_[slot] = {};
    ++changes_;
}

bool NodeHealth::failed(uint16_t slot, uint32_t fail_max, uint32_t fail_timeout_ms, uint64_t now_ms,
                        uint32_t pardon) {
    State& state = states_[slot];
    if (state.failures < std::numeric_limits<uint32_t>::max()) ++state.failures;
    if (fail_max == 0 || state.failures < fail_max || down(slot, now_ms, pardon)) return false;
    state.marked = true;
    state.pardon = pardon;
    state.down_until_ms = now_ms + fail_timeout_ms;
    ++changes_;
    return true;
}

// A dial that began before the broker was marked down may still succeed.
bool NodeHealth::succeeded(uint16_t slot) {
    State& state = states_[slot];
    const bool was_marked = state.marked;
    state.failures = 0;
    if (!was_marked) return false;
    state = {};
    ++changes_;
    return true;
}

}  // namespace jumpgate
