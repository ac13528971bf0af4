// HostPort: "host:port" as people write it, taken apart.
//
// Law: pure text; a name stays a name, nothing is resolved here.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "core/base/parsed.h"

namespace jumpgate {

struct HostPort {
    std::string host;  // without brackets; empty where only a port was given
    uint16_t port = 0;
    bool operator==(const HostPort&) const = default;
};

// "host:1883", "192.0.2.1:1883", "[2001:db8::1]:1883", ":1883" or "1883". A port below `port_min`
// is a problem. IP literals come out in their shortest form (RFC 5952), so equal addresses are
// equal texts; names in lower case, checked by RFC 1123 (plus '_') and at most 253 characters.
Parsed<HostPort> parse_host_port(std::string_view value, uint16_t port_min);

// The IPv4 or IPv6 literal in its shortest form.
Parsed<std::string> parse_ip(std::string_view value);

// A host name in lower case, checked by RFC 1123 (plus '_'), at most 253 characters.
Parsed<std::string> parse_name(std::string_view value);

// "host:port", IPv6 in brackets; ":port" where the host is empty.
std::string text(const HostPort& address);

}  // namespace jumpgate
