// SpareBuffers: output buffers that have grown and wait to be used again.
//
// Law: a client holds a buffer only while bytes wait in it, and yet a busy broker neither allocates
// nor grows one per send. What is kept is bounded, in number and in size.
#pragma once

#include <cstddef>
#include <string>
#include <utility>
#include <vector>

namespace jumpgate::broker {

class SpareBuffers {
  public:
    static constexpr size_t kKept = 256;
    static constexpr size_t kBytesMin = 256;  // below, an allocation is as cheap
    static constexpr size_t kBytesMax = 256UL * 1024;

    // Empty, with the room that it had grown to.
    std::string take() {
        if (spare_.empty()) return {};
        std::string buffer = std::move(spare_.back());
        spare_.pop_back();
        return buffer;
    }
    void give(std::string buffer) {
        const bool fits = buffer.capacity() >= kBytesMin && buffer.capacity() <= kBytesMax;
        if (!fits || spare_.size() == kKept) return;
        buffer.clear();
        spare_.push_back(std::move(buffer));
    }
    size_t size() const { return spare_.size(); }

  private:
    std::vector<std::string> spare_;
};

}  // namespace jumpgate::broker
