// PlanOptions: the flags that say how many clients play which role, and the Plan they make.
//
// Law: -c counts the clients that publish or subscribe; --idle come on top of them.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "core/base/flags.h"
#include "loadgen/plan.h"

namespace jumpgate::load {

// More accounts than this are refused: 48 bytes each.
inline constexpr uint64_t kStreamsMax = 4'000'000;

std::string_view word(Mode mode);
// Nothing: no mode is called so.
std::optional<Mode> mode_of(std::string_view word);

// What the table fills; 0 and empty where not given.
struct PlanGiven {
    uint32_t count = 200;
    uint32_t publishers = 0;
    uint32_t subscribers = 0;
    uint32_t idle = 0;
    uint32_t groups = 0;
    std::string group;
    bool neighbour = false;
    const Flag* count_flag = nullptr;
};

void add_plan_flags(FlagTable& table, Mode mode, PlanGiven& given);

// What is wrong between the flags, in one sentence; nothing where all is well, and then `plan` and
// `group`, the name of the shared subscription, are set.
std::optional<std::string> settle_plan(Mode mode, const PlanGiven& given, Plan& plan,
                                       std::string& group);

}  // namespace jumpgate::load
