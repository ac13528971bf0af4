#include "loadgen/broker_session.h"

#include <gtest/gtest.h>

#include "tests/loadgen/broker_peer.h"

namespace jumpgate::broker {
namespace {

using mqtt::PacketType;

// A session named "a" that is subscribed to "t", with a publisher beside it.
struct Pair {
    explicit Pair(const Limits& limits = {}) : test(limits), publisher(test), peer(test) {
        publisher.connect("p");
        peer.connect("a", false);
        peer.subscribe("t", 2);
        peer.replies();
    }
    void publish(int first, int last, uint8_t qos) {
        for (int i = first; i <= last; ++i) {
            publisher.publish("t", std::to_string(i), qos, false, static_cast<uint16_t>(i));
            if (qos == 2) publisher.ack(PacketType::Pubrel, static_cast<uint16_t>(i));
        }
        publisher.replies();
    }
    TestBroker test;
    Peer publisher;
    Peer peer;
};

std::vector<std::string> numbers(int first, int last) {
    std::vector<std::string> all;
    for (int i = first; i <= last; ++i) all.push_back(std::to_string(i));
    return all;
}

TEST(Session, SendsNoMoreThanTheWindowUntilItIsAcknowledged) {
    Limits limits;
    limits.inflight_max = 3;
    Pair pair(limits);
    pair.publish(1, 5, 1);
    const std::vector<Reply> first = pair.peer.replies();
    ASSERT_EQ(first.size(), 3u);
    // In any order: what was sent first keeps the window.
    pair.peer.ack(PacketType::Puback, first[1].packet_id);
    EXPECT_TRUE(pair.peer.replies().empty());
    pair.peer.ack(PacketType::Puback, first[0].packet_id);
    EXPECT_EQ(pair.peer.payloads(), numbers(4, 5));
}

TEST(Session, RespectsTheReceiveMaximumOfMqtt5) {
    TestBroker test;
    Peer publisher(test);
    publisher.connect("p");
    Peer peer(test, mqtt::kLevelV5);
    mqtt::ConnectView connect = peer.hello("a");
    connect.properties.receive_maximum = 2;
    peer.connect(connect);
    peer.subscribe("t", 1);
    peer.replies();
    for (uint16_t i = 1; i <= 5; ++i) publisher.publish("t", std::to_string(i), 1, false, i);
    const std::vector<Reply> got = peer.replies();
    ASSERT_EQ(got.size(), 2u);
    peer.ack(PacketType::Puback, got[0].packet_id);
    EXPECT_EQ(peer.payloads(), numbers(3, 3));
}

TEST(Session, DropsTheOldestOfAFullQueueAndCounts) {
    Limits limits;
    limits.inflight_max = 1;
    limits.session_queue_max = 3;
    Pair pair(limits);
    pair.publish(1, 10, 1);
    EXPECT_EQ(pair.test.broker.counters.dropped_queue_full, 6u);
    std::vector<std::string> got;
    for (std::vector<Reply> replies = pair.peer.replies(); !replies.empty();
         replies = pair.peer.replies()) {
        got.push_back(replies[0].payload);
        pair.peer.ack(PacketType::Puback, replies[0].packet_id);
    }
    EXPECT_EQ(got, (std::vector<std::string>{"1", "8", "9", "10"}));
}

TEST(Session, QueuesForASlowClientInOrder) {
    Limits limits;
    limits.output_bytes_max = 64;
    Pair pair(limits);
    pair.publish(1, 100, 0);
    std::vector<std::string> got;
    for (std::vector<std::string> some = pair.peer.payloads(); !some.empty();
         some = pair.peer.payloads()) {
        got.insert(got.end(), some.begin(), some.end());
        pair.peer.client().pump();
    }
    EXPECT_EQ(got, numbers(1, 100));
}

TEST(Session, SendsAgainWithDupWhatWasNotAcknowledged) {
    Pair pair;
    pair.publish(1, 3, 1);
    const std::vector<Reply> first = pair.peer.replies();
    ASSERT_EQ(first.size(), 3u);
    pair.peer.ack(PacketType::Puback, first[0].packet_id);
    pair.peer.client().lost();
    pair.publish(4, 4, 1);
    Peer back(pair.test);
    EXPECT_TRUE(back.connect("a", false).session_present);
    const std::vector<Reply> again = back.replies();
    ASSERT_EQ(again.size(), 3u);
    for (size_t i = 0; i < 2; ++i) {
        EXPECT_EQ(again[i].payload, first[i + 1].payload);
        EXPECT_EQ(again[i].packet_id, first[i + 1].packet_id);
        EXPECT_TRUE(again[i].dup);
    }
    EXPECT_EQ(again[2].payload, "4");
    EXPECT_FALSE(again[2].dup);
}

TEST(Session, GoesOnWithQos2WhereItStopped) {
    Pair pair;
    pair.publish(1, 2, 2);
    const std::vector<Reply> first = pair.peer.replies();
    ASSERT_EQ(first.size(), 2u);
    pair.peer.ack(PacketType::Pubrec, first[0].packet_id);
    EXPECT_EQ(pair.peer.replies().at(0).type, PacketType::Pubrel);
    pair.peer.client().lost();
    Peer back(pair.test);
    back.connect("a", false);
    const std::vector<Reply> again = back.replies();
    ASSERT_EQ(again.size(), 2u);
    EXPECT_EQ(again[0].type, PacketType::Pubrel);  // never its PUBLISH again
    EXPECT_EQ(again[0].packet_id, first[0].packet_id);
    EXPECT_EQ(again[1].payload, "2");
    EXPECT_TRUE(again[1].dup);
    back.ack(PacketType::Pubcomp, again[0].packet_id);
    back.ack(PacketType::Pubrec, again[1].packet_id);
    back.ack(PacketType::Pubcomp, again[1].packet_id);
    EXPECT_EQ(back.replies().at(0).type, PacketType::Pubrel);
    back.client().lost();
    Peer last(pair.test);
    last.connect("a", false);
    EXPECT_TRUE(last.replies().empty());
}

TEST(Session, GivesEachMessageInFlightItsOwnIdAroundTheWrap) {
    Limits limits;
    limits.inflight_max = 7;
    Pair pair(limits);
    for (int round = 0; round < 10'000; ++round) {
        pair.publish(1, 7, 1);
        const std::vector<Reply> got = pair.peer.replies();
        ASSERT_EQ(got.size(), 7u);
        for (const Reply& one : got) {
            ASSERT_NE(one.packet_id, 0);
            pair.peer.ack(PacketType::Puback, one.packet_id);
        }
    }
    EXPECT_EQ(Message::live(), 1u);  // $SYS/broker/name
}

TEST(Session, IgnoresAcknowledgementsItDoesNotWaitFor) {
    Pair pair;
    pair.publish(1, 1, 1);
    const Reply got = pair.peer.replies().at(0);
    for (const uint16_t id : {uint16_t{999}, uint16_t{65'535}}) {
        pair.peer.ack(PacketType::Puback, id);
        pair.peer.ack(PacketType::Pubcomp, id);
    }
    pair.peer.ack(PacketType::Pubcomp, got.packet_id);  // of QoS 2, not of this one
    pair.peer.client().lost();
    Peer back(pair.test);
    back.connect("a", false);
    EXPECT_EQ(back.payloads(), numbers(1, 1));
}

TEST(Session, DoesNotSendWhatIsTooLargeForTheClient) {
    TestBroker test;
    Peer publisher(test);
    publisher.connect("p");
    Peer peer(test, mqtt::kLevelV5);
    mqtt::ConnectView connect = peer.hello("a");
    connect.properties.maximum_packet_size = 50;
    peer.connect(connect);
    peer.subscribe("t", 1);
    peer.replies();
    publisher.publish("t", std::string(100, 'x'), 1, false, 1);
    publisher.publish("t", "small", 1, false, 2);
    EXPECT_EQ(peer.payloads(), std::vector<std::string>{"small"});
    EXPECT_EQ(test.broker.counters.dropped_too_large, 1u);
}

}  // namespace
}  // namespace jumpgate::broker
