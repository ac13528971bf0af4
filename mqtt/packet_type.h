// The fifteen packet types (3.1.1: table 2.1; 5: table 2-1), in the upper half of a packet's first
// byte.
#pragma once

#include <cstdint>

namespace jumpgate::mqtt {

enum class PacketType : uint8_t {
    Connect = 1,
    Connack = 2,
    Publish = 3,
    Puback = 4,
    Pubrec = 5,
    Pubrel = 6,
    Pubcomp = 7,
    Subscribe = 8,
    Suback = 9,
    Unsubscribe = 10,
    Unsuback = 11,
    Pingreq = 12,
    Pingresp = 13,
    Disconnect = 14,
    Auth = 15,
};

constexpr PacketType packet_type(uint8_t first_byte) {
    return static_cast<PacketType>(first_byte >> 4);
}

}  // namespace jumpgate::mqtt
