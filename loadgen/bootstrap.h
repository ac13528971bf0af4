// Bootstrap: how sure a median of few rounds is.
//
// Law: pure and seeded: the same values give the same interval. Percentile bootstrap (Efron, "The
// Jackknife, the Bootstrap and Other Resampling Plans", SIAM 1982): the middle 95 % of the medians
// of samples drawn with replacement. With fewer than 3 values it is their whole range.
#pragma once

#include <cstdint>
#include <span>

namespace jumpgate::load {

struct Estimate {
    double median = 0;
    double low = 0;  // of the 95 % interval
    double high = 0;
};

// The mean of the middle two where their number is even. REQUIRES: at least one value.
double median_of(std::span<const double> values);
// REQUIRES: at least one value.
Estimate bootstrap_median(std::span<const double> values, uint64_t seed);

}  // namespace jumpgate::load
