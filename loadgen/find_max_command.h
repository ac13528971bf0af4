// `jumpload find-max`: the highest offered rate that holds given limits.
//
// Law: an offered rate is doubled until it fails a limit, then the gap between the highest that
// held and the lowest that failed is halved until it is narrow enough. Each step is a run of its
// own (child_run.h), judged by its own thresholds. Where the generator was what failed, that is
// said: the target can do more.
#pragma once

#include <span>

#include "core/base/flags.h"

namespace jumpgate::load {

// `arguments`: the command's own flags, then MODE and the flags of each run. The exit code: 0 where
// a rate was found, 1 where a run could not be made, 2 for a wrong command line, 3 where even the
// lowest rate failed or the generator was the limit.
int find_max_command(std::span<const char* const> arguments);

FlagSheet find_max_flags();

}  // namespace jumpgate::load
