// TimerWheel: deadlines with 1 ms resolution, O(1) to start and to stop; timers live in their
// owners.
//
// Law: a timer never fires early (counted in whole milliseconds), fires once, and is stopped before
// its owner dies. What a callback starts counts from the time the wheel was moved to, however late
// that was. Four levels of 64 slots reach 4.6 hours; a longer wait is cut to that. Time comes in
// from outside, so tests need no clock.
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

    // (Re)starts `timer` to fire `delay_ms` (at least 1) after now_ms().
    void start(Timer& timer, uint64_t delay_ms);
    void stop(Timer& timer) { timer.unlink(); }

    // Moves the wheel to `now_ms` and sets aside what is due, to be fired by fire(). In between
    // those timers are running: they can be stopped and restarted.
    void move_to(uint64_t now_ms);
    // Fires what is due, by rising deadline. A callback may start and stop any timer; what it
    // starts fires in a later call. Returns how many fired.
    unsigned fire();
    unsigned advance(uint64_t now_ms) {
        move_to(now_ms);
        return fire();
    }

    // When the wheel next has to move: at or before the earliest deadline; UINT64_MAX if idle.
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
    IntrusiveList<Timer> due_;
};

}  // namespace jumpgate
