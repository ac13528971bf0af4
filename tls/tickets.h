// Tickets: what a session ticket holds beside wolfSSL's own part, and under what it opens.
//
// Law: a ticket carries who the client is and when it was issued; it opens only under the policy
// and server name of its session, while it is fresh and the client's certificate still holds.
#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <span>
#include <string_view>

#include "tls/identity.h"
#include "tls/ticket_keys.h"

namespace jumpgate::tls {

inline constexpr uint64_t kTicketLifetimeS = 7'200;  // as OpenSSL's default

// What wolfSSL calls by these sizes (WOLFSSL_TICKET_*), larger than ours: the rest is zero.
struct TicketSeal {
    std::span<uint8_t> name;
    std::span<uint8_t> nonce;
    std::span<uint8_t> tag;
};

// Which sessions may resume here.
struct TicketScope {
    const TicketKeys& keys;
    std::span<const uint8_t, 32> policy;
    std::string_view server_name;
    bool needs_identity;
    uint64_t now_s;
};

// The first `length` bytes of `ticket` are wolfSSL's. Appends ours and seals all in place. Returns
// the length in all; 0: no key. A ticket without room for the identity opens nowhere: TLS 1.2 has
// promised one by then.
size_t seal_ticket(const TicketScope& scope, std::span<uint8_t> ticket, size_t length,
                   const Identity* identity, const TicketSeal& seal);

struct OpenedTicket {
    TicketKeys::Opened result = TicketKeys::Opened::No;
    size_t length = 0;                   // of wolfSSL's part
    std::unique_ptr<Identity> identity;  // null: the client showed no certificate
};
OpenedTicket open_ticket(const TicketScope& scope, std::span<uint8_t> ticket,
                         const TicketSeal& seal);

}  // namespace jumpgate::tls
