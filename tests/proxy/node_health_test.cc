// NodeHealth: failures in a row mark a broker down, time or a success brings it back.
#include "core/proxy/node_health.h"

#include <gtest/gtest.h>

namespace jumpgate {
namespace {

constexpr uint32_t kForMs = 1'000;

NodeHealth of(size_t slots) {
    NodeHealth health;
    health.resize(slots);
    return health;
}

TEST(NodeHealth, MarksDownAfterFailMaxFailuresInARowAndSaysSoOnce) {
    NodeHealth health = of(3);
    EXPECT_FALSE(health.failed(1, 3, kForMs, 10));
    EXPECT_FALSE(health.failed(1, 3, kForMs, 10));
    EXPECT_TRUE(health.failed(1, 3, kForMs, 10));
    EXPECT_FALSE(health.failed(1, 3, kForMs, 10));
    EXPECT_TRUE(health.down(1, 10));
    EXPECT_FALSE(health.down(0, 10));
    EXPECT_EQ(health.changes(), 1U);
}

TEST(NodeHealth, ForgetsFailuresThatASuccessInterrupts) {
    NodeHealth health = of(1);
    health.failed(0, 2, kForMs, 0);
    EXPECT_FALSE(health.succeeded(0));
    EXPECT_FALSE(health.failed(0, 2, kForMs, 0));
    EXPECT_FALSE(health.down(0, 0));
}

TEST(NodeHealth, TriesABrokerAgainAfterTheTimeoutAndOneFailureMarksItDownAgain) {
    NodeHealth health = of(1);
    health.failed(0, 2, kForMs, 0);
    health.failed(0, 2, kForMs, 0);
    EXPECT_EQ(health.down_until_ms(0), 1000U);
    EXPECT_TRUE(health.down(0, 999));
    EXPECT_FALSE(health.down(0, 1000));
    EXPECT_TRUE(health.failed(0, 2, kForMs, 1001));
    EXPECT_TRUE(health.down(0, 2000));
    EXPECT_FALSE(health.down(0, 2001));
    EXPECT_TRUE(health.succeeded(0));
    EXPECT_FALSE(health.failed(0, 2, kForMs, 2002));
}

TEST(NodeHealth, APardonEndsAMarkButNotItsLesson) {
    NodeHealth health = of(1);
    health.failed(0, 2, kForMs, 0, 7);
    EXPECT_TRUE(health.failed(0, 2, kForMs, 0, 7));
    EXPECT_TRUE(health.down(0, 1, 7));
    EXPECT_FALSE(health.down(0, 1, 8));
    EXPECT_TRUE(health.failed(0, 2, kForMs, 1, 8)) << "the first failure marks it again";
    EXPECT_TRUE(health.down(0, 1'000, 8));
    EXPECT_TRUE(health.succeeded(0));
}

TEST(NodeHealth, ASuccessOfAnEarlierDialRevivesADownBroker) {
    NodeHealth health = of(2);
    EXPECT_TRUE(health.failed(1, 1, kForMs, 0));
    EXPECT_TRUE(health.succeeded(1));
    EXPECT_FALSE(health.down(1, 1));
    EXPECT_FALSE(health.succeeded(1));
    EXPECT_EQ(health.changes(), 2U);
}

TEST(NodeHealth, NeverMarksDownWhereFailMaxIsZero) {
    NodeHealth health = of(1);
    for (int i = 0; i < 100; ++i) EXPECT_FALSE(health.failed(0, 0, kForMs, 0));
    EXPECT_FALSE(health.succeeded(0));
    EXPECT_FALSE(health.down(0, 0));
}

TEST(NodeHealth, JudgesEachFailureByItsOwnThreshold) {
    NodeHealth health = of(1);
    EXPECT_FALSE(health.failed(0, 7, kForMs, 0)) << "a time-out";
    EXPECT_TRUE(health.failed(0, 2, kForMs, 0)) << "refused, the second failure in a row";
}

TEST(NodeHealth, KnowsNothingOfTheNextBrokerInASlot) {
    NodeHealth health = of(1);
    health.failed(0, 1, kForMs, 0);
    health.forget(0);
    EXPECT_FALSE(health.down(0, 1));
    EXPECT_FALSE(health.succeeded(0));
}

}  // namespace
}  // namespace jumpgate
