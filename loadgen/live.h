// Live: what a crew shows of itself while it runs: handed over under a lock, a few times a second.
//
// Law: the crew only adds, whoever looks takes; what is taken is complete once the crew is done.
#pragma once

#include <cstdint>
#include <mutex>

#include "core/base/histogram.h"
#include "loadgen/broker_names.h"
#include "loadgen/recorder.h"

namespace jumpgate::load {

struct Live {
    std::mutex mutex;
    uint64_t connected = 0;  // at present
    Tallies tallies;         // since the start
    BrokerClients brokers;   // at present
    Histogram latency;       // since it was last taken
    Histogram send_lateness;
};

}  // namespace jumpgate::load
