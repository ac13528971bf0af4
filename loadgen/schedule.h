// Schedule: when each message is due, from the plan alone.
//
// Law: an open loop. When message n of client k is due is a pure function of (k, n), whatever the
// broker does; latency is measured from there, so a stalled broker cannot hide (wrk2's coordinated
// omission), and who receives a message computes its time again. Reads no clock.
//
// Uniform: start + phase(k) + n * interval. Phases are spread evenly over the interval in a
// shuffled order: no burst per tick.
// Poisson: the times of a publisher's messages 32 b to 32 b + 31 are 32 independent uniform draws
// over its intervals 32 b to 32 b + 32, in order: a Poisson process on condition that each such
// span holds 32. Within a span gaps and bursts are those of a Poisson process; what a publisher
// sends over longer times varies less than Poisson's, and the sum over many publishers is Poisson's
// over times short of 32 intervals.
// Ticks are part of the plan: what one gathers is due at its beginning, so that a sender wakes once
// for several messages and still none of them is late.
// With a rate curve both run in the curve's own time: it is the total rate of all publishers, and
// the interval means nothing.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "loadgen/rate_curve.h"

namespace jumpgate::load {

enum class Spacing : uint8_t { Uniform, Poisson };

// What is planned for one run; times are CLOCK_MONOTONIC nanoseconds.
struct Schedule {
    static constexpr uint64_t kSpan = 32;  // messages that a Poisson draw holds fixed

    uint64_t start_ns = 0;
    uint64_t end_ns = UINT64_MAX;  // messages due at or after it are not part of the run
    uint64_t interval_ns = 1;      // at least 1
    uint64_t publishers = 1;       // at least 1; phases are dealt to 0 .. publishers - 1
    uint64_t seed = 0;
    uint64_t tick_ns = 1;  // at least 1; times are whole ticks behind the start
    Spacing spacing = Spacing::Uniform;
    RateCurve curve{};  // empty: a message per interval and publisher

    // 0 to interval_ns - 1; different publishers have different phases as far as there are
    // nanoseconds.
    uint64_t phase_ns(uint64_t publisher) const;
    // Rises with `message`; UINT64_MAX where the curve ends at rate 0 before.
    uint64_t due_ns(uint64_t publisher, uint64_t message) const;

    // How many of the first `most` messages of `publisher` are due before `at_ns`.
    uint64_t due_before(uint64_t publisher, uint64_t at_ns, uint64_t most) const;

    // Where a message stands in steady time, in which each publisher has one per interval; and when
    // that time is.
    uint64_t steady_ns(uint64_t publisher, uint64_t message) const;
    uint64_t from_steady_ns(uint64_t steady_ns) const;
};

// When connection `index` of the fleet is to be dialled, `rate` per second: planned in nanoseconds,
// so that 1,500/s is not rounded to a tick.
constexpr uint64_t dial_due_ns(uint64_t start_ns, uint64_t index, uint64_t rate) {
    return start_ns + index / rate * 1'000'000'000 + index % rate * 1'000'000'000 / rate;
}

// The messages of the publishers of one thread, in the order of their times. Uniform ones share one
// interval, so their order is the same in each round and no heap is needed.
class Calendar {
  public:
    // `publishers`: numbers as Schedule knows them. Positions in this span are what next() gives.
    // `schedule` outlives the calendar; its end may still be moved.
    void build(const Schedule& schedule, std::span<const uint32_t> publishers);

    // When the next message is due; UINT64_MAX where none is left.
    uint64_t next_due_ns() const;
    // The position of the publisher it belongs to; moves on. REQUIRES next_due_ns() != UINT64_MAX.
    uint32_t next();

  private:
    struct Entry {
        uint64_t at_ns;    // uniform: the phase; Poisson: when `message` is due
        uint64_t message;  // Poisson only
        uint32_t publisher;
        uint32_t position;
    };
    static bool is_later(const Entry& a, const Entry& b) { return a.at_ns > b.at_ns; }
    void find_due();

    const Schedule* schedule_ = nullptr;
    std::vector<Entry> entries_;  // by phase; Poisson: a heap with the earliest first
    size_t cursor_ = 0;
    uint64_t round_ns_ = 0;  // round * interval
    uint64_t due_ns_ = UINT64_MAX;
};

}  // namespace jumpgate::load
