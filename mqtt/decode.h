// Decoders for the packets after CONNECT, one per type (3.1.1 and 5: 3.2 to 3.14).
//
// Law: pure, strict, no allocation; a packet is valid whole or it is Invalid; `level` is the
// session's (3, 4, 5). Views point into the packet. Not here: AUTH, for nothing of ours speaks it.
#pragma once

#include <optional>
#include <variant>

#include "mqtt/framer.h"
#include "mqtt/packets.h"

namespace jumpgate::mqtt {

template <class View>
using Parsed = std::variant<Invalid, View>;

// `packet.type` must be the one that the function names.
Parsed<ConnackView> parse_connack(const Packet& packet, uint8_t level);
Parsed<PublishView> parse_publish(const Packet& packet, uint8_t level);
Parsed<AckView> parse_ack(const Packet& packet, uint8_t level);  // PUBACK, -REC, -REL, -COMP
Parsed<SubscribeView> parse_subscribe(const Packet& packet, uint8_t level);
Parsed<SubackView> parse_suback(const Packet& packet, uint8_t level);  // SUBACK, UNSUBACK
Parsed<UnsubscribeView> parse_unsubscribe(const Packet& packet, uint8_t level);
Parsed<DisconnectView> parse_disconnect(const Packet& packet, uint8_t level);

// Take the next filter off the front of a valid packet's `filters`; empty at their end.
//   for (Bytes rest = view.filters; const auto one = take_subscription(rest);) ...
std::optional<Subscription> take_subscription(Bytes& filters);
std::optional<std::string_view> take_filter(Bytes& filters);

}  // namespace jumpgate::mqtt
