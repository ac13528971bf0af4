#include "loadgen/schedule.h"

#include <algorithm>
#include <array>

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

// One of the numbers of a stream that needs no state: SplitMix64's finish of a counter.
static uint64_t draw(uint64_t seed, uint64_t publisher, uint64_t number) {
    uint64_t z = seed + publisher * 0xd1b5'4a32'd192'ed03u + number * 0x9e37'79b9'7f4a'7c15u;
    z = (z ^ (z >> 30)) * 0xbf58'476d'1ce4'e5b9u;
    z = (z ^ (z >> 27)) * 0x94d0'49bb'1331'11ebu;
    return z ^ (z >> 31);
}

uint64_t Schedule::steady_ns(uint64_t publisher, uint64_t message) const {
    if (spacing == Spacing::Uniform) return phase_ns(publisher) + message * interval_ns;
    const uint64_t first = message - message % kSpan;
    std::array<uint64_t, kSpan> draws;
    for (uint64_t i = 0; i < kSpan; ++i) draws[i] = draw(seed, publisher, first + i);
    const auto chosen = draws.begin() + static_cast<ptrdiff_t>(message % kSpan);
    std::nth_element(draws.begin(), chosen, draws.end());
    const Wide span_ns = static_cast<Wide>(interval_ns) * kSpan;
    return first * interval_ns + static_cast<uint64_t>(*chosen * span_ns >> 64);
}

uint64_t Schedule::from_steady_ns(uint64_t steady_ns) const {
    if (curve.empty()) return start_ns + steady_ns - steady_ns % tick_ns;
    // In steady time the whole fleet sends `publishers` messages per interval.
    const double events = static_cast<double>(steady_ns) / static_cast<double>(interval_ns) *
                          static_cast<double>(publishers);
    const uint64_t after_ns = curve.due_ns(events);
    return after_ns == UINT64_MAX ? UINT64_MAX : start_ns + after_ns - after_ns % tick_ns;
}

uint64_t Schedule::due_ns(uint64_t publisher, uint64_t message) const {
    return from_steady_ns(steady_ns(publisher, message));
}

uint64_t Schedule::due_before(uint64_t publisher, uint64_t at_ns, uint64_t most) const {
    uint64_t low = 0;
    while (low < most) {
        const uint64_t middle = low + (most - low) / 2;
        if (due_ns(publisher, middle) < at_ns) {
            low = middle + 1;
        } else {
            most = middle;
        }
    }
    return low;
}

// ---- Calendar --------------------------------------------------------------------------------

void Calendar::build(const Schedule& schedule, std::span<const uint32_t> publishers) {
    schedule_ = &schedule;
    entries_.clear();
    entries_.reserve(publishers.size());
    const bool poisson = schedule.spacing == Spacing::Poisson;
    for (uint32_t position = 0; position < publishers.size(); ++position) {
        const uint32_t publisher = publishers[position];
        const uint64_t at_ns =
            poisson ? schedule.due_ns(publisher, 0) : schedule.phase_ns(publisher);
        entries_.push_back({at_ns, 0, publisher, position});
    }
    if (poisson) {
        std::ranges::make_heap(entries_, is_later);
    } else {
        std::ranges::sort(entries_, {}, &Entry::at_ns);
    }
    cursor_ = 0;
    round_ns_ = 0;
    find_due();
}

void Calendar::find_due() {
    if (entries_.empty()) {
        due_ns_ = UINT64_MAX;
    } else if (schedule_->spacing == Spacing::Poisson) {
        due_ns_ = entries_.front().at_ns;
    } else {
        due_ns_ = schedule_->from_steady_ns(round_ns_ + entries_[cursor_].at_ns);
    }
}

uint64_t Calendar::next_due_ns() const {
    return due_ns_ < schedule_->end_ns ? due_ns_ : UINT64_MAX;
}

uint32_t Calendar::next() {
    uint32_t position = 0;
    if (schedule_->spacing == Spacing::Poisson) {
        std::ranges::pop_heap(entries_, is_later);
        Entry& entry = entries_.back();
        position = entry.position;
        entry.at_ns = schedule_->due_ns(entry.publisher, ++entry.message);
        std::ranges::push_heap(entries_, is_later);
    } else {
        position = entries_[cursor_].position;
        if (++cursor_ == entries_.size()) {
            cursor_ = 0;
            round_ns_ += schedule_->interval_ns;
        }
    }
    find_due();
    return position;
}

}  // namespace jumpgate::load
