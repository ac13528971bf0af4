// NodeHealth: which brokers a worker believes to be up, learned from its own dials.
//
// Law: `fail_max` failures in a row mark a broker down for `fail_timeout_ms`, or until a pardon of
// the health checks; then clients try it again, and the first failure marks it down again. A worker
// shares this with nobody: a dial that fails costs a client one attempt, never its place. Does not
// probe: it only learns from dials.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

namespace jumpgate {

class NodeHealth {
  public:
    // Knows brokers by slot, 0 to slots - 1.
    void resize(size_t slots) { states_.resize(slots); }
    // The slot is another broker's from now on.
    void forget(uint16_t slot);

    // True: this failure marked the broker down (log it once): it is the `fail_max`th in a row, or
    // a later one. fail_max 0 never marks down. `pardon`: the number of the broker's last one.
    bool failed(uint16_t slot, uint32_t fail_max, uint32_t fail_timeout_ms, uint64_t now_ms,
                uint32_t pardon = 0);
    // True: the broker was marked down and answers again.
    bool succeeded(uint16_t slot);
    bool down(uint16_t slot, uint64_t now_ms, uint32_t pardon = 0) const {
        return now_ms < states_[slot].down_until_ms && pardon == states_[slot].pardon;
    }
    // When its time is over; 0: it is not marked down.
    uint64_t down_until_ms(uint16_t slot) const { return states_[slot].down_until_ms; }
    // Raised when a broker is marked down or answers again.
    uint64_t changes() const { return changes_; }

  private:
    struct State {
        uint32_t failures = 0;
        bool marked = false;
        uint32_t pardon = 0;  // the last one before the mark
        uint64_t down_until_ms = 0;
    };
    uint64_t changes_ = 0;
    std::vector<State> states_;
};

}  // namespace jumpgate
