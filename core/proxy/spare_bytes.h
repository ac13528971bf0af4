// SpareBytes: output buffers of one worker between two uses, last-in first-out: the one that is
// taken next is still in the cache.
//
// Law: keeps a bounded number of a bounded size; the rest goes back to the allocator.
#pragma once

#include <algorithm>
#include <utility>
#include <vector>

#include "tls/bytes.h"

namespace jumpgate {

class SpareBytes {
  public:
    SpareBytes() { spares_.reserve(kSparesMax); }

    // Empty, with room for at least `capacity` bytes.
    tls::Bytes take(size_t capacity) {
        tls::Bytes bytes;
        if (!spares_.empty()) {
            bytes = std::move(spares_.back());
            spares_.pop_back();
        }
        bytes.reserve(std::max(capacity, kCapacityMin));
        return bytes;
    }
    void give(tls::Bytes&& spent) {
        tls::Bytes bytes = std::move(spent);
        if (bytes.capacity() < kCapacityMin || bytes.capacity() > kCapacityMax) return;
        if (spares_.size() == kSparesMax) return;
        bytes.clear();
        spares_.push_back(std::move(bytes));
    }
    size_t count() const { return spares_.size(); }

  private:
    static constexpr size_t kSparesMax = 64;
    static constexpr size_t kCapacityMin = 4096;
    static constexpr size_t kCapacityMax = size_t{256} * 1024;

    std::vector<tls::Bytes> spares_;
};

}  // namespace jumpgate
