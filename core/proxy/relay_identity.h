// RelayIdentity: what is known of a relayed client besides its bytes, and what is told of it: to
// the statistics, when it is looked for, when it is over.
//
// Law: small, for each idle client has one; plain and TLS relays count alike, by the functions
// here.
#pragma once

#include <array>
#include <cstdint>
#include <span>
#include <string_view>

#include "core/io/address.h"
#include "core/proxy/connack.h"
#include "core/proxy/relay_end.h"
#include "core/proxy/stats.h"
#include "tls/failure.h"

namespace jumpgate {

// The client id is cut to what fits.
struct RelayIdentity {
    static constexpr size_t kClientIdBytesMax = 42;

    Address peer;
    uint64_t started_us : 48 = 0;  // on the reactor's clock; set by the relays, 8.9 years to wrap
    uint64_t route : 16 = 0;       // slot
    uint16_t node = 0;             // slot of the broker
    uint8_t level = 0;             // of MQTT; 0: another protocol, whose answer is not looked at
    Connack connack = Connack::None;
    uint8_t listener = 0;  // index
    uint8_t client_id_length = 0;
    std::array<char, kClientIdBytesMax> client_id_bytes;

    void set_client_id(std::string_view id);
    std::string_view client_id() const { return {client_id_bytes.data(), client_id_length}; }
    // Since the broker had the CONNECT.
    uint64_t age_us(uint64_t now_ns) const;
    // As Control::find asks: the id that is kept begins as `client_id` does.
    bool is_called(std::string_view client_id) const;
};
static_assert(sizeof(RelayIdentity) == 88);

// A relay that somebody looked for.
struct FoundRelay {
    RelayIdentity identity;
    uint64_t bytes_up = 0;
    uint64_t bytes_down = 0;
    bool tls = false;  // with the client
};

// What is left of a relay when it is over.
struct EndedRelay {
    RelayIdentity identity;
    RelayEnd end;
    uint64_t bytes_up;
    uint64_t bytes_down;
    bool tls = false;                               // with the client
    tls::Failure tls_failure = tls::Failure::None;  // with ClientTls and BrokerTls
    uint8_t tls_alert = 0;                          // with PeerAlert
};

// The broker has the CONNECT: starts the clock.
void count_begin(Stats& stats, RelayIdentity& identity, uint64_t now_ns);
// The broker's first bytes have come, at least one: what they say, and how long they took. Later
// calls change nothing.
void count_first_bytes(Stats& stats, RelayIdentity& identity, std::span<const uint8_t> first,
                       uint64_t now_ns);
void count_end(Stats& stats, const EndedRelay& relay);

}  // namespace jumpgate
