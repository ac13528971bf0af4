#include "core/proxy/trusted_peers.h"

#include <algorithm>

namespace jumpgate {

// The address alone, in network order; empty where it is neither IPv4 nor IPv6.
static std::span<const uint8_t> ip_bytes(const Address& address) {
    if (!address.known()) return {};
    if (address.any.sa_family == AF_INET)
        return {reinterpret_cast<const uint8_t*>(&address.v4.sin_addr), 4};
    if (address.any.sa_family == AF_INET6) return address.v6.sin6_addr.s6_addr;
    return {};
}

Parsed<TrustedPeers> TrustedPeers::parse(std::span<const std::string> texts) {
    TrustedPeers peers;
    for (const std::string& text : texts) {
        const Parsed<Cidr> parsed = parse_cidr(text);
        if (const auto* problem = std::get_if<Problem>(&parsed))
            return Problem{text + " " + problem->text};
        peers.networks_.push_back(std::get<Cidr>(parsed));
    }
    return peers;
}

bool TrustedPeers::contains(const Address& address) const {
    const std::span<const uint8_t> bytes = ip_bytes(address);
    return std::ranges::any_of(networks_,
                               [bytes](const Cidr& network) { return network.contains(bytes); });
}

}  // namespace jumpgate
