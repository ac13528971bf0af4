// The command line of jumpgate: from arguments to a checked Config.
//
// Law: one table (flags.cc) is behind parsing, --help and docs/flags.md; a Config that comes out
// has every value in its range and passes broken_rule(). Does not print, exit or touch the network.
#pragma once

#include <string>
#include <variant>

#include "core/base/flags.h"
#include "core/config/config.h"

namespace jumpgate {

// `argv` as main() gets it; `version` is the text of --version, whole lines.
std::variant<Config, FlagsExit> parse_flags(int argc, const char* const* argv,
                                            const std::string& version);

// The CPUs this process may run on, sched_getaffinity(2), 1 to 256: the default of --threads.
uint32_t cpus_allowed();

}  // namespace jumpgate
