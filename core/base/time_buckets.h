// TimeBuckets: how often something took how long, in the fixed buckets of a Prometheus histogram.
//
// Law: 128 bytes whatever is recorded; each value is in exactly one bucket (an exporter sums them
// up); adding loses nothing. For exact percentiles there is Histogram.
#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>

namespace jumpgate {

struct TimeBuckets {
    // Upper bounds, inclusive: 0.5 ms to 10 s. Behind the last one is a bucket for all above.
    static constexpr std::array<uint64_t, 14> kBoundsUs = {
        500,     1'000,   2'500,   5'000,     10'000,    25'000,    50'000,
        100'000, 250'000, 500'000, 1'000'000, 2'500'000, 5'000'000, 10'000'000};

    std::array<uint64_t, kBoundsUs.size() + 1> counts{};
    uint64_t sum_us = 0;

    void record(uint64_t us) {
        const auto bound = std::lower_bound(kBoundsUs.begin(), kBoundsUs.end(), us);
        counts[static_cast<size_t>(bound - kBoundsUs.begin())]++;
        sum_us += us;
    }
    void add(const TimeBuckets& other) {
        for (size_t i = 0; i < counts.size(); ++i) counts[i] += other.counts[i];
        sum_us += other.sum_us;
    }
    uint64_t count() const {
        uint64_t sum = 0;
        for (const uint64_t in_bucket : counts) sum += in_bucket;
        return sum;
    }
};
static_assert(sizeof(TimeBuckets) == 128);

}  // namespace jumpgate
