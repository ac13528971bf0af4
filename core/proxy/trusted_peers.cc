#include "core/proxy/trusted_peers.h"

#include <algorithm>

namespace jumpgate {

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
    const std::span<const uint8_t> bytes = address.ip_bytes();
    return std::ranges::any_of(networks_,
                               [bytes](const Cidr& network) { return network.contains(bytes); });
}

}  // namespace jumpgate
