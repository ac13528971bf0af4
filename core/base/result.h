// Result<T>: a value or an Error. Status: a Result with nothing to carry.
//
// Law: reading the side that is not there is a broken invariant, never undefined behaviour.
// Stands in for std::expected, which libstdc++ 12 offers to C++23 alone.
#pragma once

#include <utility>

#include "core/base/check.h"
#include "core/base/error.h"

namespace jumpgate {

template <class T>
class [[nodiscard]] Result {
  public:
    Result(T value) : value_(std::move(value)), ok_(true) {}  // NOLINT: implicit by design
    Result(Error error) : error_(error) {}                    // NOLINT: implicit by design

    explicit operator bool() const { return ok_; }
    T& operator*() {
        CHECK(ok_);
        return value_;
    }
    const T& operator*() const {
        CHECK(ok_);
        return value_;
    }
    T* operator->() { return &**this; }
    const T* operator->() const { return &**this; }
    Error error() const {
        CHECK(!ok_);
        return error_;
    }

  private:
    T value_{};
    Error error_{};
    bool ok_ = false;
};

struct Unit {};
using Status = Result<Unit>;

}  // namespace jumpgate
