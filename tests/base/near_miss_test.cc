#include "core/base/near_miss.h"

#include <gtest/gtest.h>

#include <array>
#include <string>

namespace jumpgate {
namespace {

constexpr std::array<std::string_view, 4> kKnown = {"help", "threads", "pin-cpus", "theads"};

TEST(NearMiss, FindsTheNearestWord) {
    EXPECT_EQ(near_miss("thread", kKnown), "threads");
    EXPECT_EQ(near_miss("hlep", kKnown), "help");
    EXPECT_EQ(near_miss("pincpus", kKnown), "pin-cpus");
    EXPECT_EQ(near_miss("threads", kKnown), "threads");
    EXPECT_EQ(near_miss("THREAD", kKnown), "threads");
}

TEST(NearMiss, TakesTheFirstOfEquals) {
    constexpr std::array<std::string_view, 2> kTwins = {"abcx", "abcy"};
    EXPECT_EQ(near_miss("abc", kTwins), "abcx");
}

TEST(NearMiss, FindsNothingWhereMoreThanHalfDiffers) {
    EXPECT_EQ(near_miss("connections", kKnown), std::nullopt);
    EXPECT_EQ(near_miss("", kKnown), std::nullopt);
    EXPECT_EQ(near_miss("threads", {}), std::nullopt);
    EXPECT_EQ(near_miss(std::string(1'000'000, 'x'), kKnown), std::nullopt);
}

}  // namespace
}  // namespace jumpgate
