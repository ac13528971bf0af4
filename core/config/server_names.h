// Server names (SNI) as stream routes and ssls give them: a host name, or "*.example.com".
#pragma once

#include <string>

#include "core/config/shape.h"

namespace jumpgate {

inline constexpr size_t kServerNamesMax = 256;

namespace shape {

// Comes out in lower case.
Shape<std::string> server_name();

}  // namespace shape

}  // namespace jumpgate
