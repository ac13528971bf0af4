// The self-test of a fresh ring: which operations this kernel really has.
//
// Law: behaviours without a feature bit are found by trying them on a socket pair (about 1 ms);
// kernel versions are never compared. Leaves the ring as it found it.
#pragma once

#include <string>
#include <vector>

#include "core/io/ring.h"

namespace jumpgate {

Capabilities find_capabilities(Ring& ring);

// Names of all capabilities, in the order of the start-up line.
std::vector<std::string> capability_names();

}  // namespace jumpgate
