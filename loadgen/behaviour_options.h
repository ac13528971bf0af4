// BehaviourOptions: the flags that say what clients do besides the plan: storms, churn, takeovers,
// redirects, thinking.
//
// Law: only what was asked for; disturbances.h makes times and victims of it.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "core/base/flags.h"

namespace jumpgate::load {

// --takeover: second connections of a thread, at once.
inline constexpr uint32_t kUsurpersMax = 256;

struct StormPlan {
    uint64_t at_ns = 0;     // of the measured time
    double share = 0;       // of the clients, above 0 to 1
    uint64_t every_ns = 0;  // 0: once
};

struct BehaviourOptions {
    std::optional<StormPlan> storm;
    double churn_per_s = 0;     // share of the clients
    double takeover_per_s = 0;  // the same
    uint32_t redirects_max = 3;
    std::optional<uint64_t> think_time_ns;  // a closed loop: after each answer; nothing: a plan

    // Clients come back whether or not --reconnect is given.
    bool come_back() const { return storm || churn_per_s > 0 || takeover_per_s > 0; }
};

// "at=10s,drop=50%[,every=30s]", in any order.
Parsed<StormPlan> parse_storm(std::string_view text);

// `publishes`: this mode sends messages.
void add_behaviour_flags(FlagTable& table, BehaviourOptions& options, bool publishes);

// A storm that would never come is refused. `duration_s` 0: without an end.
std::optional<std::string> settle_storm(const BehaviourOptions& options, uint64_t duration_s);

// A flag that plans messages, and whether it was given.
struct PlanFlag {
    std::string_view name;
    bool given;
};
// What is wrong between the flags, in one sentence; nothing where all is well.
std::optional<std::string> settle_think_time(const BehaviourOptions& options,
                                             std::span<const PlanFlag> plan);

}  // namespace jumpgate::load
