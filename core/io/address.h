// Address: an IPv4 or IPv6 address with a port, as the kernel wants it; 32 bytes, trivially
// copyable.
//
// Does not look up names: see resolve.h.
#pragma once

#include <netinet/in.h>
#include <sys/socket.h>

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>

namespace jumpgate {

struct Address {
    union {
        sockaddr any;
        sockaddr_in v4;
        sockaddr_in6 v6{};
    };
    socklen_t length = 0;

    // `host` is an IP literal ("127.0.0.1", "::1"; no brackets); nothing for a name.
    static std::optional<Address> parse(std::string_view host, uint16_t port);

    // 4 or 16 bytes in network order, without a port; unknown for any other size.
    static Address from_bytes(std::span<const uint8_t> bytes);

    bool known() const { return length != 0; }
    // Also by port, and by what IPv6 has beside (scope).
    bool operator==(const Address& other) const;
    // The address alone, 4 or 16 bytes in network order; empty where it is neither.
    std::span<const uint8_t> ip_bytes() const;
    // 0.0.0.0 or ::
    bool is_any() const;
    uint16_t port() const;
    void set_port(uint16_t port);
    // "127.0.0.1:1883", "[::1]:1883", "unknown"
    std::string to_string() const;
    // Without the port: "127.0.0.1", "::1". IPv4 mapped into IPv6 is printed as IPv4.
    std::string host() const;
};

}  // namespace jumpgate
