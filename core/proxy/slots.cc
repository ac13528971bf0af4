#include "core/proxy/slots.h"

#include "core/base/check.h"

namespace jumpgate {

std::optional<uint16_t> Slots::take(std::string_view name, uint64_t version) {
    CHECK(!name.empty());
    if (const auto known = by_name_.find(name); known != by_name_.end()) {
        entries_[known->second].listed = version;
        return known->second;
    }
    uint16_t slot = 0;
    if (!free_.empty()) {
        slot = free_.back();
        free_.pop_back();
    } else if (entries_.size() < max_) {
        slot = static_cast<uint16_t>(entries_.size());
        entries_.emplace_back();
    } else {
        return std::nullopt;
    }
    entries_[slot] = {std::string(name), version, version};
    by_name_.emplace(name, slot);
    return slot;
}

void Slots::give_back(uint64_t version) {
    for (uint16_t slot = 0; slot < entries_.size(); ++slot) {
        const Entry& entry = entries_[slot];
        if (!entry.name.empty() && entry.since == version) free(slot);
    }
}

void Slots::free(uint16_t slot) {
    by_name_.erase(entries_[slot].name);
    entries_[slot].name.clear();
    free_.push_back(slot);
}

}  // namespace jumpgate
