#include "core/io/wakeup.h"

#include <sys/eventfd.h>
#include <unistd.h>

#include <cerrno>

#include "core/base/check.h"

namespace jumpgate {

// The eventfd blocks: with O_NONBLOCK the ring's read would fail at once instead of waiting.
Wakeup::Wakeup(Ring& ring, void (*on_wake)(void*), void* context)
    : Op{[](Op& op, Completion done) {
          Wakeup& self = static_cast<Wakeup&>(op);
          if (done.result == -ECANCELED) return;
          // Armed before the call: a signal that comes during it is not lost.
          self.arm();
          if (done.result == sizeof self.count_) self.on_wake_(self.context_);
      }},
      ring_(ring),
      on_wake_(on_wake),
      context_(context),
      fd_(eventfd(0, EFD_CLOEXEC)) {
    CHECK(fd_ >= 0);
    arm();
}

Wakeup::~Wakeup() { close(fd_); }

// Blocks only where the counter is full, after 2^64 - 2 signals (eventfd(2)).
void Wakeup::signal() const {
    const uint64_t one = 1;
    CHECK(write(fd_, &one, sizeof one) == sizeof one);
}

void Wakeup::arm() {
    io_uring_sqe& sqe = ring_.next_sqe(*this);
    io_uring_prep_read(&sqe, fd_, &count_, sizeof count_, 0);
}

}  // namespace jumpgate
