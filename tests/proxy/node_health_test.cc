// NodeHealth: failures in a row mark a broker down, time or a success brings it back.
#include "core/proxy/node_health.h"

#include <gtest/gtest.h>

#include <array>
#include <vector>

namespace jumpgate {
namespace {

constexpr std::array<uint32_t, 3> kWeights = {1, 5, 0};

std::vector<uint32_t> weights_of(NodeHealth& health, uint64_t now_ms) {
    const std::span<const uint32_t> weights = health.weights(now_ms);
    return {weights.begin(), weights.end()};
}

TEST(NodeHealth, StartsWithTheConfiguredWeights) {
    NodeHealth health(kWeights, 3, 1000);
    EXPECT_EQ(weights_of(health, 0), (std::vector<uint32_t>{1, 5, 0}));
}

TEST(NodeHealth, MarksDownAfterFailMaxFailuresInARowAndSaysSoOnce) {
    NodeHealth health(kWeights, 3, 1000);
    EXPECT_FALSE(health.failed(1, 10));
    EXPECT_FALSE(health.failed(1, 10));
    EXPECT_TRUE(health.failed(1, 10));
    EXPECT_FALSE(health.failed(1, 10));
    EXPECT_EQ(weights_of(health, 10), (std::vector<uint32_t>{1, 0, 0}));
}

TEST(NodeHealth, ForgetsFailuresThatASuccessInterrupts) {
    NodeHealth health(kWeights, 2, 1000);
    health.failed(0, 0);
    EXPECT_FALSE(health.succeeded(0));
    EXPECT_FALSE(health.failed(0, 0));
    EXPECT_FALSE(health.down(0));
}

TEST(NodeHealth, TriesANodeAgainAfterTheTimeoutAndOneFailureMarksItDownAgain) {
    NodeHealth health(kWeights, 2, 1000);
    health.failed(0, 0);
    health.failed(0, 0);
    EXPECT_EQ(weights_of(health, 999)[0], 0U);
    EXPECT_EQ(weights_of(health, 1000)[0], 1U);
    EXPECT_TRUE(health.failed(0, 1001));
    EXPECT_EQ(weights_of(health, 2000)[0], 0U);
    EXPECT_EQ(weights_of(health, 2001)[0], 1U);
    EXPECT_TRUE(health.succeeded(0));
    EXPECT_FALSE(health.failed(0, 2002));
}

TEST(NodeHealth, ASuccessOfAnEarlierDialRevivesADownNode) {
    NodeHealth health(kWeights, 1, 1000);
    EXPECT_TRUE(health.failed(1, 0));
    EXPECT_TRUE(health.succeeded(1));
    EXPECT_EQ(weights_of(health, 1), (std::vector<uint32_t>{1, 5, 0}));
}

TEST(NodeHealth, NeverMarksDownWhereFailMaxIsZero) {
    NodeHealth health(kWeights, 0, 1000);
    for (int i = 0; i < 100; ++i) EXPECT_FALSE(health.failed(0, 0));
    EXPECT_FALSE(health.succeeded(0));
    EXPECT_EQ(weights_of(health, 0)[0], 1U);
}

TEST(NodeHealth, KeepsADrainedNodeDrainedThroughFailureAndRevival) {
    NodeHealth health(kWeights, 1, 10);
    health.failed(2, 0);
    EXPECT_EQ(weights_of(health, 11)[2], 0U);
}

}  // namespace
}  // namespace jumpgate
