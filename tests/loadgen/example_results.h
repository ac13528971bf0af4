// Results as the tests of reports need them, without a run.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "loadgen/results.h"

namespace jumpgate::load {

inline Results p2p_results() {
    const std::vector<const char*> arguments = {"-c", "10", "-q", "1"};
    Results results;
    results.plan = RunPlan::of(std::get<Options>(parse_options(Mode::P2p, arguments, 20'000)));
    return results;
}

inline bool holds(const std::string& text, std::string_view part) {
    return text.find(part) != std::string::npos;
}

}  // namespace jumpgate::load
