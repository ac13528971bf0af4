// FaultOptions: how `jumpload broker` misbehaves on purpose, and the flags that say so.
//
// Law: nothing is set, nothing is done, and a broker that behaves pays one test of a pointer per
// message. What happens follows from the flags, the seed and the order of events, never from the
// clock alone; broker_faults.h counts it.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "core/base/flags.h"
#include "mqtt/reason.h"

namespace jumpgate::broker {

struct StallPlan {
    uint32_t every_ms = 0;  // from start to start; 0: never
    uint32_t for_ms = 0;    // shorter than every_ms
};

struct FaultOptions {
    // ---- Of connections.
    uint32_t connack_delay_ms = 0;
    uint32_t refuse_percent = 0;
    std::optional<mqtt::ReasonCode> refuse_code;  // set by settle_faults where anybody is refused
    std::string redirect;                         // Server Reference of those who are refused
    uint32_t drop_after = 0;                      // messages of a connection, both ways; 0: never
    uint32_t slow_read_bytes_per_s = 0;           // of each connection; 0: as fast as it can
    bool garbage = false;
    uint32_t garbage_after = 0;  // packets of the client that are answered as they should be
    StallPlan stall;
    // ---- Of deliveries: one in so many of each stream; 0: none.
    uint32_t lose_one_in = 0;
    uint32_t duplicate_one_in = 0;
    uint32_t reorder_one_in = 0;

    uint64_t seed = 1;

    bool touches_streams() const {
        return lose_one_in != 0 || duplicate_one_in != 0 || reorder_one_in != 0;
    }
    bool any() const {
        return connack_delay_ms != 0 || refuse_percent != 0 || drop_after != 0 ||
               slow_read_bytes_per_s != 0 || garbage || stall.every_ms != 0 || touches_streams();
    }
};

void add_fault_flags(FlagTable& table, FaultOptions& options);

// What is wrong between the flags, in one sentence; nothing where all is well.
std::optional<std::string> settle_faults(FaultOptions& options);

}  // namespace jumpgate::broker
