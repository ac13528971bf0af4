#include "core/io/address.h"

#include <arpa/inet.h>

#include <algorithm>
#include <cstring>

#include "core/base/cidr.h"

namespace jumpgate {

std::optional<Address> Address::parse(std::string_view host, uint16_t port) {
    if (host.find('\0') != std::string_view::npos)
        return std::nullopt;  // inet_pton would stop there
    const std::string text(host);
    Address address;
    if (inet_pton(AF_INET, text.c_str(), &address.v4.sin_addr) == 1) {
        address.v4.sin_family = AF_INET;
        address.length = sizeof(sockaddr_in);
    } else if (inet_pton(AF_INET6, text.c_str(), &address.v6.sin6_addr) == 1) {
        address.v6.sin6_family = AF_INET6;
        address.length = sizeof(sockaddr_in6);
    } else {
        return std::nullopt;
    }
    address.set_port(port);
    return address;
}

Address Address::from_bytes(std::span<const uint8_t> bytes) {
    Address address;
    if (bytes.size() == 4) {
        address.v4.sin_family = AF_INET;
        std::ranges::copy(bytes, reinterpret_cast<uint8_t*>(&address.v4.sin_addr));
        address.length = sizeof(sockaddr_in);
    } else if (bytes.size() == 16) {
        address.v6.sin6_family = AF_INET6;
        std::ranges::copy(bytes, address.v6.sin6_addr.s6_addr);
        address.length = sizeof(sockaddr_in6);
    }
    return address;
}

std::span<const uint8_t> Address::ip_bytes() const {
    if (!known()) return {};
    if (any.sa_family == AF_INET) return {reinterpret_cast<const uint8_t*>(&v4.sin_addr), 4};
    if (any.sa_family == AF_INET6) return v6.sin6_addr.s6_addr;
    return {};
}

bool Address::is_any() const {
    if (any.sa_family == AF_INET) return v4.sin_addr.s_addr == INADDR_ANY;
    return any.sa_family == AF_INET6 && IN6_IS_ADDR_UNSPECIFIED(&v6.sin6_addr);
}

bool Address::operator==(const Address& other) const {
    return length == other.length && std::memcmp(&v6, &other.v6, length) == 0;
}

// sin_port and sin6_port lie at the same offset, but the families are told apart all the same.
uint16_t Address::port() const {
    if (!known()) return 0;
    return ntohs(any.sa_family == AF_INET6 ? v6.sin6_port : v4.sin_port);
}

void Address::set_port(uint16_t port) {
    (any.sa_family == AF_INET6 ? v6.sin6_port : v4.sin_port) = htons(port);
}

std::string Address::host() const { return address_text(ip_bytes()); }

std::string Address::to_string() const {
    if (!known()) return "unknown";
    const std::string bare = host();
    const bool brackets = bare.find(':') != std::string::npos;
    return (brackets ? "[" + bare + "]" : bare) + ":" + std::to_string(port());
}

}  // namespace jumpgate
