// RateSearch: which rate to try next.
//
// Law: pure. Doubling from the lowest rate until one fails or the highest held; then the geometric
// middle of the gap, until its ends differ by less than the precision. It ends: each step halves
// the logarithm of the gap.
#pragma once

#include <cstdint>
#include <optional>

namespace jumpgate::load {

class RateSearch {
  public:
    // Messages per second, 1 <= lowest <= highest; `precision`: 0.05 for 5 %, above 0.
    RateSearch(double lowest, double highest, double precision);

    // Nothing: it is over.
    std::optional<double> next() const;
    // How the rate that next() gave has fared.
    void tried(bool held);

    std::optional<double> best() const { return held_; }      // the highest that held
    std::optional<double> failed() const { return failed_; }  // the lowest that did not

  private:
    double lowest_;
    double highest_;
    double precision_;
    std::optional<double> held_;
    std::optional<double> failed_;
};

}  // namespace jumpgate::load
