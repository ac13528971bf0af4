#include "mqtt/framer.h"

#include <gtest/gtest.h>

#include "tests/mqtt/connect_corpus.h"

namespace jumpgate::mqtt {
namespace {

TEST(NextPacket, ChecksTypeAndFlagsOfEveryFirstByte) {
    for (unsigned first = 0; first < 256; ++first) {
        SCOPED_TRACE(first);
        const unsigned type = first >> 4;
        const unsigned flags = first & 0x0F;
        const bool is_valid = type == 3                              ? (flags & 6) != 6
                              : type == 6 || type == 8 || type == 10 ? flags == 2
                                                                     : type != 0 && flags == 0;
        const Octets input{static_cast<uint8_t>(first), 0};
        const Framed framed = next_packet(Bytes(input));
        ASSERT_EQ(std::holds_alternative<Packet>(framed), is_valid);
        if (!is_valid) continue;
        const auto& packet = *std::get_if<Packet>(&framed);
        EXPECT_EQ(static_cast<unsigned>(packet.type), type);
        EXPECT_EQ(packet.flags, flags);
        EXPECT_EQ(packet.length, 2u);
    }
}

TEST(NextPacket, AsksForMoreAtEveryTruncation) {
    const Octets input = PacketBuilder().raw(std::string(200, 'x')).packet(0x30);
    for (size_t size = 0; size < input.size(); ++size) {
        const Framed framed = next_packet(Bytes(input).first(size));
        const auto* more = std::get_if<NeedMore>(&framed);
        ASSERT_NE(more, nullptr);
        EXPECT_EQ(more->total, size < 3 ? 0 : input.size());
    }
}

TEST(NextPacket, WalksAStream) {
    Octets stream = PacketBuilder().str("t").raw("one").packet(0x30);
    const Octets second = PacketBuilder().u16(7).packet(0x40);
    stream.insert(stream.end(), second.begin(), second.end());
    stream.insert(stream.end(), {0xC0, 0x00, 0xD0});
    Bytes rest(stream);
    std::vector<PacketType> types;
    Framed framed = next_packet(rest);
    while (const auto* packet = std::get_if<Packet>(&framed)) {
        types.push_back(packet->type);
        rest = rest.subspan(packet->length);
        framed = next_packet(rest);
    }
    EXPECT_EQ(types, (std::vector{PacketType::Publish, PacketType::Puback, PacketType::Pingreq}));
    EXPECT_TRUE(std::holds_alternative<NeedMore>(framed));
    EXPECT_EQ(rest.size(), 1u);
}

TEST(NextPacket, RefusesBadLengths) {
    const auto reason = [](const Octets& input, size_t length_max) {
        const Framed framed = next_packet(Bytes(input), length_max);
        const auto* invalid = std::get_if<Invalid>(&framed);
        return invalid != nullptr ? invalid->reason : ReasonCode::Success;
    };
    EXPECT_EQ(reason({0x30, 0xFF, 0xFF, 0xFF, 0xFF}, kPacketSizeMax), ReasonCode::MalformedPacket);
    EXPECT_EQ(reason({0x30, 0xFF, 0xFF, 0xFF, 0x7F}, kPacketSizeMax), ReasonCode::Success);
    EXPECT_EQ(reason({0x30, 0xFF, 0xFF, 0xFF, 0x7F}, kPacketSizeMax - 1),
              ReasonCode::PacketTooLarge);
    EXPECT_EQ(reason({0x30, 100}, 102), ReasonCode::Success);
    EXPECT_EQ(reason({0x30, 100}, 101), ReasonCode::PacketTooLarge);
    EXPECT_EQ(reason({0xC0, 1, 0}, kPacketSizeMax), ReasonCode::MalformedPacket);
    EXPECT_EQ(reason({0xD0, 1, 0}, kPacketSizeMax), ReasonCode::MalformedPacket);
}

}  // namespace
}  // namespace jumpgate::mqtt
