#include "loadgen/rate_search.h"

#include <algorithm>
#include <cmath>

#include "core/base/check.h"

namespace jumpgate::load {

RateSearch::RateSearch(double lowest, double highest, double precision)
    : lowest_(lowest), highest_(highest), precision_(precision) {
    CHECK(lowest >= 1 && highest >= lowest && precision > 0);
}

std::optional<double> RateSearch::next() const {
    if (!held_) return failed_ ? std::nullopt : std::optional(lowest_);
    if (!failed_) {
        return *held_ >= highest_ ? std::nullopt : std::optional(std::min(*held_ * 2, highest_));
    }
    if (*failed_ / *held_ < 1 + precision_) return std::nullopt;
    return std::sqrt(*held_ * *failed_);
}

void RateSearch::tried(bool held) {
    const std::optional<double> rate = next();
    CHECK(rate);
    (held ? held_ : failed_) = rate;
}

}  // namespace jumpgate::load
