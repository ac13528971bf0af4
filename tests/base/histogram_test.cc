#include "core/base/histogram.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <vector>

#include "core/base/rng.h"

namespace jumpgate {
namespace {

// Log-uniform over 1 us to 1 h: every doubling gets values.
std::vector<uint64_t> latencies(int n, uint64_t seed) {
    Rng rng(seed);
    std::vector<uint64_t> values;
    for (int i = 0; i < n; ++i)
        values.push_back(static_cast<uint64_t>(std::exp2(rng.fraction() * 31.7)));
    return values;
}

Histogram histogram_of(const std::vector<uint64_t>& values) {
    Histogram histogram;
    for (const uint64_t value : values) histogram.record(value);
    return histogram;
}

std::vector<Histogram::Bucket> buckets(const Histogram& histogram) {
    std::vector<Histogram::Bucket> all;
    histogram.for_each_bucket([&](const Histogram::Bucket& bucket) { all.push_back(bucket); });
    return all;
}

TEST(Histogram, AnswersZeroWhileEmpty) {
    const Histogram histogram;
    EXPECT_EQ(histogram.count(), 0u);
    EXPECT_EQ(histogram.min_us(), 0u);
    EXPECT_EQ(histogram.max_us(), 0u);
    EXPECT_EQ(histogram.mean_us(), 0);
    EXPECT_EQ(histogram.percentile_us(99), 0u);
    EXPECT_TRUE(buckets(histogram).empty());
}

TEST(Histogram, PutsEveryValueIntoABucketThreeDigitsWide) {
    std::vector<uint64_t> values = latencies(20'000, 1);
    for (int bit = 0; bit < 32; ++bit)  // both sides of every border
        for (const int64_t offset : {-1, 0, 1})
            values.push_back((uint64_t{1} << bit) + static_cast<uint64_t>(offset));
    values.push_back(Histogram::kValueMaxUs);
    for (const uint64_t value : values) {
        if (value > Histogram::kValueMaxUs) continue;
        Histogram histogram;
        histogram.record(value);
        const std::vector<Histogram::Bucket> all = buckets(histogram);
        ASSERT_EQ(all.size(), 1u);
        EXPECT_LE(all[0].lowest_us, value);
        EXPECT_GE(all[0].highest_us, value);
        const uint64_t width = all[0].highest_us - all[0].lowest_us + 1;
        EXPECT_LE(width, std::max<uint64_t>(1, value / 1'000)) << value;
        EXPECT_EQ(width == 1, value < Histogram::kFine) << value;
    }
}

TEST(Histogram, BucketsTileTheRangeWithoutGapOrOverlap) {
    Histogram histogram;  // one value for each step of each doubling, so no bucket stays empty
    for (uint64_t value = 0; value < 2'048; ++value) histogram.record(value);
    for (uint64_t step = 2; 1'024 * step <= Histogram::kValueMaxUs; step *= 2)
        for (uint64_t i = 1'024; i < 2'048; ++i)
            if (i * step <= Histogram::kValueMaxUs) histogram.record(i * step);
    uint64_t next = 0;
    for (const Histogram::Bucket& bucket : buckets(histogram)) {
        ASSERT_EQ(bucket.lowest_us, next);
        ASSERT_EQ(bucket.count, 1u);
        next = bucket.highest_us + 1;
    }
    EXPECT_GT(next, Histogram::kValueMaxUs);
}

TEST(Histogram, AgreesWithSortedValuesAtEveryPercentile) {
    std::vector<uint64_t> values = latencies(9'999, 2);
    const Histogram histogram = histogram_of(values);
    std::ranges::sort(values);
    EXPECT_EQ(histogram.min_us(), values.front());
    EXPECT_EQ(histogram.max_us(), values.back());
    double sum = 0;
    for (const uint64_t value : values) sum += static_cast<double>(value);
    EXPECT_DOUBLE_EQ(histogram.mean_us(), sum / 9'999);
    for (const double percent : {0.0, 1.0, 10.0, 50.0, 75.0, 90.0, 99.0, 99.9, 99.99, 100.0}) {
        const double rank = std::max(1.0, std::ceil(percent / 100 * 9'999 - 1e-6));
        const uint64_t exact = values[static_cast<size_t>(rank) - 1];
        const uint64_t answer = histogram.percentile_us(percent);
        EXPECT_GE(answer, exact) << percent;
        EXPECT_LE(answer, exact + exact / 1'000) << percent;
    }
}

TEST(Histogram, CountsRanksExactly) {
    Histogram histogram;  // 1 to 1,000 us, each once: the percentile is the rank
    for (uint64_t value = 1; value <= 1'000; ++value) histogram.record(value);
    EXPECT_EQ(histogram.percentile_us(0), 1u);
    EXPECT_EQ(histogram.percentile_us(0.1), 1u);
    EXPECT_EQ(histogram.percentile_us(50), 500u);
    EXPECT_EQ(histogram.percentile_us(99), 990u);
    EXPECT_EQ(histogram.percentile_us(99.9), 999u);
    EXPECT_EQ(histogram.percentile_us(99.91), 1'000u);
    EXPECT_EQ(histogram.percentile_us(100), 1'000u);
}

TEST(Histogram, NeverReportsMoreThanWasSeen) {
    Histogram histogram;
    histogram.record(1'000'001);
    EXPECT_EQ(histogram.percentile_us(50), 1'000'001u);
    EXPECT_EQ(histogram.percentile_us(100), 1'000'001u);
}

TEST(Histogram, MergesExactly) {
    const std::vector<uint64_t> left = latencies(5'000, 3);
    const std::vector<uint64_t> right = latencies(7'000, 4);
    std::vector<uint64_t> both = left;
    both.insert(both.end(), right.begin(), right.end());
    const Histogram expected = histogram_of(both);
    Histogram merged = histogram_of(left);
    merged.merge(histogram_of(right));
    merged.merge(Histogram());

    EXPECT_EQ(merged.count(), expected.count());
    EXPECT_EQ(merged.min_us(), expected.min_us());
    EXPECT_EQ(merged.max_us(), expected.max_us());
    EXPECT_DOUBLE_EQ(merged.mean_us(), expected.mean_us());
    const std::vector<Histogram::Bucket> a = buckets(merged), b = buckets(expected);
    ASSERT_EQ(a.size(), b.size());
    for (size_t i = 0; i < a.size(); ++i) {
        EXPECT_EQ(a[i].lowest_us, b[i].lowest_us);
        EXPECT_EQ(a[i].count, b[i].count);
    }
}

TEST(Histogram, RecordsManyAtOnceLikeOneByOne) {
    Histogram histogram;
    histogram.record_n(70, 3);
    histogram.record_n(5'000, 0);
    histogram.record(10);
    EXPECT_EQ(histogram.count(), 4u);
    EXPECT_EQ(histogram.min_us(), 10u);
    EXPECT_EQ(histogram.max_us(), 70u);
    EXPECT_DOUBLE_EQ(histogram.mean_us(), 55);
    EXPECT_EQ(histogram.percentile_us(26), 70u);
}

TEST(Histogram, SpreadsAroundTheMean) {
    Histogram histogram;
    EXPECT_EQ(histogram.standard_deviation_us(), 0);
    for (const uint64_t value : {2, 4, 4, 4, 5, 5, 7, 9}) histogram.record(value);
    EXPECT_DOUBLE_EQ(histogram.standard_deviation_us(), 2);
}

TEST(Histogram, TakesBackTheFiguresThatBucketsRound) {
    const Histogram original = histogram_of({5'001, 1'000'001, 2'000'003});
    Histogram read;
    original.for_each_bucket([&](const auto& b) { read.record_n(b.lowest_us, b.count); });
    EXPECT_NE(read.max_us(), original.max_us());
    ASSERT_TRUE(read.restore(original.exact()));
    EXPECT_EQ(read.min_us(), 5'001u);
    EXPECT_EQ(read.max_us(), 2'000'003u);
    EXPECT_DOUBLE_EQ(read.mean_us(), original.mean_us());
}

TEST(Histogram, RefusesFiguresThatItsValuesCannotHave) {
    const Histogram original = histogram_of({5'001, 1'000'001});
    const Histogram::Exact right = original.exact();
    for (const Histogram::Exact& wrong : {
             Histogram::Exact{5'000'000, right.max_us, right.sum_us, 0},
             Histogram::Exact{right.min_us, 1'100'000, right.sum_us, 0},
             Histogram::Exact{right.min_us, UINT64_MAX, right.sum_us, 0},
             Histogram::Exact{right.max_us, right.min_us, right.sum_us, 0},
             Histogram::Exact{right.min_us, right.max_us, 3, 0},
             Histogram::Exact{right.min_us, right.max_us, UINT64_MAX, 0},
             Histogram::Exact{right.min_us, right.max_us, right.sum_us, 3},
         }) {
        Histogram copy = original;
        EXPECT_FALSE(copy.restore(wrong));
        EXPECT_EQ(copy.exact().sum_us, right.sum_us);
    }
    EXPECT_TRUE(Histogram().restore({0, 0, 0, 0}));
    EXPECT_FALSE(Histogram().restore({1, 1, 1, 0}));
}

TEST(Histogram, CountsValuesBeyondAnHourAsAnHour) {
    Histogram histogram;
    histogram.record(Histogram::kValueMaxUs);
    EXPECT_EQ(histogram.saturated(), 0u);
    histogram.record_n(Histogram::kValueMaxUs + 1, 2);
    histogram.record(UINT64_MAX);
    EXPECT_EQ(histogram.saturated(), 3u);
    EXPECT_EQ(histogram.count(), 4u);
    EXPECT_EQ(histogram.max_us(), Histogram::kValueMaxUs);
    EXPECT_EQ(buckets(histogram).size(), 1u);
}

TEST(Histogram, ForgetsEverythingOnReset) {
    Histogram histogram = histogram_of(latencies(100, 5));
    histogram.record(UINT64_MAX);
    histogram.reset();
    EXPECT_EQ(histogram.count(), 0u);
    EXPECT_EQ(histogram.saturated(), 0u);
    EXPECT_TRUE(buckets(histogram).empty());
    histogram.record(9);
    EXPECT_EQ(histogram.min_us(), 9u);
    EXPECT_EQ(histogram.max_us(), 9u);
    EXPECT_DOUBLE_EQ(histogram.mean_us(), 9);
}

TEST(Histogram, StaysWithinItsStatedMemory) {
    EXPECT_LE(Histogram::kCounts * sizeof(uint64_t) + sizeof(Histogram), 185u * 1'024);
}

TEST(HistogramDeathTest, RefusesPercentilesOutsideOfZeroToHundred) {
    const Histogram histogram;
    EXPECT_DEATH(histogram.percentile_us(-1), "broken invariant");
    EXPECT_DEATH(histogram.percentile_us(100.1), "broken invariant");
    EXPECT_DEATH(histogram.percentile_us(NAN), "broken invariant");
}

}  // namespace
}  // namespace jumpgate
