// Op: one operation in flight, as a field or a base of the object that owns it.
//
// Law: an Op's address is the `user_data` of its SQE, so its owner stays alive and in place until
// the last completion (the one without `more`). Nothing is allocated per operation.
#pragma once

#include <coroutine>
#include <cstdint>

#include "core/base/check.h"

namespace jumpgate {

// What the kernel said of one operation: `result` is a count or a negated errno.
struct Completion {
    int32_t result = 0;
    uint32_t flags = 0;

    bool more() const { return (flags & 2U) != 0; }        // IORING_CQE_F_MORE
    bool has_buffer() const { return (flags & 1U) != 0; }  // IORING_CQE_F_BUFFER
    // A receive left bytes in the socket, or its end (5.19).
    bool nonempty() const { return (flags & 4U) != 0; }  // IORING_CQE_F_SOCK_NONEMPTY
    uint16_t buffer() const { return static_cast<uint16_t>(flags >> 16U); }
};

struct Op {
    void (*complete)(Op&, Completion);
};
static_assert(sizeof(Op) == 8);

// An Op that a setup coroutine waits for: submit it, then `Completion done = co_await op;`.
// One coroutine at a time; single-shot operations only.
class WaitOp : public Op {
  public:
    WaitOp() : Op{&WaitOp::resume} {}
    WaitOp(const WaitOp&) = delete;
    WaitOp& operator=(const WaitOp&) = delete;

    // True from the await until the completion: what a deadline may cancel.
    bool waiting() const { return static_cast<bool>(waiter_); }

    bool await_ready() const noexcept { return false; }
    void await_suspend(std::coroutine_handle<> waiter) noexcept {
        CHECK(!waiter_);
        waiter_ = waiter;
    }
    Completion await_resume() const noexcept { return done_; }

  private:
    static void resume(Op& op, Completion done) {
        WaitOp& self = static_cast<WaitOp&>(op);
        self.done_ = done;
        std::coroutine_handle<> waiter = self.waiter_;
        self.waiter_ = {};
        CHECK(waiter);
        waiter.resume();
    }

    std::coroutine_handle<> waiter_;
    Completion done_;
};

}  // namespace jumpgate
