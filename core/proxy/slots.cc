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
    entries_[slot] = {std::string(name), version};
    by_name_.emplace(name, slot);
    return slot;
}

}  // namespace jumpgate
