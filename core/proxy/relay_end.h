// RelayEnd: why a relay is over. One vocabulary for the log, the statistics and the docs: `text`.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

namespace jumpgate {

enum class RelayEnd : uint8_t {
    Closed,            // both sides said goodbye
    ClientReset,       // the client vanished (RST)
    BrokerReset,       // the broker did
    HalfCloseTimeout,  // one side ended, the other did not follow in time
    ClientTruncated,   // TLS: the client ended its stream without close_notify (RFC 8446 6.1)
    BrokerTruncated,   // the broker did
    ClientTls,         // the client's TLS failed after the handshake: a bad record, an alert
    BrokerTls,         // the broker's did
    Evicted,           // an operator moves the clients of this broker away
    Stopped,           // the proxy is ending
};
inline constexpr size_t kRelayEnds = 10;

std::string_view text(RelayEnd end);

}  // namespace jumpgate
