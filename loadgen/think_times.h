// ThinkTimes: when each publisher of one thread sends next, where --think-time makes a closed loop
// of it: so long after its last message was answered.
//
// Law: a publisher has one message under way; its next is due only once answered() said so. What
// would have been sent in between is never sent, which no count here can show (coordinated
// omission): schedule.h is the open loop. Reads no clock.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "loadgen/schedule.h"

namespace jumpgate::load {

class ThinkTimes {
  public:
    // The first message of each is due at its phase, so that the fleet does not think in step.
    // `publishers`: rising numbers as Schedule knows them; positions in this span are what next()
    // gives. Without this call nothing is ever due.
    void build(const Schedule& schedule, std::span<const uint32_t> publishers, uint64_t think_ns);

    // When the next message is due; UINT64_MAX where none is before `end_ns`.
    uint64_t next_due_ns(uint64_t end_ns) const;
    // The position of the publisher it belongs to. REQUIRES next_due_ns() != UINT64_MAX.
    uint32_t next();

    // The message that `publisher` had under way was answered at `at_ns`.
    void answered(uint32_t publisher, uint64_t at_ns);

  private:
    struct Entry {
        uint64_t due_ns;
        uint32_t position;
    };
    static bool is_later(const Entry& a, const Entry& b) { return a.due_ns > b.due_ns; }

    uint64_t think_ns_ = 0;
    std::vector<uint32_t> publishers_;
    std::vector<Entry> heap_;  // the earliest first
};

}  // namespace jumpgate::load
