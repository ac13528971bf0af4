// Encoders, one per packet type: what a client, a broker and a refusing proxy send.
//
// Law: each returns the packet's size in bytes and writes it to the front of `out` only where it
// fits there whole, so that a call with an empty `out` asks for the size. 0: the packet cannot be
// encoded (a string above 65,535 bytes, a packet above kPacketSizeMax). No allocation. Nothing else
// is checked: what a valid packet is, is the decoder's knowledge. `level` is 3, 4 or 5.
#pragma once

#include <array>
#include <span>

#include "mqtt/connect.h"
#include "mqtt/packets.h"

namespace jumpgate::mqtt {

// MQTT 5 properties are written where they differ from the standard's default; the will's come from
// `will.properties` as they are.
size_t encode_connect(std::span<uint8_t> out, const ConnectView& connect);

// Before 5 the reason is sent as its return code; 0 where it has none and the answer is to close.
size_t encode_connack(std::span<uint8_t> out, const ConnackView& connack, uint8_t level);

size_t encode_publish(std::span<uint8_t> out, const PublishView& publish, uint8_t level);
// All but the payload, whose size is counted in the length: for a caller that puts the
// `publish.payload.size()` bytes behind it. Returns the size of this part.
size_t encode_publish_header(std::span<uint8_t> out, const PublishView& publish, uint8_t level);

size_t encode_ack(std::span<uint8_t> out, const AckView& ack, uint8_t level);

// `subscription_id` 0: none.
size_t encode_subscribe(std::span<uint8_t> out, uint16_t packet_id,
                        std::span<const Subscription> subscriptions, uint8_t level,
                        uint32_t subscription_id = 0);
size_t encode_unsubscribe(std::span<uint8_t> out, uint16_t packet_id,
                          std::span<const std::string_view> filters, uint8_t level);
size_t encode_suback(std::span<uint8_t> out, const SubackView& suback, uint8_t level);
// Before 5 the codes are left out.
size_t encode_unsuback(std::span<uint8_t> out, const SubackView& unsuback, uint8_t level);

size_t encode_disconnect(std::span<uint8_t> out, const DisconnectView& disconnect, uint8_t level);

inline constexpr std::array<uint8_t, 2> kPingreq{0xC0, 0x00};
inline constexpr std::array<uint8_t, 2> kPingresp{0xD0, 0x00};

}  // namespace jumpgate::mqtt
