// Schedule: when each message is due, from the plan alone.
//
// Law: an open loop. Message n of client k is due at start + phase(k) + n * interval, whatever the
// broker does; latency is measured from there, so a stalled broker cannot hide (wrk2's coordinated
// omission). Phases are spread evenly over the interval in a shuffled order: no burst per tick.
// Pure: reads no clock.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

namespace jumpgate::load {

// What is planned for one run; times are CLOCK_MONOTONIC nanoseconds.
struct Schedule {
    uint64_t start_ns = 0;
    uint64_t end_ns = UINT64_MAX;  // messages due at or after it are not part of the run
    uint64_t interval_ns = 1;      // at least 1
    uint64_t publishers = 1;       // at least 1; phases are dealt to 0 .. publishers - 1
    uint64_t seed = 0;

    // 0 to interval_ns - 1; different publishers have different phases as far as there are
    // nanoseconds.
    uint64_t phase_ns(uint64_t publisher) const;
    uint64_t due_ns(uint64_t publisher, uint64_t message) const {
        return start_ns + phase_ns(publisher) + message * interval_ns;
    }
    // Messages of a client with this phase that are due at `now_ns` and inside the run.
    uint64_t messages_due(uint64_t phase_ns, uint64_t now_ns) const;
};

// When connection `index` of the fleet is to be dialled, `rate` per second: planned in nanoseconds,
// so that 1,500/s is not rounded to a tick.
constexpr uint64_t dial_due_ns(uint64_t start_ns, uint64_t index, uint64_t rate) {
    return start_ns + index / rate * 1'000'000'000 + index % rate * 1'000'000'000 / rate;
}

// The publishers of one thread in the order of their phases, over and over. All share one interval,
// so the order is the same in each round and no heap is needed.
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
        uint64_t phase_ns;
        uint32_t position;
    };
    const Schedule* schedule_ = nullptr;
    std::vector<Entry> entries_;
    size_t cursor_ = 0;
    uint64_t round_ns_ = 0;  // round * interval
};

}  // namespace jumpgate::load
