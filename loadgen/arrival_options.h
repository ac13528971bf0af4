// ArrivalOptions: the flags that say when clients come and messages go, and what is measured of it.
//
// Law: only times and rates; what they mean for a run is arrival.h's.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/base/flags.h"
#include "loadgen/rate_curve.h"
#include "loadgen/schedule.h"

namespace jumpgate::load {

// Flags that say when messages go: one of them on the command line is instead of whichever a
// scenario gives.
inline constexpr const char* kPaceFamily = "pace";

struct StartAt {
    bool after_now = false;  // "+5s"
    uint64_t ns = 0;         // from now, or since the epoch
};

struct ArrivalOptions {
    Spacing spacing = Spacing::Uniform;
    uint64_t ramp_ns = 0;
    std::vector<RatePoint> profile;  // of all messages together; empty: -I of each client
    uint64_t warm_up_ns = 0;
    bool drop_late = false;
    std::optional<uint32_t> tick_us;  // of the plan, 0: none; nothing: as tick_ns() chooses
    std::optional<StartAt> start_at;
};

// "0:1k,30s:5k": TIME:RATE, times in order.
Parsed<std::vector<RatePoint>> parse_profile(std::string_view text);
// "+5s", or seconds since 1970 such as 1764000000.5.
Parsed<StartAt> parse_start_at(std::string_view text);

// "auto", which is nothing, or 0 to 100,000 us.
Parsed<std::optional<uint32_t>> parse_tick_us(std::string_view text);

// `publishes`: this mode sends messages.
void add_arrival_flags(FlagTable& table, ArrivalOptions& options, bool publishes);

// What is wrong between the flags, in one sentence; nothing where all is well.
std::optional<std::string> settle_arrival(const ArrivalOptions& options);
// The same between the flags of kPaceFamily: two of one source.
std::optional<std::string> settle_pace(FlagTable& table);

}  // namespace jumpgate::load
