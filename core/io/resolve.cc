#include "core/io/resolve.h"

#include <netdb.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <optional>

namespace jumpgate {

Result<Address> resolve(const std::string& host, uint16_t port, std::string& why) {
    std::optional<Address> literal = Address::parse(host, port);
    if (literal) return *literal;
    addrinfo hints{};
    hints.ai_family = AF_UNSPEC;
    hints.ai_socktype = SOCK_STREAM;
    addrinfo* found = nullptr;
    const int failed = getaddrinfo(host.c_str(), nullptr, &hints, &found);
    if (failed != 0 || found == nullptr) {
        why = failed == EAI_SYSTEM ? std::strerror(errno) : gai_strerror(failed);
        return error_from_errno(EHOSTUNREACH, Side::Upstream);
    }
    Address address;
    address.length = std::min<socklen_t>(found->ai_addrlen, sizeof address.v6);
    std::memcpy(&address.any, found->ai_addr, address.length);
    address.set_port(port);
    freeaddrinfo(found);
    return address;
}

}  // namespace jumpgate
