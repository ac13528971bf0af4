#include "loadgen/think_times.h"

#include <algorithm>

#include "core/base/check.h"

namespace jumpgate::load {

void ThinkTimes::build(const Schedule& schedule, std::span<const uint32_t> publishers,
                       uint64_t think_ns) {
    think_ns_ = think_ns;
    publishers_.assign(publishers.begin(), publishers.end());
    heap_.clear();
    heap_.reserve(publishers.size());
    for (uint32_t position = 0; position < publishers.size(); ++position) {
        heap_.push_back({schedule.start_ns + schedule.phase_ns(publishers[position]), position});
    }
    std::ranges::make_heap(heap_, is_later);
}

uint64_t ThinkTimes::next_due_ns(uint64_t end_ns) const {
    if (heap_.empty() || heap_.front().due_ns >= end_ns) return UINT64_MAX;
    return heap_.front().due_ns;
}

uint32_t ThinkTimes::next() {
    CHECK(!heap_.empty());
    std::ranges::pop_heap(heap_, is_later);
    const uint32_t position = heap_.back().position;
    heap_.pop_back();
    return position;
}

void ThinkTimes::answered(uint32_t publisher, uint64_t at_ns) {
    const auto found = std::ranges::lower_bound(publishers_, publisher);
    CHECK(found != publishers_.end() && *found == publisher);
    heap_.push_back({at_ns + think_ns_, static_cast<uint32_t>(found - publishers_.begin())});
    std::ranges::push_heap(heap_, is_later);
}

}  // namespace jumpgate::load
