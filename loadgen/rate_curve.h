// RateCurve: a rate that changes over time, piecewise linear, and when its n-th event is due.
//
// Law: event x is due when the area under the curve reaches x, so the delivered rate follows the
// curve within one event at every moment, and the time of an event depends on nothing but its
// number. Before the first point and after the last the rate stays as it is there; two points at
// one time are a step. Pure. Times are exact to a few nanoseconds over a year.
#pragma once

#include <cstdint>
#include <vector>

namespace jumpgate::load {

struct RatePoint {
    uint64_t at_ns;
    double per_second;  // 0 or more
};

class RateCurve {
  public:
    RateCurve() = default;
    // CHECK: at least one point, times in order.
    explicit RateCurve(std::vector<RatePoint> points);
    // From 0 to `per_second` over `ramp_ns`, and on at that.
    static RateCurve ramp(uint64_t ramp_ns, double per_second);

    bool empty() const { return legs_.empty(); }
    // When the area reaches `events`; UINT64_MAX where the rate has ended at 0 before.
    uint64_t due_ns(double events) const;
    // The area up to `at_ns`.
    double events(uint64_t at_ns) const;

  private:
    // The last one has no end.
    struct Leg {
        double begin_s;
        double before;  // events up to `begin_s`
        double rate;    // at `begin_s`
        double slope;   // per second, each second
    };
    std::vector<Leg> legs_;
};

}  // namespace jumpgate::load
