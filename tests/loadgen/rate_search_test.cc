#include "loadgen/rate_search.h"

#include <gtest/gtest.h>

namespace jumpgate::load {
namespace {

// Searches a target that holds every rate up to `limit`; the number of steps.
int search(RateSearch& rates, double limit) {
    int steps = 0;
    while (const std::optional<double> rate = rates.next()) {
        rates.tried(*rate <= limit);
        if (++steps > 1'000) break;
    }
    return steps;
}

TEST(RateSearch, FindsTheLimitWithinItsPrecision) {
    for (const double limit : {100.0, 101.0, 999.0, 12'345.0, 70'000.0}) {
        RateSearch rates(100, 1'000'000, 0.05);
        EXPECT_LE(search(rates, limit), 30) << limit;
        ASSERT_TRUE(rates.best() && rates.failed()) << limit;
        EXPECT_LE(*rates.best(), limit);
        EXPECT_GT(*rates.failed(), limit);
        EXPECT_LT(*rates.failed() / *rates.best(), 1.05);
    }
}

TEST(RateSearch, StopsWhereTheLowestFails) {
    RateSearch rates(100, 1'000, 0.1);
    EXPECT_EQ(search(rates, 99), 1);
    EXPECT_FALSE(rates.best());
}

TEST(RateSearch, TriesTheHighestAndNothingAbove) {
    RateSearch rates(100, 1'000, 0.1);
    EXPECT_EQ(search(rates, 1e9), 5);  // 100, 200, 400, 800, 1000
    EXPECT_EQ(rates.best(), 1'000);
    EXPECT_FALSE(rates.failed());
}

}  // namespace
}  // namespace jumpgate::load
