// NodeHealth: which brokers a worker believes to be up, learned from its own dials.
//
// Law: `fail_max` failures in a row mark a node down for `fail_timeout_ms`; then clients try it
// again, and the first failure marks it down again. A worker shares this with nobody: a dial that
// fails costs a client one attempt, never its place. Does not probe: it only learns from dials.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

namespace jumpgate {

class NodeHealth {
  public:
    // `weights`: the configured ones, 0 to 1,000 each. fail_max 0 never marks down.
    NodeHealth(std::span<const uint32_t> weights, uint32_t fail_max, uint32_t fail_timeout_ms);

    // The weights to route with: 0 where a node is down. Revives nodes whose time is over.
    std::span<const uint32_t> weights(uint64_t now_ms);

    // True: this failure marked the node down (log it once).
    bool failed(uint16_t node, uint64_t now_ms);
    // True: the node was known as failing and answers again.
    bool succeeded(uint16_t node);
    bool down(uint16_t node) const { return states_[node].down; }

  private:
    struct State {
        uint32_t failures = 0;
        bool down = false;
        uint64_t down_until_ms = 0;
    };
    uint32_t fail_max_;
    uint32_t fail_timeout_ms_;
    uint32_t nodes_down_ = 0;
    std::vector<uint32_t> configured_;
    std::vector<uint32_t> effective_;
    std::vector<State> states_;
};

}  // namespace jumpgate
