#include "mqtt/decode.h"

#include <gtest/gtest.h>

#include <random>

#include "tests/mqtt/connect_corpus.h"
#include "tests/mqtt/exact.h"

namespace jumpgate::mqtt {
namespace {

using enum ReasonCode;

// Frames `octets`, which must be one packet.
Packet packet_of(Bytes octets) {
    const Framed framed = next_packet(octets);
    const auto* packet = std::get_if<Packet>(&framed);
    EXPECT_NE(packet, nullptr);
    return packet != nullptr ? *packet : Packet{};
}

// The fault of a packet of any type; Success where it is valid.
ReasonCode verdict(const Octets& octets, uint8_t level) {
    const Exact input{Bytes(octets)};
    const Packet packet = packet_of(input.view());
    const auto reason = [](const auto& parsed) {
        const auto* invalid = std::get_if<Invalid>(&parsed);
        return invalid != nullptr ? invalid->reason : Success;
    };
    switch (packet.type) {
        case PacketType::Connack:
            return reason(parse_connack(packet, level));
        case PacketType::Publish:
            return reason(parse_publish(packet, level));
        case PacketType::Puback:
        case PacketType::Pubrec:
        case PacketType::Pubrel:
        case PacketType::Pubcomp:
            return reason(parse_ack(packet, level));
        case PacketType::Subscribe:
            return reason(parse_subscribe(packet, level));
        case PacketType::Suback:
        case PacketType::Unsuback:
            return reason(parse_suback(packet, level));
        case PacketType::Unsubscribe:
            return reason(parse_unsubscribe(packet, level));
        case PacketType::Disconnect:
            return reason(parse_disconnect(packet, level));
        default:
            return Success;
    }
}

PacketBuilder p() { return {}; }

struct Case {
    const char* what;
    uint8_t level;
    unsigned first;
    PacketBuilder body;
    ReasonCode reason;
};

const std::vector<Case>& message_cases() {
    static const std::vector<Case> all = {
        {"CONNACK", 4, 0x20, p().u8(1).u8(0), Success},
        {"CONNACK 3.1, first byte unused", 3, 0x20, p().u8(0x55).u8(0), Success},
        {"CONNACK refusal", 4, 0x20, p().u8(0).u8(5), Success},
        {"CONNACK session in a refusal", 4, 0x20, p().u8(1).u8(5), ProtocolError},
        {"CONNACK reserved flag", 4, 0x20, p().u8(2).u8(0), MalformedPacket},
        {"CONNACK reserved code", 4, 0x20, p().u8(0).u8(6), MalformedPacket},
        {"CONNACK short", 4, 0x20, p().u8(0), MalformedPacket},
        {"CONNACK long", 4, 0x20, p().u8(0).u8(0).u8(0), MalformedPacket},
        {"CONNACK 5", 5, 0x20, p().u8(0).u8(0).block(p().u8(0x13).u16(30)), Success},
        {"CONNACK 5 code of 3.1.1", 5, 0x20, p().u8(0).u8(5).u8(0), MalformedPacket},
        {"CONNACK 5 property of CONNECT", 5, 0x20, p().u8(0).u8(0).block(p().u8(0x17).u8(1)),
         MalformedPacket},
        {"PUBLISH", 4, 0x30, p().str("a/b").raw("payload"), Success},
        {"PUBLISH of no payload", 4, 0x31, p().str("a/b"), Success},
        {"PUBLISH QoS 2 again", 4, 0x3C, p().str("a/b").u16(9), Success},
        {"PUBLISH DUP on QoS 0", 4, 0x38, p().str("a/b"), MalformedPacket},
        {"PUBLISH id 0", 4, 0x32, p().str("a/b").u16(0), ProtocolError},
        {"PUBLISH without id", 4, 0x32, p().str("a/b").u8(0), MalformedPacket},
        {"PUBLISH wildcard", 4, 0x30, p().str("a/+"), TopicNameInvalid},
        {"PUBLISH no topic", 4, 0x30, p().str(""), TopicNameInvalid},
        {"PUBLISH not UTF-8", 4, 0x30, p().str("\xFF"), MalformedPacket},
        {"PUBLISH topic past the end", 4, 0x30, p().u16(4).raw("abc"), MalformedPacket},
        {"PUBLISH 5", 5, 0x30, p().str("a").block(p().u8(0x23).u16(1)).raw("x"), Success},
        {"PUBLISH 5 alias alone", 5, 0x30, p().str("").block(p().u8(0x23).u16(1)).raw("x"),
         Success},
        {"PUBLISH 5 no topic, no alias", 5, 0x30, p().str("").block(p()).raw("x"),
         TopicNameInvalid},
        {"PUBLISH 5 without properties", 5, 0x30, p().str("a"), MalformedPacket},
        {"PUBLISH 5 alias 0", 5, 0x30, p().str("a").block(p().u8(0x23).u16(0)), ProtocolError},
        {"PUBACK", 4, 0x40, p().u16(1), Success},
        {"PUBACK id 0", 4, 0x40, p().u16(0), ProtocolError},
        {"PUBACK long", 4, 0x40, p().u16(1).u8(0), MalformedPacket},
        {"PUBACK short", 4, 0x40, p().u8(1), MalformedPacket},
        {"PUBACK 5 reason", 5, 0x40, p().u16(1).u8(0x10), Success},
        {"PUBACK 5 all", 5, 0x40, p().u16(1).u8(0).block(p().u8(0x1F).str("why")), Success},
        {"PUBACK 5 reason of PUBREL", 5, 0x40, p().u16(1).u8(0x92), MalformedPacket},
        {"PUBREC", 4, 0x50, p().u16(1), Success},
        {"PUBREL", 4, 0x62, p().u16(1), Success},
        {"PUBREL 5 not found", 5, 0x62, p().u16(1).u8(0x92), Success},
        {"PUBCOMP", 4, 0x70, p().u16(1), Success},
    };
    return all;
}

const std::vector<Case>& subscription_cases() {
    static const std::vector<Case> all = {
        {"SUBSCRIBE", 4, 0x82, p().u16(1).str("a/#").u8(1).str("+").u8(2), Success},
        {"SUBSCRIBE no filter", 4, 0x82, p().u16(1), ProtocolError},
        {"SUBSCRIBE id 0", 4, 0x82, p().u16(0).str("a").u8(0), ProtocolError},
        {"SUBSCRIBE QoS 3", 4, 0x82, p().u16(1).str("a").u8(3), MalformedPacket},
        {"SUBSCRIBE options of 5", 4, 0x82, p().u16(1).str("a").u8(4), MalformedPacket},
        {"SUBSCRIBE without options", 4, 0x82, p().u16(1).str("a"), MalformedPacket},
        {"SUBSCRIBE bad filter", 4, 0x82, p().u16(1).str("a#").u8(0), TopicFilterInvalid},
        {"SUBSCRIBE not UTF-8", 4, 0x82, p().u16(1).str("\xC0").u8(0), MalformedPacket},
        {"SUBSCRIBE 5", 5, 0x82, p().u16(1).block(p().u8(0x0B).u8(7)).str("a").u8(0x2D), Success},
        {"SUBSCRIBE 5 handling 3", 5, 0x82, p().u16(1).block(p()).str("a").u8(0x30),
         MalformedPacket},
        {"SUBSCRIBE 5 reserved", 5, 0x82, p().u16(1).block(p()).str("a").u8(0x40), MalformedPacket},
        {"SUBSCRIBE 5 shared, no local", 5, 0x82, p().u16(1).block(p()).str("$share/g/a").u8(4),
         ProtocolError},
        {"SUBACK", 4, 0x90, p().u16(1).u8(0).u8(2).u8(0x80), Success},
        {"SUBACK no code", 4, 0x90, p().u16(1), MalformedPacket},
        {"SUBACK code of 5", 4, 0x90, p().u16(1).u8(0x87), MalformedPacket},
        {"SUBACK 5", 5, 0x90, p().u16(1).u8(0).u8(0x87), Success},
        {"SUBACK 5 reserved code", 5, 0x90, p().u16(1).u8(0).u8(3), MalformedPacket},
        {"UNSUBSCRIBE", 4, 0xA2, p().u16(1).str("a/#"), Success},
        {"UNSUBSCRIBE no filter", 4, 0xA2, p().u16(1), ProtocolError},
        {"UNSUBSCRIBE cut", 4, 0xA2, p().u16(1).str("a").u8(0), MalformedPacket},
        {"UNSUBSCRIBE 5", 5, 0xA2, p().u16(1).u8(0).str("a"), Success},
        {"UNSUBACK", 4, 0xB0, p().u16(1), Success},
        {"UNSUBACK with code", 4, 0xB0, p().u16(1).u8(0), MalformedPacket},
        {"UNSUBACK 5", 5, 0xB0, p().u16(1).u8(0).u8(0x11), Success},
        {"UNSUBACK 5 no code", 5, 0xB0, p().u16(1).u8(0), MalformedPacket},
        {"DISCONNECT", 4, 0xE0, p(), Success},
        {"DISCONNECT with reason", 4, 0xE0, p().u8(0), MalformedPacket},
        {"DISCONNECT 5", 5, 0xE0, p(), Success},
        {"DISCONNECT 5 reason", 5, 0xE0, p().u8(0x8B), Success},
        {"DISCONNECT 5 expiry", 5, 0xE0, p().u8(4).block(p().u8(0x11).u32(5)), Success},
        {"DISCONNECT 5 reason of CONNACK", 5, 0xE0, p().u8(0x84), MalformedPacket},
        {"DISCONNECT 5 property past the end", 5, 0xE0, p().u8(0).u8(9), MalformedPacket},
    };
    return all;
}

std::vector<Case> cases() {
    std::vector<Case> all = message_cases();
    all.insert(all.end(), subscription_cases().begin(), subscription_cases().end());
    return all;
}

TEST(Decode, JudgesEveryCase) {
    for (const Case& each : cases()) {
        EXPECT_EQ(verdict(each.body.packet(each.first), each.level), each.reason) << each.what;
    }
}

TEST(Decode, SurvivesEveryMutationAndTruncationOfOneByte) {
    for (const Case& each : cases()) {
        SCOPED_TRACE(each.what);
        for (const uint8_t level : {kLevelV31, kLevelV311, kLevelV5}) {
            const Octets body = each.body.body();
            for (size_t at = 0; at < body.size(); ++at) {
                PacketBuilder cut;
                cut.raw(std::string(body.begin(), body.begin() + static_cast<long>(at)));
                verdict(cut.packet(each.first), level);
                for (unsigned value = 0; value < 256; ++value) {
                    std::string mutated(body.begin(), body.end());
                    mutated[at] = static_cast<char>(value);
                    PacketBuilder built;
                    verdict(built.raw(mutated).packet(each.first), level);
                }
            }
        }
    }
}

TEST(Decode, GivesPublishFields) {
    const Octets octets = p().str("a/b").u16(513).raw("payload").packet(0x3D);
    const auto parsed = parse_publish(packet_of(Bytes(octets)), 4);
    const auto* view = std::get_if<PublishView>(&parsed);
    ASSERT_NE(view, nullptr);
    EXPECT_EQ(view->topic, "a/b");
    EXPECT_EQ(text(view->payload), "payload");
    EXPECT_EQ(view->packet_id, 513);
    EXPECT_EQ(view->qos, 2);
    EXPECT_TRUE(view->retain);
    EXPECT_TRUE(view->dup);
}

TEST(Decode, WalksSubscriptions) {
    const Octets octets =
        p().u16(8).block(p().u8(0x0B).u8(7)).str("a/#").u8(0x1E).str("b").u8(0x21).packet(0x82);
    const auto parsed = parse_subscribe(packet_of(Bytes(octets)), 5);
    const auto* view = std::get_if<SubscribeView>(&parsed);
    ASSERT_NE(view, nullptr);
    EXPECT_EQ(view->packet_id, 8);
    EXPECT_EQ(view->subscription_id, 7u);
    Bytes rest = view->filters;
    auto one = take_subscription(rest);
    ASSERT_TRUE(one);
    EXPECT_EQ(one->filter, "a/#");
    EXPECT_EQ(one->qos, 2);
    EXPECT_TRUE(one->no_local);
    EXPECT_TRUE(one->retain_as_published);
    EXPECT_EQ(one->retain_handling, 1);
    one = take_subscription(rest);
    ASSERT_TRUE(one);
    EXPECT_EQ(one->filter, "b");
    EXPECT_EQ(one->retain_handling, 2);
    EXPECT_FALSE(take_subscription(rest));
}

}  // namespace
}  // namespace jumpgate::mqtt
