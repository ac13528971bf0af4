// Bytes: a growing run of bytes that is not zeroed first.
//
// Law: what std::vector does, without clearing memory that is about to be overwritten.
#pragma once

#include <algorithm>
#include <cstdint>
#include <cstring>
#include <memory>
#include <span>
#include <utility>

namespace jumpgate::tls {

class Bytes {
  public:
    Bytes() = default;
    Bytes(Bytes&& other) noexcept
        : bytes_(std::move(other.bytes_)),
          size_(std::exchange(other.size_, 0)),
          capacity_(std::exchange(other.capacity_, 0)) {}
    Bytes& operator=(Bytes&& other) noexcept {
        bytes_ = std::move(other.bytes_);
        size_ = std::exchange(other.size_, 0);
        capacity_ = std::exchange(other.capacity_, 0);
        return *this;
    }

    size_t size() const { return size_; }
    size_t capacity() const { return capacity_; }
    bool empty() const { return size_ == 0; }
    uint8_t* begin() { return bytes_.get(); }
    std::span<const uint8_t> span() const { return {bytes_.get(), size_}; }

    void clear() { size_ = 0; }
    void reserve(size_t capacity) {
        if (capacity <= capacity_) return;
        auto moved = std::make_unique_for_overwrite<uint8_t[]>(capacity);
        if (size_ > 0) std::memcpy(moved.get(), bytes_.get(), size_);
        bytes_ = std::move(moved);
        capacity_ = capacity;
    }
    void append(std::span<const uint8_t> more) {
        if (more.empty()) return;
        if (size_ + more.size() > capacity_) reserve(std::max(size_ + more.size(), capacity_ * 2));
        std::memcpy(bytes_.get() + size_, more.data(), more.size());
        size_ += more.size();
    }
    // Room behind the end, to be written by somebody else; `commit` says how much was.
    std::span<uint8_t> room() { return {bytes_.get() + size_, capacity_ - size_}; }
    void commit(size_t written) { size_ += written; }
    // Drops the first `count`.
    void drop(size_t count) {
        size_ -= count;
        if (size_ > 0) std::memmove(bytes_.get(), bytes_.get() + count, size_);
    }

  private:
    std::unique_ptr<uint8_t[]> bytes_;
    size_t size_ = 0;
    size_t capacity_ = 0;
};

}  // namespace jumpgate::tls
