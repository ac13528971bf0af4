#include "core/io/reactor.h"

#include <algorithm>
#include <utility>

#include "core/base/time.h"

namespace jumpgate {

// Without timers a turn ends after this long, so that run() re-reads the clock now and then.
static constexpr uint64_t kLongestWaitNs = 10 * kNanosPerSecond;

Result<std::unique_ptr<Reactor>> Reactor::open(const RingLimits& limits) {
    Result<std::unique_ptr<Ring>> ring = Ring::open(limits);
    if (!ring) return ring.error();
    return std::unique_ptr<Reactor>(new Reactor(std::move(*ring)));
}

Reactor::Reactor(std::unique_ptr<Ring> ring)
    : ring_(std::move(ring)), now_ns_(monotonic_ns()), timers_(now_ns_ / kNanosPerMilli) {}

uint64_t Reactor::wait_ns(uint64_t longest_wait_ns) const {
    const uint64_t next_ms = timers_.next_ms();
    if (next_ms == UINT64_MAX) return longest_wait_ns;
    const uint64_t due_ns = next_ms * kNanosPerMilli;
    const uint64_t now_ns = monotonic_ns();
    return due_ns <= now_ns ? 0 : std::min(longest_wait_ns, due_ns - now_ns);
}

void Reactor::turn(uint64_t longest_wait_ns) {
    ring_->wait(wait_ns(longest_wait_ns));
    // The clock moves before the callbacks run: what they start counts from now, not from before
    // the wait. Timers fire last: a completion that came in time stops its own deadline.
    now_ns_ = monotonic_ns();
    timers_.move_to(now_ns_ / kNanosPerMilli);
    ring_->dispatch();
    timers_.fire();
}

void Reactor::run() {
    while (!stopping_) turn(kLongestWaitNs);
    stopping_ = false;
}

}  // namespace jumpgate
