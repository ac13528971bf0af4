#include "loadgen/exact_share.h"

#include <gtest/gtest.h>

#include <vector>

namespace jumpgate {
namespace {

std::vector<bool> draw(ExactShare share, int count) {
    std::vector<bool> drawn;
    for (int i = 0; i < count; ++i) drawn.push_back(share.next());
    return drawn;
}

TEST(ExactShare, ChoosesExactlySoManyOfEachBlockAtAnySeed) {
    struct Case {
        uint32_t chosen;
        uint32_t of;
    };
    for (const auto [chosen, of] : {Case{10, 100}, {1, 7}, {0, 100}, {100, 100}, {1, 1}}) {
        for (uint64_t seed = 0; seed < 50; ++seed) {
            ExactShare share(chosen, of, seed);
            for (int block = 0; block < 5; ++block) {
                uint32_t hits = 0;
                for (uint32_t i = 0; i < of; ++i) hits += share.next() ? 1U : 0U;
                EXPECT_EQ(hits, chosen) << chosen << " of " << of << ", seed " << seed;
            }
        }
    }
}

TEST(ExactShare, FollowsItsSeed) {
    EXPECT_EQ(draw(ExactShare(10, 100, 1), 500), draw(ExactShare(10, 100, 1), 500));
    EXPECT_NE(draw(ExactShare(10, 100, 1), 500), draw(ExactShare(10, 100, 2), 500));
}

TEST(ExactShare, OfNoneIsNever) {
    EXPECT_EQ(draw(ExactShare(0, 0, 1), 100), std::vector<bool>(100, false));
}

}  // namespace
}  // namespace jumpgate
