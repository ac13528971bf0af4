#include "loadgen/broker.h"

#include <gtest/gtest.h>

#include "tests/loadgen/broker_peer.h"

namespace jumpgate::broker {
namespace {

using mqtt::PacketType;
using mqtt::ReasonCode;

mqtt::ConnectView with_will(mqtt::ConnectView connect, uint32_t delay_s = 0) {
    connect.will.present = true;
    connect.will.topic = "will";
    connect.will.payload = mqtt::bytes("gone");
    connect.will.delay_interval_s = delay_s;
    // 0x18: will delay interval.
    static std::string block;
    block.assign({0x18, 0, 0, 0, static_cast<char>(delay_s)});
    if (connect.level == mqtt::kLevelV5 && delay_s > 0)
        connect.will.properties = mqtt::bytes(block);
    return connect;
}

TEST(Broker, ThrowsOutTheOldConnectionOfAClientIdOnce) {
    TestBroker test;
    Peer watcher(test);
    watcher.connect("w");
    watcher.subscribe("will", 0);
    Peer old(test, mqtt::kLevelV5);
    old.connect(with_will(old.hello("same")));
    Peer young(test, mqtt::kLevelV5);
    EXPECT_EQ(young.connect("same").reason, ReasonCode::Success);
    const std::vector<Reply> told = old.replies();
    ASSERT_EQ(told.size(), 1u);
    EXPECT_EQ(told[0].type, PacketType::Disconnect);
    EXPECT_EQ(told[0].reason, ReasonCode::SessionTakenOver);
    EXPECT_TRUE(old.client().ended());
    old.client().lost();
    EXPECT_FALSE(young.client().ended());
    EXPECT_EQ(watcher.payloads(), std::vector<std::string>{"gone"});
    EXPECT_EQ(test.broker.counters.takeovers, 1u);
    EXPECT_EQ(test.broker.sessions(), 2u);
}

TEST(Broker, PublishesAWillUnlessTheClientSaysGoodbye) {
    struct Case {
        std::string_view name;
        bool lost;
        ReasonCode reason;
        bool published;
    };
    const Case cases[] = {
        {"lost", true, ReasonCode::Success, true},
        {"goodbye", false, ReasonCode::Success, false},
        {"with will", false, ReasonCode::DisconnectWithWill, true},
    };
    for (const Case& one : cases) {
        TestBroker test;
        Peer watcher(test);
        watcher.connect("w");
        watcher.subscribe("will", 0);
        Peer peer(test, mqtt::kLevelV5);
        peer.connect(with_will(peer.hello("a")));
        if (one.lost) {
            peer.client().lost();
        } else {
            mqtt::DisconnectView disconnect;
            disconnect.reason = one.reason;
            peer.disconnect(disconnect);
        }
        peer.client().lost();
        EXPECT_EQ(watcher.payloads().size(), one.published ? 1u : 0u) << one.name;
    }
}

TEST(Broker, DelaysAWillAndForgetsItWhenTheClientComesBack) {
    TestBroker test;
    Peer watcher(test);
    watcher.connect("w");
    watcher.subscribe("will", 0);
    const auto connect = [](Peer& peer) {
        mqtt::ConnectView view = with_will(peer.hello("a", false), 5);
        view.properties.session_expiry_interval_s = 100;
        return peer.connect(view);
    };
    Peer first(test, mqtt::kLevelV5);
    connect(first);
    first.client().lost();
    test.advance(4'000);
    Peer second(test, mqtt::kLevelV5);
    EXPECT_TRUE(connect(second).session_present);
    test.advance(10'000);
    EXPECT_TRUE(watcher.payloads().empty());
    second.client().lost();
    test.advance(4'900);
    EXPECT_TRUE(watcher.payloads().empty());
    test.advance(200);
    EXPECT_EQ(watcher.payloads(), std::vector<std::string>{"gone"});
}

TEST(Broker, PublishesADelayedWillWhenTheSessionEndsFirst) {
    TestBroker test;
    Peer watcher(test);
    watcher.connect("w");
    watcher.subscribe("will", 0);
    Peer peer(test, mqtt::kLevelV5);
    peer.connect(with_will(peer.hello("a"), 50));  // session expiry 0
    peer.client().lost();
    EXPECT_EQ(watcher.payloads(), std::vector<std::string>{"gone"});
    EXPECT_EQ(test.broker.sessions(), 1u);
}

TEST(Broker, KeepsASessionAsLongAsItsExpirySays) {
    TestBroker test;
    Peer peer(test, mqtt::kLevelV5);
    mqtt::ConnectView connect = peer.hello("a");
    connect.properties.session_expiry_interval_s = 10;
    peer.connect(connect);
    peer.subscribe("t", 1);
    peer.client().lost();
    test.advance(9'900);
    EXPECT_EQ(test.broker.sessions(), 1u);
    test.advance(200);
    EXPECT_EQ(test.broker.sessions(), 0u);
    EXPECT_EQ(test.broker.subscriptions(), 0u);
}

TEST(Broker, KeepsASessionOfMqtt3UntilItIsCleaned) {
    TestBroker test;
    for (const bool clean : {false, false, true, false, true}) {
        Peer peer(test);
        peer.connect("a", clean);
        peer.subscribe("t", 1);
        peer.disconnect();
        test.advance(24ULL * 3600 * 1000);
        EXPECT_EQ(test.broker.sessions(), clean ? 0u : 1u);
        EXPECT_EQ(test.broker.subscriptions(), clean ? 0u : 1u);
    }
}

TEST(Broker, DeliversWhatCameWhileAClientWasAway) {
    TestBroker test;
    {
        Peer peer(test);
        peer.connect("a", false);
        peer.subscribe("t/#", 2);
        peer.disconnect();
    }
    Peer publisher(test);
    publisher.connect("p");
    publisher.publish("t/0", "zero", 0);
    publisher.publish("t/1", "one", 1, false, 1);
    publisher.publish("t/2", "two", 2, false, 2);
    Peer back(test);
    EXPECT_TRUE(back.connect("a", false).session_present);
    const std::vector<Reply> replies = back.replies();
    ASSERT_EQ(replies.size(), 2u);  // QoS 0 is not kept
    EXPECT_EQ(replies[0].payload, "one");
    EXPECT_EQ(replies[0].qos, 1);
    EXPECT_EQ(replies[1].payload, "two");
    EXPECT_EQ(replies[1].qos, 2);
}

TEST(Broker, DropsMessagesThatExpiredWhileTheyWaited) {
    TestBroker test;
    {
        Peer peer(test, mqtt::kLevelV5);
        mqtt::ConnectView connect = peer.hello("a");
        connect.properties.session_expiry_interval_s = 1'000;
        peer.connect(connect);
        peer.subscribe("t", 1);
    }
    Peer publisher(test, mqtt::kLevelV5);
    publisher.connect("p");
    const std::string five_seconds("\x02\x00\x00\x00\x05", 5);
    mqtt::PublishView view;
    view.topic = "t";
    view.payload = mqtt::bytes("short");
    view.properties = mqtt::bytes(five_seconds);
    view.qos = 1;
    view.packet_id = 1;
    publisher.publish(view);
    publisher.publish("t", "long", 1, false, 2);
    test.advance(6'000);
    Peer back(test, mqtt::kLevelV5);
    back.connect("a", false);
    EXPECT_EQ(back.payloads(), std::vector<std::string>{"long"});
    EXPECT_EQ(test.broker.counters.dropped_expired, 1u);
}

TEST(Broker, HonoursRetainHandling) {
    TestBroker test;
    Peer peer(test, mqtt::kLevelV5);
    peer.connect("a");
    peer.publish("t", "kept", 0, true);
    struct Case {
        uint8_t handling;
        size_t when_new;
        size_t when_repeated;
    };
    for (const Case& one : {Case{0, 1, 1}, Case{1, 1, 0}, Case{2, 0, 0}}) {
        mqtt::Subscription subscription{"t", 0};
        subscription.retain_handling = one.handling;
        peer.subscribe(subscription);
        EXPECT_EQ(peer.payloads().size(), one.when_new) << int{one.handling};
        peer.subscribe(subscription);
        EXPECT_EQ(peer.payloads().size(), one.when_repeated) << int{one.handling};
        const std::string_view filter = "t";
        peer.say([&](std::span<uint8_t> out) {
            return mqtt::encode_unsubscribe(out, 3, {&filter, 1}, mqtt::kLevelV5);
        });
        EXPECT_EQ(peer.replies().at(0).codes, std::string(1, '\0'));
    }
    peer.subscribe("$share/g/t", 0);
    EXPECT_TRUE(peer.payloads().empty());  // 4.8.2: none for shared subscriptions
}

TEST(Broker, MarksRetainedOnlyWhereItShould) {
    TestBroker test;
    Peer peer(test, mqtt::kLevelV5);
    peer.connect("a");
    mqtt::Subscription as_published{"p", 0};
    as_published.retain_as_published = true;
    peer.subscribe(as_published);
    peer.subscribe("q", 0);
    peer.replies();
    peer.publish("p", "1", 0, true);
    peer.publish("q", "2", 0, true);
    const std::vector<Reply> replies = peer.replies();
    ASSERT_EQ(replies.size(), 2u);
    EXPECT_TRUE(replies[0].retain);
    EXPECT_FALSE(replies[1].retain);
}

TEST(Broker, RefusesMoreSessionsThanItsLimit) {
    Limits limits;
    limits.sessions_max = 1;
    TestBroker test(limits);
    Peer one(test, mqtt::kLevelV5);
    Peer two(test, mqtt::kLevelV5);
    EXPECT_EQ(one.connect("a").reason, ReasonCode::Success);
    EXPECT_EQ(two.connect("b").reason, ReasonCode::QuotaExceeded);
    EXPECT_EQ(test.broker.sessions(), 1u);
}

TEST(Broker, TellsItsNameInARetainedTopic) {
    TestBroker test;
    Peer peer(test);
    peer.connect("a");
    peer.subscribe("#", 0);
    EXPECT_TRUE(peer.payloads().empty());
    peer.subscribe("$SYS/broker/name", 0);
    EXPECT_EQ(peer.payloads(), std::vector<std::string>{"test:1883"});
}

TEST(Broker, LeavesNoMessageBehind) { EXPECT_EQ(Message::live(), 0u); }

}  // namespace
}  // namespace jumpgate::broker
