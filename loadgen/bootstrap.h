// Bootstrap: how sure a median of few rounds is.
//
// Law: pure and seeded: the same values give the same interval. Percentile bootstrap (Efron, "The
// Jackknife, the Bootstrap and Other Resampling Plans", SIAM 1982): the middle 95 % of the medians
// of samples drawn with replacement. Few values say nothing of that kind: of n values the median
// lies outside of all of them with a probability of 2^(1-n), and of four that is 12 %.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>

namespace jumpgate::load {

// Fewer have no interval.
inline constexpr size_t kIntervalValuesMin = 5;

struct Interval {
    double low = 0;
    double high = 0;
};

// The mean of the middle two where their number is even. REQUIRES: at least one value.
double median_of(std::span<const double> values);
// Of 95 %. Nothing: there are fewer than kIntervalValuesMin.
std::optional<Interval> median_interval(std::span<const double> values, uint64_t seed);

}  // namespace jumpgate::load
