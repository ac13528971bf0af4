// Bytes: a view of octets, and the two casts between it and text.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>

namespace jumpgate::mqtt {

using Bytes = std::span<const uint8_t>;

inline std::string_view text(Bytes bytes) {
    return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}
inline Bytes bytes(std::string_view text) {
    return {reinterpret_cast<const uint8_t*>(text.data()), text.size()};
}

}  // namespace jumpgate::mqtt
