#include "core/base/rng.h"

#include <gtest/gtest.h>

#include <vector>

namespace jumpgate {
namespace {

// From an independent transcription of Blackman and Vigna's description (Python integers).
TEST(Rng, KeepsItsPinnedSequence) {
    Rng rng(42);
    const uint64_t expected[] = {0x15780b2e0c2ec716, 0x6104d9866d113a7e, 0xae17533239e499a1,
                                 0xecb8ad4703b360a1};
    for (const uint64_t number : expected) EXPECT_EQ(rng.next(), number);
}

TEST(Rng, GivesEachSeedItsOwnSequence) {
    Rng a(1), b(1), c(2);
    bool differs = false;
    for (int i = 0; i < 100; ++i) {
        const uint64_t number = a.next();
        EXPECT_EQ(number, b.next());
        differs |= number != c.next();
    }
    EXPECT_TRUE(differs);
}

TEST(Rng, DrawsEveryNumberBelowNEquallyOften) {
    Rng rng(3);
    for (const uint64_t n : {1u, 2u, 3u, 10u, 17u}) {
        std::vector<int> count(n);
        for (int i = 0; i < 100'000; ++i) {
            const uint64_t drawn = rng.below(n);
            ASSERT_LT(drawn, n);
            ++count[drawn];
        }
        const double expected = 100'000.0 / static_cast<double>(n);
        double chi_square = 0;  // at most 16 degrees of freedom: 45 is once in 7,000 seeds
        for (const int c : count) chi_square += (c - expected) * (c - expected) / expected;
        EXPECT_LT(chi_square, 45) << n;
    }
}

TEST(Rng, DrawsWithoutBiasWhereNIsCloseTo2To64) {
    // With n = 3 * 2^62 a plain remainder would make the lowest third twice as likely.
    constexpr uint64_t kN = uint64_t{3} << 62;
    Rng rng(4);
    int low = 0;
    for (int i = 0; i < 30'000; ++i) low += rng.below(kN) < kN / 3;
    EXPECT_NEAR(low, 10'000, 330);  // four standard deviations
}

TEST(Rng, FractionStaysBelowOneAndFillsTheRange) {
    Rng rng(5);
    std::vector<int> count(10);
    double sum = 0;
    for (int i = 0; i < 100'000; ++i) {
        const double fraction = rng.fraction();
        ASSERT_GE(fraction, 0);
        ASSERT_LT(fraction, 1);
        ++count[static_cast<size_t>(fraction * 10)];
        sum += fraction;
    }
    EXPECT_NEAR(sum / 100'000, 0.5, 0.004);
    for (const int c : count) EXPECT_NEAR(c, 10'000, 400);
}

TEST(RngDeathTest, RefusesAnEmptyRange) {
    Rng rng(1);
    EXPECT_DEATH(rng.below(0), "broken invariant");
}

}  // namespace
}  // namespace jumpgate
