// Cidr: a network of IP addresses as people write it, "10.0.0.0/8" or "2001:db8::/32".
//
// Law: pure text and bytes. A network is of one family: "::/0" holds no IPv4 address, and IPv4
// mapped into IPv6 (RFC 4291 2.5.5.2) counts as the IPv4 that it is, on both sides.
#pragma once

#include <array>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>

#include "core/base/parsed.h"

namespace jumpgate {

struct Cidr {
    std::array<uint8_t, 16> network{};  // the first 4 bytes for IPv4; 0 behind the prefix
    uint8_t prefix_bits = 0;            // 0 to 32, or to 128
    bool v4 = false;
    bool operator==(const Cidr&) const = default;

    // `address`: 4 or 16 bytes in network order. False for any other size.
    bool contains(std::span<const uint8_t> address) const;
};

// "192.0.2.0/24", "2001:db8::/32", or an address alone, which means that one. Bits that are set
// behind the prefix are a problem: it is not clear then what was meant.
Parsed<Cidr> parse_cidr(std::string_view value);

// An address of 4 or 16 bytes in network order: "192.0.2.1", "2001:db8::1"; IPv4 mapped into IPv6
// as the IPv4 that it is. "unknown" for any other size.
std::string address_text(std::span<const uint8_t> address);

// In its shortest form (RFC 5952): "10.0.0.0/8"; a network of one address without its "/32".
std::string text(const Cidr& cidr);

}  // namespace jumpgate
