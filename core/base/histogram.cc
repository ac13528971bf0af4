#include "core/base/histogram.h"

#include <algorithm>
#include <bit>
#include <cmath>

#include "core/base/check.h"

namespace jumpgate {

static_assert((Histogram::kFine << Histogram::kDoublings) > Histogram::kValueMaxUs);

// How often `value_us` must be halved to fall below kFine; then its 11 leading bits are the step.
size_t Histogram::index_of(uint64_t value_us) {
    const auto doubling =
        static_cast<size_t>(std::bit_width(value_us | (kFine - 1)) - std::bit_width(kFine - 1));
    return doubling * (kFine / 2) + static_cast<size_t>(value_us >> doubling);
}

Histogram::Bucket Histogram::bucket(size_t index) const {
    const size_t doubling = index < kFine ? 0 : index / (kFine / 2) - 1;
    const uint64_t step = index - doubling * (kFine / 2);
    const uint64_t lowest = step << doubling;
    return {lowest, lowest + (uint64_t{1} << doubling) - 1, counts_[index]};
}

void Histogram::record_n(uint64_t value_us, uint64_t n) {
    if (n == 0) return;
    if (value_us > kValueMaxUs) saturated_ += n;
    const uint64_t value = std::min(value_us, kValueMaxUs);
    counts_[index_of(value)] += n;
    count_ += n;
    sum_us_ += value * n;
    min_us_ = std::min(min_us_, value);
    max_us_ = std::max(max_us_, value);
}

void Histogram::merge(const Histogram& other) {
    for (size_t i = 0; i < kCounts; ++i) counts_[i] += other.counts_[i];
    count_ += other.count_;
    saturated_ += other.saturated_;
    sum_us_ += other.sum_us_;
    min_us_ = std::min(min_us_, other.min_us_);
    max_us_ = std::max(max_us_, other.max_us_);
}

void Histogram::reset() {
    std::fill(counts_.begin(), counts_.end(), 0);
    count_ = saturated_ = sum_us_ = max_us_ = 0;
    min_us_ = UINT64_MAX;
}

double Histogram::mean_us() const {
    return count_ == 0 ? 0 : static_cast<double>(sum_us_) / static_cast<double>(count_);
}

double Histogram::standard_deviation_us() const {
    if (count_ == 0) return 0;
    const double mean = mean_us();
    double squares = 0;
    for_each_bucket([&](const Bucket& bucket) {
        const uint64_t width_us = bucket.highest_us - bucket.lowest_us + 1;
        const double off = static_cast<double>(bucket.lowest_us + width_us / 2) - mean;
        squares += off * off * static_cast<double>(bucket.count);
    });
    return std::sqrt(squares / static_cast<double>(count_));
}

bool Histogram::restore(const Exact& exact) {
    if (count_ == 0) return exact.max_us == 0 && exact.sum_us == 0 && exact.saturated == 0;
    const bool fits = exact.max_us <= kValueMaxUs && exact.min_us <= exact.max_us &&
                      index_of(exact.min_us) == index_of(min_us_) &&
                      index_of(exact.max_us) == index_of(max_us_) && exact.saturated <= count_ &&
                      exact.sum_us / count_ >= exact.min_us &&
                      exact.sum_us / count_ <= exact.max_us;
    if (!fits) return false;
    min_us_ = exact.min_us;
    max_us_ = exact.max_us;
    sum_us_ = exact.sum_us;
    saturated_ = exact.saturated;
    return true;
}

uint64_t Histogram::percentile_us(double percent) const {
    CHECK(percent >= 0 && percent <= 100);
    if (count_ == 0) return 0;
    // Multiplied before divided: 99.9 / 100 * 1,000 is above 999 in doubles and would ask for rank
    // 1,000.
    const double rank = percent * static_cast<double>(count_) / 100;
    const uint64_t wanted = std::clamp<uint64_t>(static_cast<uint64_t>(std::ceil(rank)), 1, count_);
    if (wanted == count_) return max_us_;
    uint64_t seen = 0;
    for (size_t i = 0; i < kCounts; ++i) {
        seen += counts_[i];
        if (seen >= wanted) return std::min(bucket(i).highest_us, max_us_);
    }
    return max_us_;
}

}  // namespace jumpgate
