#include "core/io/timer_wheel.h"

#include <algorithm>

namespace jumpgate {

// Level L has slots of 64^L ms. A timer sits on the lowest level whose span covers its wait.
void TimerWheel::place(Timer& timer) {
    const uint64_t wait_ms = timer.deadline_ms - now_ms_;
    unsigned level = 0;
    while (level + 1 < kLevels && (wait_ms >> (kSlotBits * (level + 1))) != 0) ++level;
    const uint64_t slot = (timer.deadline_ms >> (kSlotBits * level)) % kSlots;
    slots_[level][slot].push_back(timer);
    const uint64_t slot_start_ms = (timer.deadline_ms >> (kSlotBits * level))
                                   << (kSlotBits * level);
    next_ms_ = std::min(next_ms_, slot_start_ms);
}

void TimerWheel::start(Timer& timer, uint64_t delay_ms) {
    // One slot short of the whole span: a full turn would land on the slot that is being emptied.
    constexpr uint64_t kLongestMs = (kSlots - 1) * (1ULL << (kSlotBits * (kLevels - 1)));
    timer.unlink();
    timer.deadline_ms = now_ms_ + std::clamp<uint64_t>(delay_ms, 1, kLongestMs);
    place(timer);
}

// The slot of `level` that starts at now_ms_ is broken up into the levels below.
void TimerWheel::cascade(unsigned level) {
    IntrusiveList<Timer>& slot = slots_[level][(now_ms_ >> (kSlotBits * level)) % kSlots];
    while (Timer* timer = slot.pop_front()) place(*timer);
}

void TimerWheel::move_to(uint64_t now_ms) {
    while (next_ms_ <= now_ms) {
        // From one occupied slot to the next: a suspended machine costs no turn per millisecond.
        now_ms_ = next_ms_;
        for (unsigned level = kLevels - 1; level > 0; --level) {
            if (now_ms_ % (1ULL << (kSlotBits * level)) == 0) cascade(level);
        }
        IntrusiveList<Timer>& slot = slots_[0][now_ms_ % kSlots];
        while (Timer* timer = slot.pop_front()) {
            CHECK(timer->deadline_ms == now_ms_);
            due_.push_back(*timer);
        }
        next_ms_ = nearest_slot_ms();
    }
    now_ms_ = std::max(now_ms_, now_ms);
}

unsigned TimerWheel::fire() {
    unsigned fired = 0;
    while (Timer* timer = due_.pop_front()) {
        ++fired;
        timer->expire(*timer);
    }
    return fired;
}

uint64_t TimerWheel::nearest_slot_ms() const {
    uint64_t nearest = UINT64_MAX;
    for (unsigned level = 0; level < kLevels; ++level) {
        const unsigned shift = kSlotBits * level;
        const uint64_t here = now_ms_ >> shift;
        for (uint64_t ahead = 1; ahead <= kSlots; ++ahead) {
            const auto& slot = slots_[level][(here + ahead) % kSlots];
            if (slot.empty()) continue;
            nearest = std::min(nearest, (here + ahead) << shift);
            break;
        }
    }
    return nearest;
}

}  // namespace jumpgate
