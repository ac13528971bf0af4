#include "core/proxy/eviction.h"

#include <algorithm>

namespace jumpgate {

void Evictions::set(uint16_t slot, uint32_t per_second) {
    std::erase_if(entries_, [slot](const Entry& entry) { return entry.slot == slot; });
    if (per_second > 0) entries_.push_back({slot, per_second, 0});
}

// Uniform jitter between half and one and a half: its mean is the whole.
size_t Evictions::due(Entry& entry, uint32_t tick_ms, Rng& rng) {
    const uint64_t jitter_milli = 500 + rng.below(1'001);
    entry.credit_milli += uint64_t{entry.per_second} * tick_ms * jitter_milli / 1'000;
    const size_t count = entry.credit_milli / 1'000;
    entry.credit_milli %= 1'000;
    return count;
}

void Evictions::give_back(const EvictionOrder& rest) {
    const auto entry = std::ranges::find(entries_, rest.slot, &Entry::slot);
    if (entry == entries_.end()) return;
    // No more than a second's worth: else a broker whose clients all end up would be swept at once.
    entry->credit_milli =
        std::min(entry->credit_milli + rest.count * 1'000, uint64_t{entry->per_second} * 1'000);
}

}  // namespace jumpgate
