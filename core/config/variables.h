// Settings from the environment: JUMPGATE_DIAL_TIMEOUT_MS for --dial-timeout-ms.
//
// Law: a repeatable setting's values stand between blanks or line ends (a value may hold commas);
// an empty variable counts as not set. An unknown JUMPGATE_ variable is a warning, for container
// platforms set variables of their own; those of Kubernetes and Docker links are passed over.
#pragma once

#include <string>
#include <vector>

#include "core/base/flags.h"
#include "core/config/read_objects.h"

namespace jumpgate {

// `variables`: "NAME=VALUE" each, as environ(7) has them.
void read_variables(const std::vector<std::string>& variables, FlagTable& table, Checked& found);

}  // namespace jumpgate
