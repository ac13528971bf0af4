#include "loadgen/bootstrap.h"

#include <gtest/gtest.h>

#include <vector>

#include "core/base/rng.h"

namespace jumpgate::load {
namespace {

TEST(Bootstrap, TakesTheMiddleOne) {
    EXPECT_EQ(median_of(std::vector<double>{3, 1, 2}), 2);
    EXPECT_EQ(median_of(std::vector<double>{4, 1, 2, 3}), 2.5);
    EXPECT_EQ(median_of(std::vector<double>{7}), 7);
}

TEST(Bootstrap, OfFewValuesIsNoInterval) {
    const std::vector<double> values = {2, 1, 3, 5, 4};
    for (size_t count = 0; count < values.size(); ++count)
        EXPECT_FALSE(median_interval(std::span(values).first(count), 1)) << count;
    const Interval interval = *median_interval(values, 1);
    EXPECT_EQ(interval.low, 1);
    EXPECT_EQ(interval.high, 5);
}

TEST(Bootstrap, IsCertainWhereAllRoundsAgree) {
    const Interval interval = *median_interval(std::vector<double>(9, 1.25), 1);
    EXPECT_EQ(interval.low, 1.25);
    EXPECT_EQ(interval.high, 1.25);
}

TEST(Bootstrap, HoldsTheMedianAndIsTheSameEachTime) {
    const std::vector<double> values = {0.9, 1.1, 1.0, 1.3, 0.8, 1.05, 1.02};
    const Interval one = *median_interval(values, 7);
    const Interval two = *median_interval(values, 7);
    EXPECT_EQ(one.low, two.low);
    EXPECT_EQ(one.high, two.high);
    EXPECT_LE(one.low, median_of(values));
    EXPECT_GE(one.high, median_of(values));
    EXPECT_GE(one.low, 0.8);
    EXPECT_LE(one.high, 1.3);
}

// Of 400 sets drawn from a known distribution, about 95 % of intervals must hold its median.
TEST(Bootstrap, CoversTheTrueMedianAboutAsOftenAsItSays) {
    Rng rng(3);
    int covered = 0;
    for (int set = 0; set < 400; ++set) {
        std::vector<double> values(15);
        for (double& value : values) value = rng.fraction();
        const Interval interval = *median_interval(values, static_cast<uint64_t>(set));
        covered += interval.low <= 0.5 && 0.5 <= interval.high ? 1 : 0;
    }
    EXPECT_GE(covered, 360);
    EXPECT_LT(covered, 400);
}

}  // namespace
}  // namespace jumpgate::load
