// TimeBuckets: which bucket a time falls into, and sums.
#include "core/base/time_buckets.h"

#include <gtest/gtest.h>

namespace jumpgate {
namespace {

TEST(TimeBuckets, CountsEachTimeOnceAndItsBoundAsBelow) {
    TimeBuckets times;
    for (size_t i = 0; i < TimeBuckets::kBoundsUs.size(); ++i) {
        const uint64_t bound = TimeBuckets::kBoundsUs[i];
        times.record(bound);
        EXPECT_EQ(times.counts[i], i == 0 ? 1U : 2U) << bound;
        times.record(bound + 1);
        EXPECT_EQ(times.counts[i + 1], 1U) << bound;
    }
    EXPECT_EQ(times.count(), 2 * TimeBuckets::kBoundsUs.size());
}

TEST(TimeBuckets, HasRoomForNothingAndForEverything) {
    TimeBuckets times;
    times.record(0);
    times.record(1ULL << 40U);
    EXPECT_EQ(times.counts.front(), 1U);
    EXPECT_EQ(times.counts.back(), 1U);
    EXPECT_EQ(times.sum_us, 1ULL << 40U);
}

TEST(TimeBuckets, AddsBucketByBucket) {
    TimeBuckets sum;
    TimeBuckets times;
    times.record(600);
    times.record(3'000'000);
    sum.add(times);
    sum.add(times);
    EXPECT_EQ(sum.counts[1], 2U);
    EXPECT_EQ(sum.count(), 4U);
    EXPECT_EQ(sum.sum_us, 2U * 3'000'600U);
}

}  // namespace
}  // namespace jumpgate
