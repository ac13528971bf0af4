// `jumpload merge`: joins the results of a run's shards.
#pragma once

#include <span>

#include "core/base/flags.h"

namespace jumpgate::load {

// `arguments` are those behind "merge". The exit code is the merged run's; 1 where a file could not
// be read or written, 2 for wrong usage, and for results that do not belong together.
int merge_command(std::span<const char* const> arguments);
FlagSheet merge_flags();

}  // namespace jumpgate::load
