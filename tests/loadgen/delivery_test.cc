#include "loadgen/delivery.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <vector>

#include "core/base/rng.h"

namespace jumpgate::load {
namespace {

void send(Delivery& delivery, unsigned n) {
    for (unsigned i = 0; i < n; ++i) delivery.sent_one();
}

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
    Delivery delivery;
    delivery.subscriber_back();
    send(delivery, 3);
    for (uint64_t n = 0; n < 3; ++n) EXPECT_EQ(delivery.arrived(n), Arrival::InOrder);
    EXPECT_EQ(delivery.settle(true).lost(), 0U);
    EXPECT_EQ(delivery.settle(false).lost(), 0U);
}

TEST(Delivery, SeesTheFirstAndTheLastMessageMissing) {
    Delivery delivery;
    delivery.subscriber_back();
    send(delivery, 4);
    delivery.arrived(1);
    delivery.arrived(2);
    EXPECT_EQ(delivery.settle(true).lost_on_live_connections, 2U);
    EXPECT_EQ(delivery.settle(true).lost_in_flight, 0U);
}

TEST(Delivery, KnowsNoMessageThatWasNotSent) {
    Delivery delivery;
    delivery.subscriber_back();
    send(delivery, 2);
    EXPECT_EQ(delivery.arrived(2), Arrival::Unknown);
    EXPECT_EQ(delivery.received().expected(), 0U);
}

TEST(Delivery, OnlyAcknowledgedMessagesCanBeLostAboveQos0) {
    Delivery delivery;
    delivery.subscriber_back();
    send(delivery, 3);
    delivery.gave_up(1);
    EXPECT_EQ(delivery.settle(true).lost(), 2U);
    EXPECT_EQ(delivery.settle(false).lost(), 3U);
    delivery.arrived(1);  // given up and delivered all the same
    EXPECT_EQ(delivery.settle(true).lost(), 2U);
}

TEST(Delivery, BlamesABrokenConnectionForWhatWasUnderWay) {
    Delivery delivery;
    delivery.subscriber_back();
    send(delivery, 3);
    delivery.arrived(0);
    delivery.publisher_broke();
    send(delivery, 1);  // after it is back: number 3
    EXPECT_EQ(delivery.settle(true).lost_in_flight, 2U);
    EXPECT_EQ(delivery.settle(true).lost_on_live_connections, 1U);
}

TEST(Delivery, WithoutASubscriptionNothingIsLost) {
    Delivery delivery;
    send(delivery, 2);  // before the first subscription
    delivery.subscriber_back();
    send(delivery, 2);  // 2, 3: under way when it breaks
    delivery.arrived(2);
    delivery.subscriber_broke(false);
    send(delivery, 5);
    delivery.subscriber_back();
    send(delivery, 1);
    DeliveryResult result = delivery.settle(true);
    EXPECT_EQ(result.without_subscriber, 7U);
    EXPECT_EQ(result.lost_in_flight, 1U);
    EXPECT_EQ(result.lost_on_live_connections, 1U);
    delivery.arrived(9);
    EXPECT_EQ(delivery.settle(true).lost_on_live_connections, 0U);
}

TEST(Delivery, AKeptSessionOwesWhatWasSentMeanwhile) {
    Delivery delivery;
    delivery.subscriber_back();
    delivery.subscriber_broke(true);
    send(delivery, 5);
    EXPECT_EQ(delivery.settle(true).lost_in_flight, 5U);  // still away
    delivery.subscriber_back();
    delivery.arrived(0);
    EXPECT_EQ(delivery.settle(true).lost_in_flight, 4U);
    EXPECT_EQ(delivery.settle(true).without_subscriber, 0U);
}

}  // namespace
}  // namespace jumpgate::load
