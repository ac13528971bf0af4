#include "loadgen/outages.h"

#include <gtest/gtest.h>

namespace jumpgate::load {
namespace {

constexpr uint64_t kMs = 1'000'000;

TEST(Outages, LastFromTheFirstHundredthAwayUntilNearlyAllAreBack) {
    Outages outages;
    outages.look(0, 1'000);
    outages.look(20 * kMs, 990);  // 99 % are enough
    EXPECT_EQ(outages.seen().count, 0U);
    outages.look(40 * kMs, 700);
    outages.look(60 * kMs, 300);
    outages.look(80 * kMs, 989);
    EXPECT_FALSE(outages.seen().ended);
    outages.look(140 * kMs, 990);
    EXPECT_TRUE(outages.seen().ended);
    EXPECT_EQ(outages.seen().count, 1U);
    EXPECT_EQ(outages.seen().longest_ms, 100U);
    EXPECT_EQ(outages.seen().most_away, 700U);
}

TEST(Outages, AreTheLongestOfSeveral) {
    Outages outages;
    outages.look(0, 100);
    outages.look(10 * kMs, 0);
    outages.look(60 * kMs, 100);
    outages.look(100 * kMs, 98);
    outages.look(120 * kMs, 100);
    EXPECT_EQ(outages.seen().count, 2U);
    EXPECT_EQ(outages.seen().longest_ms, 50U);
}

TEST(Outages, AreNoneWhileClientsCome) {
    Outages outages;
    for (uint64_t i = 0; i < 100; ++i) outages.look(i * kMs, i);
    EXPECT_EQ(outages.seen().count, 0U);
    EXPECT_TRUE(outages.seen().ended);
}

TEST(Outages, OfShardsAreTheWorst) {
    OutageSummary one{1, 30, 5, true};
    one.merge({2, 20, 9, false});
    EXPECT_EQ(one.count, 2U);
    EXPECT_EQ(one.longest_ms, 30U);
    EXPECT_EQ(one.most_away, 9U);
    EXPECT_FALSE(one.ended);
}

}  // namespace
}  // namespace jumpgate::load
