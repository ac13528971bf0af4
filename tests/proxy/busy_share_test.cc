#include "core/proxy/busy_share.h"

#include <gtest/gtest.h>

namespace jumpgate {
namespace {

constexpr uint64_t kSecond = kNanosPerSecond;

TEST(BusyShare, IsOfTheTimeBetweenTwoReadingsNotOfTheWholeLife) {
    BusyShare share;
    EXPECT_EQ(share.read(0, 1'000 * kSecond), 0.0);
    EXPECT_EQ(share.read(kSecond, 1'001 * kSecond), 1.0);
    EXPECT_EQ(share.read(kSecond, 1'005 * kSecond), 0.0);
    EXPECT_EQ(share.read(2 * kSecond, 1'009 * kSecond), 0.25);
}

TEST(BusyShare, StaysWhereReadingsFollowOneAnotherFast) {
    BusyShare share;
    EXPECT_EQ(share.read(kSecond / 10, kSecond / 5), 0.5);  // of a short life
    EXPECT_EQ(share.read(kSecond / 10, kSecond), 0.5);      // not a second later
    EXPECT_EQ(share.read(kSecond / 10, kSecond + kSecond / 5), 0.0);
    EXPECT_EQ(share.read(kSecond / 10, kSecond + kSecond / 5), 0.0);
}

TEST(BusyShare, OfAThreadWithoutALifeIsNothing) { EXPECT_EQ(BusyShare().read(0, 0), 0.0); }

}  // namespace
}  // namespace jumpgate
