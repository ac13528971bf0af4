#include "core/proxy/health_outcome.h"

#include <algorithm>
#include <utility>

#include "core/base/check.h"

namespace jumpgate {

Standing::Place Standing::judged(bool failure, const ActiveCheck& thresholds) const {
    if (place_ == Place::Unknown) return failure ? Place::Down : Place::Up;
    // 0: never, as in APISIX.
    const auto reached = [this](Outcome outcome, uint32_t threshold) {
        return threshold > 0 && counts_[static_cast<size_t>(outcome)] >= threshold;
    };
    if (place_ == Place::Down) {
        return reached(Outcome::Passed, thresholds.healthy_successes) ? Place::Up : Place::Down;
    }
    const bool down = reached(Outcome::TcpFailed, thresholds.unhealthy_tcp_failures) ||
                      reached(Outcome::TimedOut, thresholds.unhealthy_timeouts) ||
                      reached(Outcome::Refused, thresholds.unhealthy_http_failures);
    return down ? Place::Down : Place::Up;
}

bool Standing::count(Outcome outcome, const ActiveCheck& thresholds) {
    if (outcome == Outcome::Ignored) return false;
    const bool failure = outcome != Outcome::Passed;
    const bool failed_before = counted(Outcome::Passed) == 0;
    row_ = failure == failed_before ? row_ + 1 : 1;
    if (failure) {
        counted(Outcome::Passed) = 0;
    } else if (failed_before) {
        counts_ = {};
    }
    ++counted(outcome);
    const Place before = std::exchange(place_, judged(failure, thresholds));
    return place_ != before;
}

static constexpr uint64_t kFirstShare = kShareFull / 10;

uint16_t slow_start_share(uint64_t elapsed_ms, uint64_t total_ms) {
    CHECK(total_ms >= 1);
    if (elapsed_ms >= total_ms) return kShareFull;
    const uint64_t grown = (kShareFull - kFirstShare) * elapsed_ms / total_ms;
    return static_cast<uint16_t>(kFirstShare + grown);
}

uint64_t slow_start_step_ms(uint64_t total_ms) {
    return std::clamp<uint64_t>(total_ms / 100, 100, 1'000);
}

}  // namespace jumpgate
