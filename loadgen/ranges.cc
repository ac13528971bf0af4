#include "loadgen/ranges.h"

#include <algorithm>

namespace jumpgate::load {

void Ranges::add(uint64_t from, uint64_t to) {
    if (from >= to) return;
    // The ranges that touch [from, to) become one with it.
    const auto first = std::ranges::lower_bound(ranges_, from, {}, &Range::to);
    auto last = first;
    for (; last != ranges_.end() && last->from <= to; ++last) {
        from = std::min(from, last->from);
        to = std::max(to, last->to);
    }
    if (first == last) {
        ranges_.insert(first, {from, to});
    } else {
        *first = {from, to};
        ranges_.erase(first + 1, last);
    }
}

void Ranges::add(const Ranges& other) {
    for (const Range& range : other.ranges_) add(range.from, range.to);
}

bool Ranges::take(uint64_t number) {
    const auto found = std::ranges::upper_bound(ranges_, number, {}, &Range::to);
    if (found == ranges_.end() || number < found->from) return false;
    const Range whole = *found;
    if (whole.to - whole.from == 1) {
        ranges_.erase(found);
    } else if (number == whole.from) {
        ++found->from;
    } else if (number == whole.to - 1) {
        --found->to;
    } else {
        found->to = number;
        ranges_.insert(found + 1, {number + 1, whole.to});
    }
    return true;
}

uint64_t Ranges::size() const {
    uint64_t total = 0;
    for (const Range& range : ranges_) total += range.to - range.from;
    return total;
}

uint64_t Ranges::run_before(uint64_t number) const {
    const auto found = std::ranges::lower_bound(ranges_, number, {}, &Range::to);
    return found == ranges_.end() ? number : std::min(found->from, number);
}

uint64_t Ranges::overlap(const Ranges& other) const { return size() - without(other).size(); }

Ranges Ranges::without(const Ranges& other) const {
    Ranges left;
    auto cut = other.ranges_.begin();
    for (Range range : ranges_) {
        while (cut != other.ranges_.end() && cut->to <= range.from) ++cut;
        for (auto next = cut; next != other.ranges_.end() && next->from < range.to; ++next) {
            left.add(range.from, std::max(range.from, next->from));
            range.from = std::min(range.to, next->to);
        }
        left.add(range.from, range.to);
    }
    return left;
}

}  // namespace jumpgate::load
