// CircularQueue<T>: a first-in first-out queue in one growing array.
//
// Law: an empty queue holds no memory beyond what a short one needs (kKept slots), so that a
// hundred thousand idle sessions cost nothing; std::deque takes 600 bytes before its first element.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <utility>

#include "core/base/check.h"

namespace jumpgate {

template <class T>
class CircularQueue {
  public:
    bool empty() const { return size_ == 0; }
    size_t size() const { return size_; }
    T& front() { return (*this)[0]; }
    T& operator[](size_t index) {
        CHECK(index < size_);
        return slots_[(head_ + index) & (capacity_ - 1)];
    }

    void push_back(T item) {
        if (size_ == capacity_) grow();
        slots_[(head_ + size_) & (capacity_ - 1)] = std::move(item);
        ++size_;
    }
    T pop_front() {
        CHECK(size_ > 0);
        T item = std::exchange(slots_[head_], T{});
        head_ = (head_ + 1) & (capacity_ - 1);
        if (--size_ == 0 && capacity_ > kKept) clear();
        return item;
    }
    void clear() {
        slots_.reset();
        head_ = size_ = capacity_ = 0;
    }

  private:
    static constexpr uint32_t kFirst = 4;
    static constexpr uint32_t kKept = 64;

    void grow() {
        const uint32_t capacity = capacity_ == 0 ? kFirst : capacity_ * 2;
        auto slots = std::make_unique<T[]>(capacity);
        for (size_t i = 0; i < size_; ++i) slots[i] = std::move((*this)[i]);
        slots_ = std::move(slots);
        head_ = 0;
        capacity_ = capacity;
    }

    std::unique_ptr<T[]> slots_;
    uint32_t head_ = 0;
    uint32_t size_ = 0;
    uint32_t capacity_ = 0;  // a power of two, or 0
};

}  // namespace jumpgate
