#include "loadgen/delivery.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <vector>

#include "core/base/rng.h"

namespace jumpgate::load {
namespace {

// A publisher and a subscriber, or a group of them.
struct Stream {
    SendLog log;
    Delivery delivery;
    bool shared = false;

    void send(unsigned n) {
        for (unsigned i = 0; i < n; ++i) log.sent_one();
    }
    Arrival arrived(uint64_t number) { return delivery.arrived(log, number); }
    void subscriber_back() { delivery.subscriber_back(log); }
    void subscriber_broke(bool kept) { delivery.subscriber_broke(log, kept, shared); }
    DeliveryResult settle(bool acknowledged_only) const {
        return delivery.settle(log, acknowledged_only);
    }
};

TEST(Sequence, CountsHolesAndWhatFillsThem) {
    Sequence sequence;
    EXPECT_EQ(sequence.arrived(0), Arrival::InOrder);
    EXPECT_EQ(sequence.arrived(3), Arrival::InOrder);
    EXPECT_EQ(sequence.holes(), 2U);
    EXPECT_EQ(sequence.arrived(1), Arrival::Reordered);
    EXPECT_EQ(sequence.arrived(1), Arrival::Duplicate);
    EXPECT_EQ(sequence.arrived(3), Arrival::Duplicate);
    EXPECT_EQ(sequence.holes(), 1U);
    EXPECT_EQ(sequence.missing(6).size(), 3U);  // 2, 4, 5
}

TEST(Sequence, StartsWhereItIsToldTo) {
    Sequence sequence;
    sequence.start_at(100);
    EXPECT_EQ(sequence.arrived(100), Arrival::InOrder);
    EXPECT_EQ(sequence.holes(), 0U);
}

TEST(Sequence, ForgetsNoLossWhenItRunsOutOfHoles) {
    Sequence sequence;
    const uint64_t messages = 2 * Sequence::kHolesMax + 20;
    for (uint64_t n = 1; n < messages; n += 2) sequence.arrived(n);
    EXPECT_EQ(sequence.holes(), messages / 2);
    EXPECT_EQ(sequence.missing(messages).size() + sequence.forgotten(), messages / 2);
}

// Any order of arrival, with losses and repeats: received + missing is what was sent.
TEST(Sequence, AccountsForEveryMessageInAnyOrder) {
    Rng rng(5);
    for (int round = 0; round < 200; ++round) {
        std::vector<uint64_t> wire;
        for (uint64_t n = 0; n < 40; ++n) {
            for (uint64_t copy = rng.below(3); copy > 0; --copy) wire.push_back(n);
        }
        for (size_t i = wire.size(); i > 1; --i) std::swap(wire[i - 1], wire[rng.below(i)]);
        std::vector<bool> seen(40);
        Sequence sequence;
        uint64_t received = 0;
        for (const uint64_t n : wire) {
            const Arrival arrival = sequence.arrived(n);
            EXPECT_EQ(arrival == Arrival::Duplicate, seen[n]);
            received += seen[n] ? 0 : 1;
            seen[n] = true;
        }
        ASSERT_EQ(received + sequence.missing(40).size(), 40U);
    }
}

TEST(Delivery, LosesNothingWhereAllArrives) {
    Stream stream;
    stream.subscriber_back();
    stream.send(3);
    for (uint64_t n = 0; n < 3; ++n) EXPECT_EQ(stream.arrived(n), Arrival::InOrder);
    EXPECT_EQ(stream.settle(true).lost(), 0U);
    EXPECT_EQ(stream.settle(false).lost(), 0U);
}

TEST(Delivery, SeesTheFirstAndTheLastMessageMissing) {
    Stream stream;
    stream.subscriber_back();
    stream.send(4);
    stream.arrived(1);
    stream.arrived(2);
    EXPECT_EQ(stream.settle(true).lost_on_live_connections, 2U);
    EXPECT_EQ(stream.settle(true).lost_in_flight, 0U);
}

TEST(Delivery, KnowsNoMessageThatWasNotSent) {
    Stream stream;
    stream.subscriber_back();
    stream.send(2);
    EXPECT_EQ(stream.arrived(2), Arrival::Unknown);
    EXPECT_EQ(stream.delivery.received().expected(), 0U);
}

TEST(Delivery, OnlyAcknowledgedMessagesCanBeLostAboveQos0) {
    Stream stream;
    stream.subscriber_back();
    stream.send(3);
    stream.log.gave_up(1);
    EXPECT_EQ(stream.settle(true).lost(), 2U);
    EXPECT_EQ(stream.settle(false).lost(), 3U);
    stream.arrived(1);  // given up and delivered all the same
    EXPECT_EQ(stream.settle(true).lost(), 2U);
}

TEST(Delivery, BlamesABrokenConnectionForWhatWasUnderWay) {
    Stream stream;
    stream.subscriber_back();
    stream.send(3);
    stream.arrived(0);
    stream.log.broke();
    stream.send(1);  // after it is back: number 3
    EXPECT_EQ(stream.settle(true).lost_in_flight, 2U);
    EXPECT_EQ(stream.settle(true).lost_on_live_connections, 1U);
}

TEST(Delivery, WithoutASubscriptionNothingIsLost) {
    Stream stream;
    stream.send(2);  // before the first subscription
    stream.subscriber_back();
    stream.send(2);  // 2, 3: under way when it breaks
    stream.arrived(2);
    stream.subscriber_broke(false);
    stream.send(5);
    stream.subscriber_back();
    stream.send(1);
    DeliveryResult result = stream.settle(true);
    EXPECT_EQ(result.without_subscriber, 7U);
    EXPECT_EQ(result.lost_in_flight, 1U);
    EXPECT_EQ(result.lost_on_live_connections, 1U);
    stream.arrived(9);
    EXPECT_EQ(stream.settle(true).lost_on_live_connections, 0U);
}

TEST(Delivery, AKeptSessionOwesWhatWasSentMeanwhile) {
    Stream stream;
    stream.subscriber_back();
    stream.subscriber_broke(true);
    stream.send(5);
    EXPECT_EQ(stream.settle(true).lost_in_flight, 5U);  // still away
    stream.subscriber_back();
    stream.arrived(0);
    EXPECT_EQ(stream.settle(true).lost_in_flight, 4U);
    EXPECT_EQ(stream.settle(true).without_subscriber, 0U);
}

TEST(Delivery, WhatABrokenPublisherLostIsTheEndOfWhatItSent) {
    Stream stream;
    stream.subscriber_back();
    stream.send(6);
    stream.arrived(0);
    stream.arrived(3);  // 1 and 2 were lost on their way, whatever happened later
    stream.log.broke();
    stream.log.broke();  // nothing was sent between the two
    stream.send(2);
    stream.arrived(6);
    stream.arrived(7);
    stream.log.broke();                                  // and here nothing was lost
    EXPECT_EQ(stream.settle(false).lost_in_flight, 2U);  // 4, 5
    EXPECT_EQ(stream.settle(false).lost_on_live_connections, 2U);
}

TEST(Delivery, IsCompleteWhenOnlyWhatNobodyAnsweredForIsMissing) {
    Stream stream;
    stream.send(4);
    EXPECT_FALSE(stream.delivery.complete(stream.log));
    stream.arrived(0);
    stream.arrived(2);
    stream.arrived(3);
    EXPECT_FALSE(stream.delivery.complete(stream.log));
    stream.log.gave_up(1);
    EXPECT_TRUE(stream.delivery.complete(stream.log));
}

TEST(Delivery, AGroupIsThereWhileOneOfItsMembersIs) {
    Stream group;
    group.shared = true;
    group.send(2);  // before anybody came
    group.subscriber_back();
    group.subscriber_back();
    group.send(4);  // 2 to 5
    EXPECT_EQ(group.arrived(3), Arrival::InOrder);
    EXPECT_EQ(group.arrived(5), Arrival::InOrder);
    group.subscriber_broke(false);  // may have been owed 2 and 4
    group.send(2);                  // 6, 7: to the other
    EXPECT_EQ(group.arrived(7), Arrival::InOrder);
    EXPECT_EQ(group.arrived(4), Arrival::Reordered);
    EXPECT_EQ(group.arrived(4), Arrival::Duplicate);
    DeliveryResult result = group.settle(true);
    EXPECT_EQ(result.without_subscriber, 2U);
    EXPECT_EQ(result.lost_in_flight, 1U);
    EXPECT_EQ(result.lost_on_live_connections, 1U);
    group.subscriber_broke(false);  // the last
    group.send(3);
    result = group.settle(true);
    EXPECT_EQ(result.without_subscriber, 5U);
    EXPECT_EQ(result.lost_in_flight, 2U);
    group.subscriber_back();
    group.send(1);
    EXPECT_EQ(group.settle(true).lost_on_live_connections, 1U);
}

// Whatever is lost, doubled and reordered, with breaks on both sides: the account closes.
TEST(Delivery, AccountsForEveryMessageOfARandomRun) {
    Rng rng(11);
    for (int round = 0; round < 300; ++round) {
        Stream stream;
        stream.shared = round % 2 == 0;
        uint64_t received = 0;
        for (int step = 0; step < 60; ++step) {
            switch (rng.below(8)) {
                case 0:
                    stream.subscriber_back();
                    break;
                case 1:
                    stream.subscriber_broke(round % 3 == 0);
                    break;
                case 2:
                    stream.log.broke();
                    break;
                default:
                    stream.send(static_cast<unsigned>(rng.below(4)));
                    if (stream.log.sent() == 0) break;
                    const Arrival arrival = stream.arrived(rng.below(stream.log.sent()));
                    received += arrival == Arrival::Duplicate ? 0 : 1;
            }
        }
        const DeliveryResult result = stream.settle(false);
        ASSERT_EQ(received + result.lost() + result.without_subscriber, stream.log.sent());
    }
}

}  // namespace
}  // namespace jumpgate::load
