// Wakeup: a call from any thread to a reactor's own thread.
//
// Law: signal() may be called from any thread, takes no lock and never blocks; several signals
// before the reactor comes to it are one call.
#pragma once

#include <cstdint>

#include "core/io/op.h"
#include "core/io/ring.h"

namespace jumpgate {

class Wakeup : public Op {
  public:
    // Calls `on_wake(context)` on the ring's thread after each signal.
    Wakeup(Ring& ring, void (*on_wake)(void* context), void* context);
    // The ring is closed before its Wakeup is destroyed, as with SignalWatch: that ends the read.
    ~Wakeup();
    Wakeup(const Wakeup&) = delete;
    Wakeup& operator=(const Wakeup&) = delete;

    // Also while the ring is being closed, and after.
    void signal() const;

  private:
    void arm();

    Ring& ring_;
    void (*on_wake_)(void*);
    void* context_;
    int fd_;  // eventfd(2)
    uint64_t count_ = 0;
};

}  // namespace jumpgate
