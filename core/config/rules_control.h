// What must hold between the values about the Admin API.
//
// Law: whoever holds the key of the Admin API decides where passwords go, so an address that others
// can reach names who they are.
#pragma once

#include <optional>
#include <string>

#include "core/config/config.h"

namespace jumpgate {

// The first that is broken, as broken_rules() of rules.h has it, which calls this.
std::optional<std::string> broken_control_rule(const Config& config);

}  // namespace jumpgate
