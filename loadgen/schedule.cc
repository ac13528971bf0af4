#include "loadgen/schedule.h"

#include <algorithm>

#include "core/base/check.h"

namespace jumpgate::load {

__extension__ using Wide = unsigned __int128;

// A permutation of 0 .. n - 1 without a table: four Feistel rounds over the smallest power of four
// that covers n, walked until the result falls inside (cycle walking, Black and Rogaway 2002).
static uint64_t shuffled(uint64_t index, uint64_t n, uint64_t seed) {
    unsigned half_bits = 1;
    while ((uint64_t{1} << (2 * half_bits)) < n) ++half_bits;
    const uint64_t mask = (uint64_t{1} << half_bits) - 1;
    do {
        uint64_t left = index >> half_bits;
        uint64_t right = index & mask;
        for (uint64_t round = 0; round < 4; ++round) {
            uint64_t mixed = (right + seed + round) * 0x9e37'79b9'7f4a'7c15u;
            mixed = (mixed ^ (mixed >> 31)) * 0xbf58'476d'1ce4'e5b9u;
            const uint64_t next = left ^ ((mixed >> 32) & mask);
            left = right;
            right = next;
        }
        index = (left << half_bits) | right;
    } while (index >= n);
    return index;
}

uint64_t Schedule::phase_ns(uint64_t publisher) const {
    CHECK(publisher < publishers);
    const uint64_t place = shuffled(publisher, publishers, seed);
    return static_cast<uint64_t>(static_cast<Wide>(place) * interval_ns / publishers);
}

uint64_t Schedule::messages_due(uint64_t phase_ns, uint64_t now_ns) const {
    const uint64_t first_ns = start_ns + phase_ns;
    // Due at `now_ns` itself counts; due at `end_ns` does not.
    const uint64_t until_ns = now_ns >= end_ns ? end_ns : now_ns + 1;
    if (until_ns <= first_ns) return 0;
    return (until_ns - first_ns - 1) / interval_ns + 1;
}

void Calendar::build(const Schedule& schedule, std::span<const uint32_t> publishers) {
    schedule_ = &schedule;
    entries_.clear();
    entries_.reserve(publishers.size());
    for (uint32_t position = 0; position < publishers.size(); ++position) {
        entries_.push_back({schedule.phase_ns(publishers[position]), position});
    }
    std::ranges::sort(entries_, {}, &Entry::phase_ns);
    cursor_ = 0;
    round_ns_ = 0;
}

uint64_t Calendar::next_due_ns() const {
    if (entries_.empty()) return UINT64_MAX;
    const uint64_t due_ns = schedule_->start_ns + round_ns_ + entries_[cursor_].phase_ns;
    return due_ns < schedule_->end_ns ? due_ns : UINT64_MAX;
}

uint32_t Calendar::next() {
    const uint32_t position = entries_[cursor_].position;
    if (++cursor_ == entries_.size()) {
        cursor_ = 0;
        round_ns_ += schedule_->interval_ns;
    }
    return position;
}

}  // namespace jumpgate::load
