// bash_completion: a script after which bash completes the flags, values and modes of a Manual.
//
// Law: stands alone (no bash-completion package); reads nothing and starts nothing when it runs,
// and copes with a COMP_WORDBREAKS that has a = or has none. Made for bash 4.0 and later.
#pragma once

#include <string>

#include "core/base/manual.h"

namespace jumpgate {

std::string bash_completion(const Manual& manual);

}  // namespace jumpgate
