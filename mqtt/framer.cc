#include "mqtt/framer.h"

namespace jumpgate::mqtt {
namespace {

// MQTT-2.2.2-1, -2 (5: MQTT-2.1.3-1), MQTT-3.3.1-4.
bool are_valid_flags(PacketType type, uint8_t flags) {
    switch (type) {
        case PacketType::Publish:
            return (flags & 0x06) != 0x06;
        case PacketType::Pubrel:
        case PacketType::Subscribe:
        case PacketType::Unsubscribe:
            return flags == 0x02;
        default:
            return flags == 0;
    }
}

}  // namespace

Framed next_packet(Bytes in, size_t length_max) {
    if (in.empty()) return NeedMore{};
    const PacketType type = packet_type(in[0]);
    const auto flags = static_cast<uint8_t>(in[0] & 0x0F);
    if (type < PacketType::Connect)
        return Invalid{ReasonCode::MalformedPacket, "packet type 0 is reserved (table 2.1)"};
    if (!are_valid_flags(type, flags))
        return Invalid{ReasonCode::MalformedPacket,
                       "fixed header flags are not those of the type (MQTT-2.2.2-2; 5: -2.1.3-1)"};
    const Varint length = read_varint(in.subspan(1));
    if (length.status == VarintStatus::NeedMore) return NeedMore{};
    if (length.status == VarintStatus::Malformed)
        return Invalid{ReasonCode::MalformedPacket,
                       "remaining length is longer than 4 bytes (2.2.3)"};
    const size_t header_size = 1u + length.size;
    const size_t total = header_size + length.value;
    if (total > length_max)
        return Invalid{ReasonCode::PacketTooLarge, "packet is larger than the limit"};
    const bool is_ping = type == PacketType::Pingreq || type == PacketType::Pingresp;
    if (is_ping && length.value != 0)
        return Invalid{ReasonCode::MalformedPacket, "PINGREQ or PINGRESP with a body (3.12, 3.13)"};
    if (in.size() < total) return NeedMore{total};
    return Packet{type, flags, in.subspan(header_size, length.value), total};
}

}  // namespace jumpgate::mqtt
