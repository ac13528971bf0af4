#include "loadgen/bootstrap.h"

#include <algorithm>
#include <vector>

#include "core/base/check.h"
#include "core/base/rng.h"

namespace jumpgate::load {

static constexpr size_t kResamples = 4'000;

double median_of(std::span<const double> values) {
    CHECK(!values.empty());
    std::vector<double> sorted(values.begin(), values.end());
    std::ranges::sort(sorted);
    const size_t middle = sorted.size() / 2;
    return sorted.size() % 2 == 1 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2;
}

std::optional<Interval> median_interval(std::span<const double> values, uint64_t seed) {
    if (values.size() < kIntervalValuesMin) return std::nullopt;
    Rng rng(seed);
    std::vector<double> medians(kResamples);
    std::vector<double> drawn(values.size());
    for (double& one : medians) {
        for (double& value : drawn) value = values[rng.below(values.size())];
        one = median_of(drawn);
    }
    std::ranges::sort(medians);
    return Interval{medians[kResamples * 25 / 1'000], medians[kResamples * 975 / 1'000 - 1]};
}

}  // namespace jumpgate::load
