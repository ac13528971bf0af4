#include "loadgen/broker_faults.h"

#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <vector>

#include "tests/loadgen/broker_peer.h"

namespace jumpgate::broker {
namespace {

using mqtt::PacketType;
using mqtt::ReasonCode;

// A broker that misbehaves.
struct Faulty {
    explicit Faulty(FaultOptions options) : faults(settled(options)) {
        test.broker.faults = &faults;
    }
    static FaultOptions settled(FaultOptions& options) {
        EXPECT_FALSE(settle_faults(options).has_value());
        return options;
    }
    Faults faults;
    TestBroker test;
};

TEST(Faults, RefuseExactlyTheirShareOfTheClients) {
    FaultOptions options;
    options.refuse_percent = 10;
    Faulty faulty(options);
    int refused = 0;
    for (int i = 0; i < 300; ++i) {
        Peer peer(faulty.test, mqtt::kLevelV5);
        const Reply connack = peer.connect("c" + std::to_string(i));
        EXPECT_EQ(connack.server_reference, "");
        EXPECT_EQ(peer.client().ended(), connack.reason != ReasonCode::Success);
        if (connack.reason == ReasonCode::Success) continue;
        EXPECT_EQ(connack.reason, ReasonCode::ServerBusy);
        ++refused;
    }
    EXPECT_EQ(refused, 30);
    EXPECT_EQ(faulty.faults.counters.connections_refused, 30U);
    EXPECT_EQ(faulty.test.broker.sessions(), 0U);
}

TEST(Faults, RedirectWithAServerReferenceWhereThereIsOne) {
    FaultOptions options;
    options.redirect = "127.0.0.1:1884";
    Faulty faulty(options);
    Peer five(faulty.test, mqtt::kLevelV5);
    const Reply connack = five.connect("five");
    EXPECT_EQ(connack.reason, ReasonCode::UseAnotherServer);
    EXPECT_EQ(connack.server_reference, "127.0.0.1:1884");
    Peer four(faulty.test);
    EXPECT_EQ(four.connect("four").reason, ReasonCode::ServerUnavailable);
}

TEST(Faults, ARefusalThatMqtt3DoesNotKnowIsAClose) {
    FaultOptions options;
    options.refuse_percent = 100;
    options.refuse_code = ReasonCode::TopicNameInvalid;
    Faulty faulty(options);
    Peer four(faulty.test);
    four.say([&](std::span<uint8_t> out) { return mqtt::encode_connect(out, four.hello("x")); });
    EXPECT_EQ(four.raw(), "");
    EXPECT_TRUE(four.client().ended());
}

TEST(Faults, AnswerAConnectWithWhatNobodyCanReadAsAPacket) {
    for (uint64_t seed = 0; seed < 20; ++seed) {
        FaultOptions options;
        options.garbage = true;
        options.seed = seed;
        Faulty faulty(options);
        Peer peer(faulty.test);
        peer.say(
            [&](std::span<uint8_t> out) { return mqtt::encode_connect(out, peer.hello("x")); });
        const std::string answer = peer.raw();
        EXPECT_EQ(answer.size(), 64U);
        EXPECT_TRUE(std::holds_alternative<mqtt::Invalid>(mqtt::next_packet(mqtt::bytes(answer))));
        EXPECT_TRUE(peer.client().ended());
        EXPECT_EQ(faulty.faults.counters.garbage, 1U);
    }
}

TEST(Faults, AnswerWithGarbageAfterSoManyPackets) {
    FaultOptions options;
    options.garbage = true;
    options.garbage_after = 2;
    Faulty faulty(options);
    Peer peer(faulty.test);
    EXPECT_EQ(peer.connect("x").reason, ReasonCode::Success);
    peer.subscribe("t", 0);
    EXPECT_EQ(peer.replies().at(0).type, PacketType::Suback);
    peer.publish("t", "unheard");
    EXPECT_EQ(peer.raw().size(), 64U);
    EXPECT_TRUE(peer.client().ended());
    EXPECT_EQ(faulty.test.broker.counters.messages_in, 0U);
}

TEST(Faults, DropAConnectionThatHasReceivedAndSentSoManyMessages) {
    FaultOptions options;
    options.drop_after = 3;
    Faulty faulty(options);
    Peer peer(faulty.test);
    Peer other(faulty.test);
    peer.connect("x");
    other.connect("y");
    peer.subscribe("to/x", 0);
    peer.replies();
    peer.publish("elsewhere", "1", 1);
    EXPECT_FALSE(peer.client().ended());
    other.publish("to/x", "2");
    EXPECT_FALSE(peer.client().ended());
    other.publish("to/x", "3");
    EXPECT_TRUE(peer.client().ended());
    EXPECT_FALSE(other.client().ended());
    // What it had been sent is still due, and then nothing, not even a DISCONNECT.
    const std::vector<Reply> last = peer.replies();
    ASSERT_EQ(last.size(), 3U);
    EXPECT_EQ(last[0].type, PacketType::Puback);
    EXPECT_EQ(last[2].payload, "3");
    EXPECT_EQ(faulty.faults.counters.connections_dropped, 1U);
    EXPECT_EQ(faulty.test.broker.sessions(), 1U);
}

TEST(Faults, ADropPublishesTheWillWhichMayDropOthers) {
    FaultOptions options;
    options.drop_after = 1;
    Faulty faulty(options);
    Peer watcher(faulty.test);
    watcher.connect("watcher");
    watcher.subscribe("will", 0);
    watcher.replies();
    Peer peer(faulty.test);
    mqtt::ConnectView hello = peer.hello("x");
    hello.will.present = true;
    hello.will.topic = "will";
    hello.will.payload = mqtt::bytes("gone");
    peer.connect(hello);
    peer.publish("t", "1");
    EXPECT_TRUE(peer.client().ended());
    EXPECT_EQ(watcher.payloads(), std::vector<std::string>{"gone"});
    EXPECT_TRUE(watcher.client().ended());
    EXPECT_EQ(faulty.faults.counters.connections_dropped, 2U);
    EXPECT_EQ(faulty.test.broker.sessions(), 0U);
}

TEST(FaultCounters, AreOneObjectOfJson) {
    FaultCounters counters;
    counters.lost = 7;
    EXPECT_EQ(counters.json(),
              "{\"connacks_delayed\":0,\"connections_refused\":0,\"connections_dropped\":0,"
              "\"garbage\":0,\"stalls\":0,\"lost\":7,\"duplicated\":0,\"reordered\":0}");
}

}  // namespace
}  // namespace jumpgate::broker
