// Outcome: how one check of a broker ended, and what a row of them makes of it.
//
// Law: no clock, no socket. Thresholds count as APISIX counts: each kind of failure by itself, a
// success ends every row of failures and any failure the row of successes. Unlike there, the very
// first check decides alone: a proxy that starts sends nobody to a broker that is not there, and
// everybody at once to those that are.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string>

#include "core/proxy/broker_board.h"
#include "core/proxy/control.h"

namespace jumpgate {

// What is counted. Ignored says nothing of the broker: our own shortage, an HTTP status that is on
// neither list.
enum class Outcome : uint8_t { Passed, Ignored, TcpFailed, TimedOut, Refused };
inline constexpr size_t kOutcomes = 5;

struct CheckResult {
    Outcome outcome = Outcome::Ignored;
    BrokerCondition condition = BrokerCondition::Unchecked;  // Up, Down, NotReady or Busy
    std::string why;  // of what is not good; with Up: what to know all the same
    uint32_t took_us = 0;
};

// The rows, and where they led.
class Standing {
  public:
    enum class Place : uint8_t { Unknown, Up, Down };

    Place place() const { return place_; }
    // Counts one check. True: the broker is up now and was not, or the other way round.
    bool count(Outcome outcome, const ActiveCheck& thresholds);
    // Checks in a row that said the same as the last one.
    uint32_t row() const { return row_; }

  private:
    Place judged(bool failure, const ActiveCheck& thresholds) const;
    uint32_t& counted(Outcome outcome) { return counts_[static_cast<size_t>(outcome)]; }

    Place place_ = Place::Unknown;
    uint32_t row_ = 0;
    std::array<uint32_t, kOutcomes> counts_{};  // by Outcome, since the last one that ended it
};

// What a broker is worth `elapsed_ms` after its recovery: from 10 % to all of its weight, in
// proportion to time. CHECK: total_ms >= 1.
uint16_t slow_start_share(uint64_t elapsed_ms, uint64_t total_ms);
// How often that is written: each percent of it, but 100 ms to 1 s apart.
uint64_t slow_start_step_ms(uint64_t total_ms);

}  // namespace jumpgate
