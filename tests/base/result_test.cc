#include "core/base/result.h"

#include <gtest/gtest.h>

#include <cerrno>
#include <memory>
#include <string>

namespace jumpgate {
namespace {

Result<int> half(int n) {
    if (n % 2 != 0) return error_from_errno(EINVAL, Side::Internal);
    return n / 2;
}

TEST(Result, HoldsAValueOrAnError) {
    const Result<int> good = half(8);
    ASSERT_TRUE(good);
    EXPECT_EQ(*good, 4);
    const Result<int> bad = half(7);
    ASSERT_FALSE(bad);
    EXPECT_EQ(bad.error().code, ErrorCode::NotSupported);
    EXPECT_EQ(bad.error().sys, EINVAL);
}

TEST(Result, ReachesIntoItsValueAndLetsItMoveOut) {
    Result<std::string> word = std::string("broker");
    EXPECT_EQ(word->size(), 6u);
    word->push_back('s');
    EXPECT_EQ(*word, "brokers");
    Result<std::unique_ptr<int>> owned = std::make_unique<int>(5);
    const std::unique_ptr<int> taken = std::move(*owned);
    EXPECT_EQ(*taken, 5);
}

TEST(Status, IsGoodWithNothingToCarry) {
    const Status good = Unit{};
    EXPECT_TRUE(good);
    const Status bad = error_from_errno(ECONNRESET, Side::Downstream);
    EXPECT_FALSE(bad);
    EXPECT_EQ(bad.error().side, Side::Downstream);
}

TEST(ResultDeathTest, StopsWhereTheWrongSideIsRead) {
    EXPECT_DEATH(static_cast<void>(*half(7)), "broken invariant");
    EXPECT_DEATH(static_cast<void>(half(8).error()), "broken invariant");
}

}  // namespace
}  // namespace jumpgate
