// TimerWheel: deadlines with 1 ms resolution, O(1) to start and to stop; timers live in their
// owners.
//
// Law: a timer never fires early, fires once, and is stopped before its owner dies. Four levels of
// 64 slots reach 4.6 hours; a longer wait is cut to that. Time comes in from outside, so tests need
// no clock.
#pragma once

#include <array>
#include <cstdint>

#include "core/base/intrusive_list.h"

namespace jumpgate {

class TimerWheel;

struct Timer : Link {
    explicit Timer(void (*on_expiry)(Timer&)) : expire(on_expiry) {}
    bool running() const { return linked(); }

    void (*expire)(Timer&);
    uint64_t deadline_ms = 0;
};

class TimerWheel {
  public:
    explicit TimerWheel(uint64_t now_ms) : now_ms_(now_ms) {}

    // (Re)starts `timer` to fire `delay_ms` from the last advance(); at least 1 ms.
    void start(Timer& timer, uint64_t delay_ms);
    void stop(Timer& timer) { timer.unlink(); }

    // Moves the wheel to `now_ms` and fires what is due, in order of slots. A callback may start
    // and stop any timer. Returns how many fired.
    unsigned advance(uint64_t now_ms);

    // When the wheel next needs advance(): at or before the earliest deadline; UINT64_MAX if idle.
    // A lower bound: stopping a timer leaves it as it is, which costs one idle wake-up at most.
    uint64_t next_ms() const { return next_ms_; }
    uint64_t now_ms() const { return now_ms_; }

  private:
    static constexpr unsigned kLevels = 4;
    static constexpr unsigned kSlotBits = 6;
    static constexpr unsigned kSlots = 1U << kSlotBits;

    void place(Timer& timer);
    void cascade(unsigned level);
    uint64_t nearest_slot_ms() const;

    uint64_t now_ms_;
    uint64_t next_ms_ = UINT64_MAX;
    std::array<std::array<IntrusiveList<Timer>, kSlots>, kLevels> slots_;
};

}  // namespace jumpgate
