// RateStep: whether a run held the rate that it was asked for, and if not, why.
//
// Law: pure. A rate is held where the run passed by its own verdict and what was planned came
// through while it was planned: a target that is behind at the end, and catches up while the run
// drains, has not held it, however few are late enough for a percentile.
#pragma once

#include <nlohmann/json_fwd.hpp>
#include <optional>
#include <string>
#include <vector>

namespace jumpgate::load {

// Messages per second over the seconds that were measured whole.
struct StepRates {
    double planned = 0;  // to come through: a fan-out's deliveries
    double arrived = 0;  // where nobody subscribes: acknowledged, or with QoS 0 sent
    bool in_time = true;
};
// Nothing: no whole second was measured, or nothing was planned.
std::optional<StepRates> step_rates(const nlohmann::json& result);

// Why a run of that exit code has failed, a phrase each; empty: it held its rate.
std::vector<std::string> step_failures(const nlohmann::json& result, int exit_code);

// "p50 108 us, p99 254 us, 0 lost"
std::string step_text(const nlohmann::json& result);

}  // namespace jumpgate::load
