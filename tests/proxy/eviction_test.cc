// Evictions: the rate is kept in the mean, jittered, and ends with the last client.
#include "core/proxy/eviction.h"

#include <gtest/gtest.h>

namespace jumpgate {
namespace {

constexpr auto kMany = [](uint16_t) { return uint32_t{1'000'000}; };

size_t total(const std::vector<EvictionOrder>& orders) {
    size_t sum = 0;
    for (const EvictionOrder& order : orders) sum += order.count;
    return sum;
}

TEST(Evictions, KeepTheRateInTheMean) {
    for (const uint32_t per_second : {1U, 7U, 100U, 5'000U}) {
        Evictions evictions;
        Rng rng(per_second);
        evictions.set(3, per_second);
        size_t gone = 0;
        for (int tick = 0; tick < 10'000; ++tick) gone += total(evictions.tick(100, rng, kMany));
        EXPECT_NEAR(static_cast<double>(gone), per_second * 1'000.0, per_second * 20.0);
    }
}

TEST(Evictions, TakeBetweenHalfAndOneAndAHalfOfATicksPart) {
    Evictions evictions;
    Rng rng(1);
    evictions.set(0, 1'000);
    size_t least = 1'000;
    size_t most = 0;
    for (int tick = 0; tick < 1'000; ++tick) {
        const size_t count = total(evictions.tick(100, rng, kMany));
        least = std::min(least, count);
        most = std::max(most, count);
    }
    EXPECT_GE(least, 50U);
    EXPECT_LE(most, 151U);
    EXPECT_LT(least + 50, most) << "no jitter";
}

TEST(Evictions, EndWithTheLastClientAndWithRateZero) {
    Evictions evictions;
    Rng rng(1);
    evictions.set(1, 10);
    evictions.set(2, 10);
    evictions.set(2, 0);
    EXPECT_FALSE(evictions.empty());
    evictions.tick(100, rng, [](uint16_t) { return uint32_t{0}; });
    EXPECT_TRUE(evictions.empty());
}

TEST(Evictions, AskAgainForWhatFoundNoClientButNoMoreThanASecondsWorth) {
    Evictions evictions;
    Rng rng(1);
    evictions.set(1, 10);
    evictions.give_back({1, 500});
    EXPECT_LE(total(evictions.tick(100, rng, kMany)), 12U);
    evictions.give_back({7, 5});  // ended meanwhile
    EXPECT_LE(total(evictions.tick(100, rng, kMany)), 2U);
}

TEST(Evictions, EndWhereTheNodeIsTakenBack) {
    Evictions evictions;
    Rng rng(1);
    evictions.set(1, 1'000);
    evictions.set(2, 1'000);
    evictions.keep([](uint16_t slot) { return slot == 2; });
    for (const EvictionOrder& order : evictions.tick(1'000, rng, kMany)) EXPECT_EQ(order.slot, 2U);
    evictions.keep([](uint16_t) { return false; });
    EXPECT_TRUE(evictions.empty());
}

}  // namespace
}  // namespace jumpgate
