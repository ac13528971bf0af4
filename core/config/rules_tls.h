// What must hold between the values about TLS and the PROXY protocol.
//
// Law: a flag that would do nothing is refused, for whoever gave it believes that it protects him.
// Opens no file: what is wrong inside of one is found where it is read (tls/context.h).
#pragma once

#include <optional>
#include <string>

#include "core/config/config.h"

namespace jumpgate {

// The first that is broken, as broken_rules() of rules.h has it, which calls this.
std::optional<std::string> broken_tls_rule(const Config& config);

}  // namespace jumpgate
