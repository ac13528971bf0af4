#include "loadgen/ranges.h"

#include <gtest/gtest.h>

#include <set>

#include "core/base/rng.h"

namespace jumpgate::load {
namespace {

constexpr uint64_t kUniverse = 60;

std::set<uint64_t> members(const Ranges& ranges) {
    std::set<uint64_t> found;
    for (uint64_t n = 0; n < kUniverse; ++n) {
        Ranges one;
        one.add(n, n + 1);
        if (ranges.overlap(one) == 1) found.insert(n);
    }
    return found;
}

TEST(Ranges, MergesWhatTouches) {
    Ranges ranges;
    ranges.add(0, 2);
    ranges.add(4, 6);
    EXPECT_EQ(ranges.pieces(), 2U);
    ranges.add(2, 4);
    EXPECT_EQ(ranges.pieces(), 1U);
    EXPECT_EQ(ranges.size(), 6U);
    ranges.add(9, 9);
    EXPECT_EQ(ranges.pieces(), 1U);
}

TEST(Ranges, TakesANumberOnce) {
    Ranges ranges;
    ranges.add(3, 6);
    EXPECT_TRUE(ranges.take(4));
    EXPECT_FALSE(ranges.take(4));
    EXPECT_EQ(ranges.pieces(), 2U);
    EXPECT_TRUE(ranges.take(3));
    EXPECT_TRUE(ranges.take(5));
    EXPECT_EQ(ranges.pieces(), 0U);
    EXPECT_FALSE(ranges.take(3));
}

// Every operation against std::set, in random order.
TEST(Ranges, BehavesLikeASet) {
    Rng rng(11);
    for (int round = 0; round < 300; ++round) {
        Ranges a;
        Ranges b;
        std::set<uint64_t> in_a;
        std::set<uint64_t> in_b;
        for (int step = 0; step < 12; ++step) {
            const uint64_t from = rng.below(kUniverse);
            const uint64_t to = std::min(kUniverse, from + rng.below(9));
            const bool to_a = rng.below(2) == 0;
            (to_a ? a : b).add(from, to);
            for (uint64_t n = from; n < to; ++n) (to_a ? in_a : in_b).insert(n);
            const uint64_t taken = rng.below(kUniverse);
            EXPECT_EQ(a.take(taken), in_a.erase(taken) == 1);
        }
        ASSERT_EQ(members(a), in_a);
        std::set<uint64_t> rest = in_a;
        for (const uint64_t n : in_b) rest.erase(n);
        ASSERT_EQ(members(a.without(b)), rest);
        ASSERT_EQ(a.overlap(b), in_a.size() - rest.size());
        ASSERT_EQ(a.size(), in_a.size());
    }
}

TEST(Ranges, KnowsTheRunBeforeANumber) {
    Ranges ranges;
    ranges.add(2, 5);
    ranges.add(7, 8);
    EXPECT_EQ(ranges.run_before(0), 0U);
    EXPECT_EQ(ranges.run_before(2), 2U);
    EXPECT_EQ(ranges.run_before(4), 2U);
    EXPECT_EQ(ranges.run_before(5), 2U);
    EXPECT_EQ(ranges.run_before(6), 6U);
    EXPECT_EQ(ranges.run_before(8), 7U);
    EXPECT_EQ(ranges.run_before(9), 9U);
}

TEST(Ranges, AddsAWholeSet) {
    Ranges ranges;
    ranges.add(0, 2);
    Ranges other;
    other.add(1, 4);
    other.add(6, 7);
    ranges.add(other);
    EXPECT_EQ(ranges.size(), 5U);
    EXPECT_EQ(ranges.pieces(), 2U);
}

}  // namespace
}  // namespace jumpgate::load
