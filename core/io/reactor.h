// Reactor: one thread's loop over its ring and its timers.
//
// Law: everything of a reactor is touched by its own thread alone; other threads reach it through
// mailbox.h. A turn is: submit and wait once, read the clock, dispatch all completions, fire
// due timers.
#pragma once

#include <cstdint>
#include <memory>

#include "core/base/result.h"
#include "core/io/ring.h"
#include "core/io/timer_wheel.h"

namespace jumpgate {

class Reactor {
  public:
    static Result<std::unique_ptr<Reactor>> open(const RingLimits& limits);

    Ring& ring() { return *ring_; }
    TimerWheel& timers() { return timers_; }
    // CLOCK_MONOTONIC, read once per turn, between the wait and the callbacks.
    uint64_t now_ns() const { return now_ns_; }

    // Turns until stop() is called, from a callback or before run().
    void run();
    void stop() { stopping_ = true; }
    // One turn; waits at most `longest_wait_ns` and not past the next timer.
    void turn(uint64_t longest_wait_ns);

  private:
    explicit Reactor(std::unique_ptr<Ring> ring);
    uint64_t wait_ns(uint64_t longest_wait_ns) const;

    std::unique_ptr<Ring> ring_;
    uint64_t now_ns_;
    TimerWheel timers_;
    bool stopping_ = false;
};

}  // namespace jumpgate
