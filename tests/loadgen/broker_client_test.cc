#include "loadgen/broker_client.h"

#include <gtest/gtest.h>

#include "tests/loadgen/broker_peer.h"

namespace jumpgate::broker {
namespace {

using mqtt::PacketType;
using mqtt::ReasonCode;

std::vector<uint8_t> encoded_conversation() {
    std::vector<uint8_t> all;
    const auto add = [&all](const auto& encode) {
        const size_t start = all.size();
        const size_t size = encode(std::span<uint8_t>{});
        all.resize(start + size);
        encode(std::span<uint8_t>(all).subspan(start));
    };
    mqtt::ConnectView connect;
    connect.client_id = "cut";
    connect.clean_start = true;
    const mqtt::Subscription subscription{"t", 1};
    mqtt::PublishView publish;
    const std::string payload(300, 'p');
    publish.topic = "t";
    publish.payload = mqtt::bytes(payload);
    publish.qos = 1;
    publish.packet_id = 9;
    add([&](std::span<uint8_t> out) { return mqtt::encode_connect(out, connect); });
    add([&](std::span<uint8_t> out) {
        return mqtt::encode_subscribe(out, 1, {&subscription, 1}, mqtt::kLevelV311);
    });
    for (int i = 0; i < 3; ++i) {
        add([&](std::span<uint8_t> out) {
            return mqtt::encode_publish(out, publish, mqtt::kLevelV311);
        });
    }
    all.insert(all.end(), mqtt::kPingreq.begin(), mqtt::kPingreq.end());
    return all;
}

TEST(Client, AnswersTheSameHoweverTheStreamIsCut) {
    const std::vector<uint8_t> stream = encoded_conversation();
    std::string whole;
    for (size_t piece = stream.size(); piece > 0; piece = piece * 2 / 3) {
        TestBroker test;
        Peer peer(test);
        for (size_t at = 0; at < stream.size(); at += piece) {
            const size_t size = std::min(piece, stream.size() - at);
            peer.client().receive(mqtt::Bytes(stream).subspan(at, size));
        }
        EXPECT_FALSE(peer.client().ended());
        EXPECT_EQ(test.broker.counters.messages_in, 3u) << piece;
        const std::string out = std::exchange(peer.client().bytes(), {});
        if (whole.empty()) whole = out;
        EXPECT_EQ(out, whole) << piece;
    }
}

TEST(Client, RefusesAForeignProtocolWithTheRightCode) {
    TestBroker test;
    Peer peer(test);
    const std::string connect(
        "\x10\x0d\x00\x04MQTT\x06\x02\x00\x3c\x00\x01"
        "a",
        15);
    peer.client().receive(mqtt::bytes(connect));
    EXPECT_TRUE(peer.client().ended());
    const std::string answer = std::exchange(peer.client().bytes(), {});
    ASSERT_EQ(answer.size() < 4, false);
    EXPECT_EQ(answer[0], 0x20);
    EXPECT_EQ(test.broker.sessions(), 0u);
    EXPECT_EQ(test.broker.counters.connections_refused, 1u);
}

TEST(Client, ClosesOnAFirstPacketThatIsNoConnectWithoutAWord) {
    for (const std::string_view first : {"\xc0", "\x30", "GET / HTTP/1.1\r\n", "\x16\x03\x01"}) {
        TestBroker test;
        Peer peer(test);
        peer.client().receive(mqtt::bytes(first));
        EXPECT_TRUE(peer.client().ended());
        EXPECT_TRUE(peer.client().empty());
    }
}

TEST(Client, AssignsAClientIdAndTellsItInMqtt5) {
    TestBroker test;
    Peer one(test, mqtt::kLevelV5);
    Peer two(test, mqtt::kLevelV5);
    const std::string first = one.connect("").assigned_client_id;
    const std::string second = two.connect("").assigned_client_id;
    EXPECT_FALSE(first.empty());
    EXPECT_NE(first, second);
    EXPECT_EQ(test.broker.sessions(), 2u);
}

TEST(Client, RefusesAnAuthenticationMethod) {
    TestBroker test;
    Peer peer(test, mqtt::kLevelV5);
    mqtt::ConnectView connect = peer.hello("a");
    connect.properties.authentication_method = "SCRAM-SHA-1";
    EXPECT_EQ(peer.connect(connect).reason, ReasonCode::BadAuthenticationMethod);
    EXPECT_TRUE(peer.client().ended());
}

TEST(Client, EndsAConnectionThatBreaksTheProtocolWithItsReason) {
    struct Case {
        std::string_view name;
        std::string bytes;
        ReasonCode reason;
    };
    const Case cases[] = {
        {"second CONNECT",
         std::string("\x10\x0e\x00\x04MQTT\x05\x02\x00\x3c\x00\x00\x01"
                     "a",
                     16),
         ReasonCode::ProtocolError},
        {"CONNACK", std::string("\x20\x03\x00\x00\x00", 5), ReasonCode::ProtocolError},
        {"wildcard in topic", std::string("\x30\x04\x00\x01#\x00", 6),
         ReasonCode::TopicNameInvalid},
        {"topic alias", std::string("\x30\x06\x00\x00\x03\x23\x00\x01", 8),
         ReasonCode::TopicAliasInvalid},
        {"subscription id in PUBLISH",
         std::string("\x30\x06\x00\x01"
                     "a\x02\x0b\x01",
                     8),
         ReasonCode::ProtocolError},
        {"too large", std::string("\x30\xff\xff\xff\x7f", 5), ReasonCode::PacketTooLarge},
        {"QoS 3",
         std::string("\x36\x05\x00\x01"
                     "a\x00\x00",
                     7),
         ReasonCode::MalformedPacket},
        {"bad filter",
         std::string("\x82\x08\x00\x01\x00\x00\x02"
                     "a#\x00",
                     10),
         ReasonCode::TopicFilterInvalid},
    };
    for (const Case& one : cases) {
        TestBroker test;
        Peer peer(test, mqtt::kLevelV5);
        peer.connect("a");
        peer.client().receive(mqtt::bytes(one.bytes));
        const std::vector<Reply> replies = peer.replies();
        ASSERT_EQ(replies.size(), 1u) << one.name;
        EXPECT_EQ(replies[0].type, PacketType::Disconnect) << one.name;
        EXPECT_EQ(replies[0].reason, one.reason) << one.name;
        EXPECT_TRUE(peer.client().ended()) << one.name;
        EXPECT_EQ(test.broker.sessions(), 0u) << one.name;
    }
}

TEST(Client, PublishesAQos2MessageOnceHoweverOftenItIsSent) {
    TestBroker test;
    Peer subscriber(test);
    subscriber.connect("s");
    subscriber.subscribe("t", 0);
    Peer peer(test);
    peer.connect("p", false);
    peer.publish("t", "once", 2, false, 5);
    peer.publish("t", "once", 2, false, 5);
    peer.client().lost();
    // Over another connection of the session as well (MQTT-4.3.3-2).
    Peer again(test);
    EXPECT_TRUE(again.connect("p", false).session_present);
    again.publish("t", "once", 2, false, 5);
    again.ack(PacketType::Pubrel, 5);
    again.publish("t", "next", 2, false, 5);
    EXPECT_EQ(subscriber.payloads(), (std::vector<std::string>{"once", "next"}));
    std::vector<PacketType> types;
    for (const Reply& reply : again.replies()) types.push_back(reply.type);
    EXPECT_EQ(types, (std::vector{PacketType::Pubrec, PacketType::Pubcomp, PacketType::Pubrec}));
}

TEST(Client, LimitsQos2InMqtt5ToTheReceiveMaximumItAnnounced) {
    Limits limits;
    limits.inflight_max = 2;
    TestBroker test(limits);
    Peer peer(test, mqtt::kLevelV5);
    peer.connect("a");
    for (uint16_t id = 1; id <= 2; ++id) peer.publish("t", "x", 2, false, id);
    EXPECT_FALSE(peer.client().ended());
    peer.publish("t", "x", 2, false, 3);
    EXPECT_EQ(peer.replies().back().reason, ReasonCode::ReceiveMaximumExceeded);
}

TEST(Client, TellsMqtt5WhatBecameOfAMessage) {
    TestBroker test;
    Peer peer(test, mqtt::kLevelV5);
    peer.connect("a");
    peer.publish("nobody", "x", 1);
    peer.publish("$SYS/mine", "x", 1);
    peer.subscribe("t", 0);
    peer.publish("t", "x", 1);
    peer.ack(PacketType::Pubrel, 9);
    std::vector<ReasonCode> reasons;
    for (const Reply& reply : peer.replies()) {
        if (reply.type == PacketType::Puback || reply.type == PacketType::Pubcomp) {
            reasons.push_back(reply.reason);
        }
    }
    EXPECT_EQ(reasons, (std::vector{ReasonCode::NoMatchingSubscribers, ReasonCode::NotAuthorized,
                                    ReasonCode::Success, ReasonCode::PacketIdNotFound}));
}

TEST(Client, SendsTheSubackBeforeRetainedMessages) {
    TestBroker test;
    Peer peer(test);
    peer.connect("a");
    peer.publish("t", "kept", 1, true);
    peer.replies();
    peer.subscribe("t", 2);
    const std::vector<Reply> replies = peer.replies();
    ASSERT_EQ(replies.size(), 2u);
    EXPECT_EQ(replies[0].type, PacketType::Suback);
    EXPECT_EQ(replies[0].codes, "\x02");
    EXPECT_EQ(replies[1].payload, "kept");
    EXPECT_TRUE(replies[1].retain);
    EXPECT_EQ(replies[1].qos, 1);
}

TEST(Client, CannotRaiseASessionExpiryOfZeroWhenItLeaves) {
    TestBroker test;
    Peer peer(test, mqtt::kLevelV5);
    peer.connect("a");
    mqtt::DisconnectView disconnect;
    disconnect.session_expiry_interval_s = 10;
    peer.disconnect(disconnect);
    const std::vector<Reply> replies = peer.replies();
    ASSERT_EQ(replies.size(), 1u);
    EXPECT_EQ(replies[0].reason, ReasonCode::ProtocolError);
}

}  // namespace
}  // namespace jumpgate::broker
