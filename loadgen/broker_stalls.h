// Stalls: when a broker that misbehaves stands still, and for how long.
//
// Law: the times are planned from the start on and do not drift; the first is after half of a
// period, so that a run of one period, begun with the broker, sees exactly one. The clock comes
// from outside.
#pragma once

#include <algorithm>
#include <cstdint>

#include "core/base/time.h"
#include "loadgen/broker_fault_options.h"

namespace jumpgate::broker {

class Stalls {
  public:
    Stalls(const StallPlan& plan, uint64_t now_ns)
        : plan_(plan),
          next_ns_(plan.every_ms == 0 ? UINT64_MAX : now_ns + plan.every_ms * kNanosPerMilli / 2) {}

    // The wait that does not miss the next one.
    uint64_t wait_ns(uint64_t now_ns, uint64_t longest_ns) const {
        return next_ns_ <= now_ns ? 0 : std::min(longest_ns, next_ns_ - now_ns);
    }
    // Until when to stand still; 0: not now. What came late is not made up for.
    uint64_t begin(uint64_t now_ns) {
        if (now_ns < next_ns_) return 0;
        const uint64_t end_ns = next_ns_ + plan_.for_ms * kNanosPerMilli;
        while (next_ns_ <= now_ns) next_ns_ += plan_.every_ms * kNanosPerMilli;
        return end_ns;
    }

  private:
    StallPlan plan_;
    uint64_t next_ns_;
};

}  // namespace jumpgate::broker
