// Slots: small numbers for names that come and go: brokers, stream routes.
//
// Law: a name keeps its slot while it is listed or in use; a slot gets another name only when no
// snapshot that a worker may still read listed the old one and nobody uses it. Control thread only.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace jumpgate {

class Slots {
  public:
    // At most `max` names at once.
    explicit Slots(uint16_t max) : max_(max) {}

    // The slot of `name`, listed by snapshot `version` from now on; none: all are taken.
    std::optional<uint16_t> take(std::string_view name, uint64_t version);
    // Takes back what was taken for `version` alone: its snapshot could not be made.
    void give_back(uint64_t version);
    // Frees the slots last listed before snapshot `oldest_version` for which `in_use(slot)` is
    // false.
    template <class InUse>
    void free_unused(uint64_t oldest_version, InUse in_use) {
        for (uint16_t slot = 0; slot < entries_.size(); ++slot) {
            const Entry& entry = entries_[slot];
            if (entry.name.empty() || entry.listed >= oldest_version || in_use(slot)) continue;
            free(slot);
        }
    }

    // One more than the highest slot ever taken.
    size_t size() const { return entries_.size(); }
    // Empty: the slot is free.
    const std::string& name(uint16_t slot) const { return entries_[slot].name; }

  private:
    struct Entry {
        std::string name;
        uint64_t listed = 0;  // the latest snapshot that had it
        uint64_t since = 0;   // the first one
    };
    void free(uint16_t slot);

    uint16_t max_;
    std::vector<Entry> entries_;
    std::vector<uint16_t> free_;
    std::map<std::string, uint16_t, std::less<>> by_name_;
};

}  // namespace jumpgate
