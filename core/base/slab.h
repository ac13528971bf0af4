// Slab<T>: objects of one type in large blocks, reused last-in first-out.
//
// Law: an object's address never changes; memory grows with use up to `limit` and is kept for
// reuse; live() is 0 before the slab is destroyed. Not thread-safe: one slab belongs to one worker.
#pragma once

#include <cstddef>
#include <memory>
#include <new>
#include <utility>
#include <vector>

#include "core/base/check.h"

namespace jumpgate {

template <class T, size_t kPerBlock = 64>
class Slab {
  public:
    explicit Slab(size_t limit) : limit_(limit) {}
    ~Slab() { CHECK(live_ == 0); }
    Slab(const Slab&) = delete;
    Slab& operator=(const Slab&) = delete;

    // A new T, or nullptr where `limit` objects live.
    template <class... Args>
    T* create(Args&&... args) {
        if (live_ == limit_) return nullptr;
        if (free_ == nullptr) add_block();
        Cell* cell = free_;
        free_ = cell->next;
        ++live_;
        return new (cell->bytes) T(std::forward<Args>(args)...);
    }
    void destroy(T* object) {
        object->~T();
        Cell* cell = reinterpret_cast<Cell*>(object);
        cell->next = free_;
        free_ = cell;
        --live_;
    }
    size_t live() const { return live_; }
    size_t limit() const { return limit_; }

  private:
    union Cell {
        Cell* next;
        alignas(T) std::byte bytes[sizeof(T)];
    };
    void add_block() {
        blocks_.push_back(std::make_unique_for_overwrite<Cell[]>(kPerBlock));
        for (size_t i = kPerBlock; i-- > 0;) {  // lowest address on top: blocks fill in order
            blocks_.back()[i].next = free_;
            free_ = &blocks_.back()[i];
        }
    }

    size_t limit_;
    size_t live_ = 0;
    Cell* free_ = nullptr;
    std::vector<std::unique_ptr<Cell[]>> blocks_;
};

}  // namespace jumpgate
