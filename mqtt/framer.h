// next_packet: cuts a stream of bytes into MQTT packets.
//
// Law: pure, bounded by the caller's limit; a packet's type, flags and length are checked here
// (3.1.1 and 5: 2.1, 2.2), its body is not. A packet cut short is NeedMore with the size to wait
// for.
#pragma once

#include <variant>

#include "mqtt/bytes.h"
#include "mqtt/varint.h"
#include "mqtt/verdict.h"

namespace jumpgate::mqtt {

// Largest packet: a first byte, 4 bytes of length, and what they can announce.
inline constexpr size_t kPacketSizeMax = 1 + kVarintSizeMax + kVarintMax;

struct Packet {
    PacketType type = PacketType::Pingreq;
    uint8_t flags = 0;  // lower half of the first byte
    Bytes body{};       // behind the fixed header
    size_t length = 0;  // fixed header and body: where the next packet starts
};

using Framed = std::variant<NeedMore, Invalid, Packet>;

// The packet at the start of `in`. One above `length_max` bytes is Invalid, PacketTooLarge, as soon
// as its length is known.
Framed next_packet(Bytes in, size_t length_max = kPacketSizeMax);

}  // namespace jumpgate::mqtt
