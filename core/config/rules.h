// What must hold between the values of a Config, and what they cost.
//
// Law: each value alone is in its range already (flags.cc); here are the rules that need two values
// or a whole list. Does not look at the host: whether a port is free shows when it is opened.
#pragma once

#include <string>
#include <vector>

#include "core/config/config.h"

namespace jumpgate {

// The rules that `config` breaks, each as one line that names the flag, the value and what is
// allowed. Of rules about the same values the first, for it may be why others are broken.
std::vector<std::string> broken_rules(const Config& config);

// Whether routes, upstreams and certificates may come from elsewhere than flags.
bool takes_objects(const Config& config);

// One line for start-up: the memory that the limits imply when all of it is used at once.
std::string memory_plan(const Config& config);

}  // namespace jumpgate
