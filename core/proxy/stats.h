// Stats: one worker's counters, plain integers that only the worker touches; read by message.
//
// Law: counters only grow; gauges say so. Names are those of the statistics line
// (docs/architecture).
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <vector>

#include "core/proxy/refusal.h"

namespace jumpgate {

struct NodeStats {
    uint64_t relays = 0;         // gauge: clients on this broker now
    uint64_t dials = 0;          // attempts
    uint64_t dial_failures = 0;  // refused, unreachable, timed out
    bool down = false;           // gauge: marked down by failed dials
};

struct Stats {
    uint64_t accepted = 0;
    uint64_t setups = 0;  // gauge: connections before their relay
    uint64_t relays = 0;  // gauge
    std::array<uint64_t, kRefusals> refused{};

    uint64_t accept_pauses = 0;       // multishot accepts that ended: descriptor table full
    uint64_t buffer_exhaustions = 0;  // receives that found no buffer (-ENOBUFS)
    uint64_t spills = 0;              // stuck sends moved out of the shared buffers
    uint64_t cq_overflows = 0;
    uint64_t stray_errors = 0;
    uint64_t enters = 0;
    uint64_t log_lines_dropped = 0;

    uint64_t bytes_up = 0;  // client to broker, splice included
    uint64_t bytes_down = 0;
    uint64_t bytes_spliced = 0;
    uint64_t splice_promotions = 0;
    uint64_t splice_demotions = 0;
    uint64_t splice_fallbacks = 0;  // wanted, but no pipe or no descriptor: copied on
    uint64_t half_close_timeouts = 0;
    uint64_t tls_truncations = 0;  // streams that ended without close_notify
    uint64_t tls_errors = 0;       // relays ended by a bad record or an alert

    std::vector<NodeStats> nodes;

    void add(const Stats& other);
};

// The statistics as one JSON object, without a newline. `node_names` in the order of `nodes`.
std::string to_json(const Stats& stats, const std::vector<std::string>& node_names);

}  // namespace jumpgate
