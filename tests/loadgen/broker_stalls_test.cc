#include "loadgen/broker_stalls.h"

#include <gtest/gtest.h>

namespace jumpgate::broker {
namespace {

constexpr uint64_t kMs = kNanosPerMilli;
constexpr uint64_t kStart = 1'000'000 * kMs;

TEST(Stalls, StandStillAfterHalfAPeriodAndThenOncePerPeriod) {
    Stalls stalls({.every_ms = 20'000, .for_ms = 1'000}, kStart);
    EXPECT_EQ(stalls.begin(kStart + 9'999 * kMs), 0U);
    EXPECT_EQ(stalls.begin(kStart + 10'000 * kMs), kStart + 11'000 * kMs);
    EXPECT_EQ(stalls.begin(kStart + 11'000 * kMs), 0U);
    EXPECT_EQ(stalls.begin(kStart + 30'003 * kMs), kStart + 31'000 * kMs) << "ends as planned";
}

TEST(Stalls, DoNotMakeUpForWhatWasMissed) {
    Stalls stalls({.every_ms = 1'000, .for_ms = 100}, kStart);
    EXPECT_NE(stalls.begin(kStart + 5'600 * kMs), 0U);
    EXPECT_EQ(stalls.begin(kStart + 5'700 * kMs), 0U);
    EXPECT_NE(stalls.begin(kStart + 6'500 * kMs), 0U);
}

TEST(Stalls, CutTheWaitThatWouldMissThem) {
    const Stalls stalls({.every_ms = 1'000, .for_ms = 100}, kStart);
    EXPECT_EQ(stalls.wait_ns(kStart, 100 * kMs), 100 * kMs);
    EXPECT_EQ(stalls.wait_ns(kStart + 470 * kMs, 100 * kMs), 30 * kMs);
    EXPECT_EQ(stalls.wait_ns(kStart + 501 * kMs, 100 * kMs), 0U);
}

TEST(Stalls, AreNoneWithoutAPlan) {
    Stalls stalls({}, kStart);
    EXPECT_EQ(stalls.begin(UINT64_MAX - 1), 0U);
    EXPECT_EQ(stalls.wait_ns(kStart, 100 * kMs), 100 * kMs);
}

}  // namespace
}  // namespace jumpgate::broker
