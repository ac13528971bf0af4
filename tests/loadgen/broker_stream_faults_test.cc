#include "loadgen/broker_stream_faults.h"

#include <gtest/gtest.h>

#include <map>
#include <set>
#include <string>
#include <vector>

#include "tests/loadgen/broker_peer.h"

namespace jumpgate::broker {
namespace {

// What a subscriber can tell of a stream of numbers.
struct Account {
    uint64_t lost = 0;
    uint64_t duplicated = 0;
    uint64_t reordered = 0;
    bool operator==(const Account&) const = default;
};

Account account(const std::vector<std::string>& heard, int sent) {
    Account result;
    std::set<int> seen;
    for (const std::string& text : heard) {
        const int number = std::stoi(text);
        if (!seen.insert(number).second) {
            result.duplicated++;
        } else if (number != *seen.rbegin()) {
            result.reordered++;
        }
    }
    result.lost = static_cast<uint64_t>(sent) - seen.size();
    return result;
}

// A broker with these faults, a publisher "p" and a subscriber "s" of "t/#".
struct Stage {
    explicit Stage(const FaultOptions& options) : faults(options) {
        test.broker.faults = &faults;
        publisher.connect("p");
        subscriber.connect("s");
        subscriber.subscribe("t/#", 2);
        subscriber.replies();
    }
    void publish(int first, int end, uint8_t qos, std::string_view topic = "t/1") {
        for (int i = first; i < end; ++i) {
            const auto id = static_cast<uint16_t>(i + 1);
            publisher.publish(topic, std::to_string(i), qos, false, id);
        }
        publisher.replies();
    }
    // Acknowledges what it hears, so that QoS 1 goes on.
    std::vector<std::string> hear() {
        std::vector<std::string> heard;
        for (bool more = true; more;) {
            more = false;
            for (const Reply& reply : subscriber.replies()) {
                if (reply.type != mqtt::PacketType::Publish) continue;
                heard.push_back(reply.payload);
                more = true;
                if (reply.qos == 1) subscriber.ack(mqtt::PacketType::Puback, reply.packet_id);
            }
        }
        return heard;
    }
    Account injected() const {
        return {faults.counters.lost, faults.counters.duplicated, faults.counters.reordered};
    }
    Faults faults;
    TestBroker test;
    Peer publisher{test};
    Peer subscriber{test};
};

TEST(StreamFaults, AreCountedExactlyAsTheSubscriberCountsThem) {
    constexpr int kMessages = 2'100;
    struct Case {
        uint32_t lose, duplicate, reorder;
    };
    for (const auto [lose, duplicate, reorder] :
         {Case{10, 0, 0}, {0, 10, 0}, {0, 0, 10}, {7, 5, 3}, {2, 2, 2}, {1, 0, 0}}) {
        for (const uint8_t qos : {uint8_t{0}, uint8_t{1}}) {
            FaultOptions options;
            options.lose_one_in = lose;
            options.duplicate_one_in = duplicate;
            options.reorder_one_in = reorder;
            Stage stage(options);
            std::vector<std::string> heard;
            for (int i = 0; i < kMessages; i += 50) {
                stage.publish(i, i + 50, qos);
                for (std::string& one : stage.hear()) heard.push_back(std::move(one));
            }
            stage.test.advance(StreamFaults::kHoldMs + 1);
            for (std::string& one : stage.hear()) heard.push_back(std::move(one));
            const Account found = account(heard, kMessages);
            EXPECT_EQ(found.lost, stage.injected().lost);
            EXPECT_EQ(found.duplicated, stage.injected().duplicated);
            EXPECT_EQ(found.reordered, stage.injected().reordered);
            // Nothing competes for the place of the losses, nor with one kind of fault alone.
            if (lose != 0) {
                EXPECT_EQ(found.lost, kMessages / lose);
            } else if (duplicate != 0) {
                EXPECT_EQ(found.duplicated, kMessages / duplicate);
            } else {
                EXPECT_LE(found.reordered, kMessages / reorder);
                EXPECT_GE(found.reordered, kMessages / reorder / 2);
            }
        }
    }
}

TEST(StreamFaults, FollowTheSeedAndTheStreamWhateverComesBetween) {
    FaultOptions options;
    options.lose_one_in = 5;
    const auto play = [&](uint64_t seed, bool crowded) {
        options.seed = seed;
        Stage stage(options);
        for (int i = 0; i < 100; ++i) {
            stage.publish(i, i + 1, 0, "t/1");
            if (crowded) stage.publish(1'000 + i, 1'001 + i, 0, "t/2");
        }
        std::vector<std::string> heard;
        for (std::string& one : stage.hear()) {
            if (one.size() < 4) heard.push_back(std::move(one));
        }
        return heard;
    };
    EXPECT_EQ(play(1, false).size(), 80U);
    EXPECT_EQ(play(1, false), play(1, true));
    EXPECT_NE(play(1, false), play(2, false));
}

TEST(StreamFaults, LetGoOfWhatNothingOvertakes) {
    FaultOptions options;
    options.reorder_one_in = 1;
    Stage stage(options);
    stage.publish(0, 1, 0);
    EXPECT_TRUE(stage.hear().empty());
    stage.test.advance(StreamFaults::kHoldMs);
    EXPECT_EQ(stage.hear(), std::vector<std::string>{"0"});
    EXPECT_EQ(stage.faults.counters.reordered, 0U);
    stage.publish(1, 3, 0);
    EXPECT_EQ(stage.hear(), (std::vector<std::string>{"2", "1"}));
    EXPECT_EQ(stage.faults.counters.reordered, 1U);
}

TEST(StreamFaults, WhatIsHeldBackIsLostWithItsSubscriber) {
    FaultOptions options;
    options.reorder_one_in = 1;
    Stage stage(options);
    stage.publish(0, 1, 1);
    stage.subscriber.disconnect();
    EXPECT_EQ(stage.faults.counters.lost, 1U);
    stage.test.advance(StreamFaults::kHoldMs + 1);
    EXPECT_EQ(Message::live(), 1U) << "the broker's name, retained";
}

TEST(StreamFaults, SpareWhatWaitsForAClientThatIsAway) {
    FaultOptions options;
    options.lose_one_in = 1;
    Stage stage(options);
    Peer keeper(stage.test);
    keeper.connect("keeper", false);
    keeper.subscribe("kept", 1);
    keeper.disconnect();
    keeper.replies();
    stage.publisher.publish("kept", "still there", 1);
    EXPECT_EQ(stage.faults.counters.lost, 0U);
    Peer back(stage.test);
    back.connect("keeper", false);
    EXPECT_EQ(back.payloads(), std::vector<std::string>{"still there"});
}

}  // namespace
}  // namespace jumpgate::broker
