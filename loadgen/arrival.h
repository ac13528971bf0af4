// Arrival: what the options make of a run's times: when each client dials, when each message is
// due.
//
// Law: pure functions of the options and of the start; every thread and every process that is given
// the same arrives at the same times.
#pragma once

#include <cstdint>

#include "loadgen/options.h"
#include "loadgen/schedule.h"

namespace jumpgate::load {

// The tick that `options` asks for, or that suits `per_second` events of the whole plan: 1 ms
// halved until no more than 16 of this process fall into it; 1 ns, which is no tick, where they are
// fewer than two anyway.
uint64_t tick_ns(const Options& options, double per_second);

// The plan of the messages that begin at `start_ns`, without an end.
Schedule message_schedule(const Options& options, uint64_t start_ns);

// When the clients dial.
class DialPlanner {
  public:
    explicit DialPlanner(const Options& options);

    // Client `index` of the fleet; rises with it.
    uint64_t due_ns(uint64_t start_ns, uint64_t index) const;

  private:
    uint64_t rate_;
    uint64_t tick_ns_;
    RateCurve curve_;  // empty: `rate_` from the first moment on
};

}  // namespace jumpgate::load
