// Contexts: what lies behind ServerContextRef and ClientContextRef. For tls/ alone.
//
// Law: immutable once made, read by many threads.
#pragma once

#include <array>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "tls/client_hello.h"
#include "tls/context.h"
#include "tls/library.h"

namespace jumpgate::tls {

// What one group asks of its clients.
struct Terms {
    ClientAuth client_auth = ClientAuth::None;
    uint32_t client_depth = kChainDepthMax;
    Version min_version = Version::Tls12;
    // A digest of all that decides who may connect: a ticket opens under the same one only.
    std::array<uint8_t, 32> policy{};
};

enum class KeyType : uint8_t { Rsa, Ecdsa, Ed25519 };

// One certificate with its key, and the terms of its group.
struct Site {
    WolfContext context;
    Terms terms;
    uint32_t group = 0;  // 0: the default
    std::string title;   // of the group, or else of the certificate, as people know it
    KeyType key_type = KeyType::Ecdsa;
    std::vector<std::string> certified;  // the names in the certificate, in lower case
};

// A name by which clients choose a site: lower case, "*.example.org", "*".
struct SiteName {
    std::string name;
    uint32_t site;
    bool is_deep;  // a wildcard given by a person stands for any labels, a certificate's for one
};

class ServerContext {
  public:
    std::vector<Site> sites;      // group by group
    uint32_t default_sites = 0;   // the first of `sites`: those of the default group
    std::vector<SiteName> names;  // sorted; of equal names the first site first
    bool strict_sni = false;
    std::vector<std::string> alpn;
    TicketKeys ticket_keys;

    // Exact before wildcard, the longest first, before the default. Among several the first that
    // the client can check, best one that certifies the name. Null: strict, and nothing matches.
    const Site* choose(const ClientHello& hello) const;

  private:
    template <class Sites>
    const Site* best_of(const Sites& candidates, const ClientHello& hello) const;
    std::span<const SiteName> named(std::string_view name) const;
};

class ClientContext {
  public:
    WolfContext context;
    Verify verify = Verify::Full;
    std::vector<std::string> alpn;
};

}  // namespace jumpgate::tls
