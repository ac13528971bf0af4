#include "loadgen/rate_curve.h"

#include <gtest/gtest.h>

#include <cmath>

#include "core/base/time.h"

namespace jumpgate::load {
namespace {

constexpr uint64_t kSecond = kNanosPerSecond;

TEST(RateCurve, AConstantRateIsEvenlySpaced) {
    for (const double rate : {10.0, 1'500.0, 9'999.0, 1e6}) {
        const RateCurve curve({{0, rate}});
        for (const double n : {0.0, 1.0, 2.0, 999'999.0}) {
            EXPECT_EQ(curve.due_ns(n), static_cast<uint64_t>(std::llround(n / rate * 1e9)));
        }
    }
}

TEST(RateCurve, TheAreaUpToTheTimeOfAnEventIsItsNumber) {
    const RateCurve curve({{0, 100},
                           {10 * kSecond, 1'000},
                           {20 * kSecond, 1'000},
                           {25 * kSecond, 0},
                           {30 * kSecond, 0},
                           {30 * kSecond, 500}});
    uint64_t last_ns = 0;
    for (double n = 0; n < 30'000; n += 7) {
        const uint64_t due_ns = curve.due_ns(n);
        ASSERT_NEAR(curve.events(due_ns), n, 1e-4) << n;
        ASSERT_GE(due_ns, last_ns);
        // Nothing is due while the rate is 0.
        ASSERT_FALSE(due_ns > 25 * kSecond && due_ns < 30 * kSecond) << n;
        last_ns = due_ns;
    }
    EXPECT_DOUBLE_EQ(curve.events(10 * kSecond), 5'500);
    EXPECT_DOUBLE_EQ(curve.events(20 * kSecond), 15'500);
    EXPECT_DOUBLE_EQ(curve.events(27 * kSecond), 18'000);
    EXPECT_DOUBLE_EQ(curve.events(32 * kSecond), 19'000);
}

TEST(RateCurve, RampsFromNothingToTheFullRateAndStaysThere) {
    const RateCurve curve = RateCurve::ramp(30 * kSecond, 2'000);
    EXPECT_EQ(curve.due_ns(0), 0U);
    EXPECT_NEAR(curve.events(15 * kSecond), 7'500, 1e-6);  // a quarter of 30 s * 2,000 / s
    EXPECT_NEAR(curve.events(30 * kSecond), 30'000, 1e-6);
    EXPECT_NEAR(curve.events(31 * kSecond), 32'000, 1e-6);
    EXPECT_EQ(curve.due_ns(34'000), 32 * kSecond);
}

TEST(RateCurve, WhereTheRateEndsAtNothingTheRestIsNeverDue) {
    const RateCurve curve({{0, 10}, {10 * kSecond, 0}});
    EXPECT_LE(curve.due_ns(49.9), 10 * kSecond);
    EXPECT_EQ(curve.due_ns(50.1), UINT64_MAX);
    EXPECT_EQ(RateCurve({{0, 0}}).due_ns(1), UINT64_MAX);
    EXPECT_EQ(RateCurve({{0, 0}}).due_ns(0), 0U);
}

TEST(RateCurve, BeforeItsFirstPointTheRateIsThatOfThePoint) {
    const RateCurve curve({{5 * kSecond, 100}, {5 * kSecond, 300}});
    EXPECT_EQ(curve.due_ns(250), 2'500 * kNanosPerMilli);
    EXPECT_EQ(curve.due_ns(800), 6 * kSecond);
}

TEST(RateCurve, RefusesPointsOutOfOrder) {
    EXPECT_DEATH(RateCurve({{2, 1}, {1, 1}}), "");
    EXPECT_DEATH(RateCurve(std::vector<RatePoint>()), "");
}

}  // namespace
}  // namespace jumpgate::load
