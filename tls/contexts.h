// Contexts: what lies behind ServerContextRef and ClientContextRef. For tls/ alone.
//
// Law: immutable once made, read by many threads.
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "tls/context.h"
#include "tls/library.h"

namespace jumpgate::tls {

// One certificate with its key, and the names it is chosen by: lower case, "*.example.org".
struct Site {
    WolfContext context;
    std::vector<std::string> names;
};

class ServerContext {
  public:
    std::vector<Site> sites;  // the first is the default
    bool strict_sni = false;
    ClientAuth client_auth = ClientAuth::None;
    Version min_version = Version::Tls12;
    std::vector<std::string> alpn;
    bool tickets = false;
    TicketKeys ticket_keys;
    // A digest of all that decides who may connect: a ticket opens under the same one only.
    std::array<uint8_t, 32> policy{};

    // Exact before wildcard (one label), before the default. Null: strict, and nothing matches.
    WOLFSSL_CTX* choose(std::string_view server_name) const;
};

class ClientContext {
  public:
    WolfContext context;
    Verify verify = Verify::Full;
    std::vector<std::string> alpn;
};

}  // namespace jumpgate::tls
