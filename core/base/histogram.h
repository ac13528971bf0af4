// Histogram: latencies in microseconds, 0 to one hour, to 3 significant digits.
//
// Law: 184 KiB whatever is recorded; nothing is allocated after construction; merging loses
// nothing. The layout is HdrHistogram's with 3 digits and unit 1 (Gil Tene, hdrhistogram.org), so
// that its tools can read exported counts. Not thread-safe: one per thread, merged when asked.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

namespace jumpgate {

class Histogram {
  public:
    // Values above are counted as this one, and by saturated().
    static constexpr uint64_t kValueMaxUs = 3'600'000'000;

    // Values below kFine keep every microsecond; above, each doubling is cut into kFine / 2 equal
    // steps, so that a step is at most 1 / 1,024 of its values.
    static constexpr uint64_t kFine = 2'048;
    static constexpr uint64_t kDoublings = 21;  // 2,048 * 2^21 > kValueMaxUs
    static constexpr size_t kCounts = kFine + kDoublings * (kFine / 2);

    // Values that the layout does not tell apart, both ends included, and how many were recorded.
    struct Bucket {
        uint64_t lowest_us;
        uint64_t highest_us;
        uint64_t count;
    };

    // What counts_ rounds: kept beside them wherever a histogram is written down.
    struct Exact {
        uint64_t min_us;
        uint64_t max_us;
        uint64_t sum_us;
        uint64_t saturated;
    };

    Histogram() : counts_(kCounts) {}

    void record(uint64_t value_us) { record_n(value_us, 1); }
    void record_n(uint64_t value_us, uint64_t n);
    void merge(const Histogram& other);
    void reset();

    uint64_t count() const { return count_; }
    uint64_t saturated() const { return saturated_; }

    // Exact, not rounded to buckets; 0 where nothing was recorded. The sum behind the mean holds
    // 5 * 10^9 values of an hour each.
    uint64_t min_us() const { return count_ == 0 ? 0 : min_us_; }
    uint64_t max_us() const { return max_us_; }
    double mean_us() const;
    double standard_deviation_us() const;  // of the buckets' middles
    Exact exact() const { return {min_us(), max_us_, sum_us_, saturated_}; }
    // Puts exact figures in the place of those that record_n() took from bucket ends. False, and
    // nothing done, where no recorded values can have them.
    bool restore(const Exact& exact);

    // The least value that `percent` (0 to 100) of all recorded values do not exceed, rounded up to
    // its bucket's end but never past max_us(). 0 where nothing was recorded.
    uint64_t percentile_us(double percent) const;

    // Calls `visit(Bucket)` for each bucket that is not empty, from low to high.
    template <class Visit>
    void for_each_bucket(Visit visit) const {
        for (size_t i = 0; i < kCounts; ++i)
            if (counts_[i] != 0) visit(bucket(i));
    }

    // HdrHistogram's countsArrayIndex(), 0 to kCounts - 1. REQUIRES value_us <= kValueMaxUs.
    static size_t index_of(uint64_t value_us);
    // REQUIRES index < kCounts.
    Bucket bucket(size_t index) const;

  private:
    std::vector<uint64_t> counts_;
    uint64_t count_ = 0;
    uint64_t saturated_ = 0;
    uint64_t sum_us_ = 0;
    uint64_t min_us_ = UINT64_MAX;
    uint64_t max_us_ = 0;
};

}  // namespace jumpgate
