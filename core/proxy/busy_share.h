// BusyShare: how busy a thread is of late, from two counters that only grow.
//
// Law: the share of the time between two readings that are a second apart or more; of its whole
// life at the first one.
#pragma once

#include <cstdint>

#include "core/base/time.h"

namespace jumpgate {

class BusyShare {
  public:
    // Both since the thread began. 0: idle, 1: always busy.
    double read(uint64_t busy_ns, uint64_t life_ns) {
        const uint64_t passed_ns = life_ns - life_ns_;
        if (passed_ns == 0 || (life_ns_ != 0 && passed_ns < kNanosPerSecond)) return share_;
        share_ = static_cast<double>(busy_ns - busy_ns_) / static_cast<double>(passed_ns);
        busy_ns_ = busy_ns;
        life_ns_ = life_ns;
        return share_;
    }

  private:
    double share_ = 0;
    uint64_t busy_ns_ = 0;  // at the reading that began the interval
    uint64_t life_ns_ = 0;
};

}  // namespace jumpgate
