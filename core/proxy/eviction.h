// Evictions: how many clients of which drained brokers are to go now.
//
// Law: the mean is the rate that was asked for; each tick takes between half and one and a half of
// its part, so that devices do not come back in step. What a worker could not give (it has no such
// client) the next one is asked for.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "core/base/rng.h"

namespace jumpgate {

// What one worker is to do.
struct EvictionOrder {
    uint16_t slot = 0;
    size_t count = 0;
};

class Evictions {
  public:
    // From now on; 0 ends it.
    void set(uint16_t slot, uint32_t per_second);
    bool empty() const { return entries_.empty(); }
    // Ends those for which `drained(slot)` is false.
    template <class Drained>
    void keep(Drained drained) {
        std::erase_if(entries_, [&](const Entry& entry) { return !drained(entry.slot); });
    }
    // The orders of a tick that lasts `tick_ms`; `left(slot)`: the clients that broker has. Brokers
    // without clients drop out.
    template <class Left>
    std::vector<EvictionOrder> tick(uint32_t tick_ms, Rng& rng, Left left) {
        std::vector<EvictionOrder> orders;
        std::erase_if(entries_, [&](const Entry& entry) { return left(entry.slot) == 0; });
        for (Entry& entry : entries_) {
            const size_t count = due(entry, tick_ms, rng);
            if (count > 0) orders.push_back({entry.slot, count});
        }
        return orders;
    }
    // Part of an order that found no client.
    void give_back(const EvictionOrder& rest);

  private:
    struct Entry {
        uint16_t slot = 0;
        uint32_t per_second = 0;
        uint64_t credit_milli = 0;  // clients that may go, in thousandths
    };
    static size_t due(Entry& entry, uint32_t tick_ms, Rng& rng);

    std::vector<Entry> entries_;
};

}  // namespace jumpgate
