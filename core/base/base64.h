// Base64 of RFC 4648 section 4: with padding, on one line.
//
// Law: what it cannot read it refuses whole. For results and settings, not for secrets: it takes a
// time that depends on what it reads.
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace jumpgate {

std::string to_base64(std::string_view bytes);
std::optional<std::string> from_base64(std::string_view text);

}  // namespace jumpgate
