#include "loadgen/rate_curve.h"

#include <algorithm>
#include <cmath>

#include "core/base/check.h"
#include "core/base/time.h"

namespace jumpgate::load {

static double seconds(uint64_t ns) {
    return static_cast<double>(ns) / static_cast<double>(kNanosPerSecond);
}

RateCurve::RateCurve(std::vector<RatePoint> points) {
    CHECK(!points.empty());
    Leg next{0, 0, points.front().per_second, 0};
    for (size_t i = 0; i < points.size(); ++i) {
        const double end_s = seconds(points[i].at_ns);
        const double end_rate = points[i].per_second;
        const double length_s = end_s - next.begin_s;
        CHECK(length_s >= 0);
        if (length_s > 0) {
            next.slope = (end_rate - next.rate) / length_s;
            legs_.push_back(next);
            next.before += (next.rate + end_rate) / 2 * length_s;
        }
        next.begin_s = end_s;
        next.rate = end_rate;
        next.slope = 0;
    }
    legs_.push_back(next);
}

RateCurve RateCurve::ramp(uint64_t ramp_ns, double per_second) {
    return RateCurve({{0, 0}, {ramp_ns, per_second}});
}

uint64_t RateCurve::due_ns(double events) const {
    CHECK(!legs_.empty());
    // The first leg at whose end the area is reached: an event on the border belongs to the
    // earlier.
    const auto after = std::lower_bound(legs_.begin() + 1, legs_.end(), events,
                                        [](const Leg& leg, double x) { return leg.before < x; });
    const Leg& leg = *(after - 1);
    const double area = std::max(events - leg.before, 0.0);
    double within_s = 0;
    if (area > 0) {
        // slope/2 t^2 + rate t = area, in the form that does not cancel for a small slope.
        const double root = std::sqrt(std::max(leg.rate * leg.rate + 2 * leg.slope * area, 0.0));
        if (leg.rate + root <= 0) return UINT64_MAX;
        within_s = 2 * area / (leg.rate + root);
    }
    const double due_s = leg.begin_s + within_s;
    constexpr double kNever = 1e10;  // three hundred years: beyond the nanoseconds of 64 bits
    if (due_s >= kNever) return UINT64_MAX;
    return static_cast<uint64_t>(std::llround(due_s * static_cast<double>(kNanosPerSecond)));
}

double RateCurve::events(uint64_t at_ns) const {
    CHECK(!legs_.empty());
    const double at_s = seconds(at_ns);
    const auto after = std::upper_bound(legs_.begin() + 1, legs_.end(), at_s,
                                        [](double s, const Leg& leg) { return s < leg.begin_s; });
    const Leg& leg = *(after - 1);
    const double within_s = at_s - leg.begin_s;
    return leg.before + leg.rate * within_s + leg.slope / 2 * within_s * within_s;
}

}  // namespace jumpgate::load
