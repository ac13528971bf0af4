// Names to addresses, by the system's resolver.
//
// Law: it blocks, so only the control thread calls it, never a worker.
#pragma once

#include <cstdint>
#include <string>

#include "core/base/result.h"
#include "core/io/address.h"

namespace jumpgate {

// The first address of `host` (a name or an IP literal) with `port`. `why` gets the resolver's own
// words on failure ("Name or service not known").
Result<Address> resolve(const std::string& host, uint16_t port, std::string& why);

}  // namespace jumpgate
