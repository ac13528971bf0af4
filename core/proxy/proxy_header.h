#pragma once
#include <span>
#include <string_view>
#include <variant>

#include "core/io/address.h"
namespace jumpgate {
struct ProxyHeader {
    bool local;
    Address source, destination;
    size_t header_bytes;
};
struct ProxyHeaderInvalid {
    std::string_view text;
};
struct ProxyHeaderNeedsMore {};
using ProxyHeaderResult = std::variant<ProxyHeader, ProxyHeaderNeedsMore, ProxyHeaderInvalid>;
inline ProxyHeaderResult parse_proxy_header(std::span<const uint8_t>) {
    return ProxyHeaderInvalid{};
}
}  // namespace jumpgate
