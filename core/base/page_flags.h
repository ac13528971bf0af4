// --help-man and --help-completion bash|zsh: a program's manual and what its shells complete.
#pragma once

#include <optional>
#include <span>
#include <string>
#include <vector>

#include "core/base/manual.h"

namespace jumpgate {

// Both, as rows of a table. main() looks for them before it reads other flags.
std::vector<Flag> page_rows();

// Every flag that may stand behind `mode`; null: where a mode stands, in a program that has modes.
std::vector<Flag> rows_of(const Manual& manual, const ManualMode* mode);

// The page that `arguments` ask for; none: they ask for none. `describe` makes the manual, where
// one is needed.
std::optional<FlagsExit> asked_page(std::span<const char* const> arguments, Manual (*describe)());

}  // namespace jumpgate
