// Valid CONNECT packets, varied, written out by a builder of the tests' own: what parser, encoder
// and the differential test are held against.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace jumpgate::mqtt {

using Octets = std::vector<uint8_t>;

// Builds a packet part by part, valid or not.
class PacketBuilder {
  public:
    PacketBuilder& u8(unsigned value);
    PacketBuilder& u16(unsigned value);
    PacketBuilder& u32(uint32_t value);
    PacketBuilder& raw(const std::string& octets);
    PacketBuilder& str(const std::string& text);            // two bytes of length, then the text
    PacketBuilder& block(const PacketBuilder& properties);  // its length as a varint, then it

    const Octets& body() const { return body_; }
    // With a fixed header: the first byte and the shortest remaining length.
    Octets packet(unsigned first_byte = 0x10) const;

  private:
    Octets body_;
};

// "MQTT" or "MQIsdp", level, flags, keep alive.
PacketBuilder connect_head(unsigned level, unsigned flags, unsigned keep_alive_s = 60);

struct ValidConnect {
    std::string name;
    Octets packet;
    std::string client_id;
    uint8_t level;  // as the parser gives it: 3, 4, 5
};
const std::vector<ValidConnect>& valid_connects();

}  // namespace jumpgate::mqtt
