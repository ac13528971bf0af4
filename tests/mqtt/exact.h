// Exact: the input of a test on the heap at its exact size.
#pragma once

#include <algorithm>
#include <memory>

#include "mqtt/bytes.h"

namespace jumpgate::mqtt {

// So that ASan sees the first byte read behind it; a vector may have room to spare.
class Exact {
  public:
    explicit Exact(Bytes in) : size_(in.size()), octets_(new uint8_t[in.size()]) {
        std::copy(in.begin(), in.end(), octets_.get());
    }
    Bytes view() const { return {octets_.get(), size_}; }
    bool holds(std::string_view part) const {
        const auto* begin = reinterpret_cast<const char*>(octets_.get());
        return part.empty() || (part.data() >= begin && part.data() + part.size() <= begin + size_);
    }

  private:
    size_t size_;
    std::unique_ptr<uint8_t[]> octets_;
};

}  // namespace jumpgate::mqtt
