// TrustedPeers: whose connections must begin with a PROXY header (--proxy-protocol-from).
//
// Law: a header from one of them is believed, from others never (proxy-protocol.txt 2: "MUST not
// try to guess"). Immutable once made. IPv4 mapped into IPv6 counts as IPv4.
#pragma once

#include <span>
#include <string>
#include <vector>

#include "core/base/cidr.h"
#include "core/io/address.h"

namespace jumpgate {

class TrustedPeers {
  public:
    // Texts as parse_cidr takes them. The problem names the text: "10.0.0.1/8 has bits set ...".
    static Parsed<TrustedPeers> parse(std::span<const std::string> texts);

    bool empty() const { return networks_.empty(); }
    // False for an address that is not known. Looks at every network: 256 at most (config.h).
    bool contains(const Address& address) const;

  private:
    std::vector<Cidr> networks_;
};

}  // namespace jumpgate
