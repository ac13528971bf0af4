// zsh_completion: a script after which zsh (its compsys) completes the flags, values and modes of a
// Manual, and shows what each means.
//
// Law: works as a file _PROGRAM in $fpath, and sourced. A flag that may stand once is offered once.
#pragma once

#include <string>

#include "core/base/manual.h"

namespace jumpgate {

std::string zsh_completion(const Manual& manual);

}  // namespace jumpgate
