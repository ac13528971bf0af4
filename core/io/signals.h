// SignalWatch: signals as completions on the control thread.
//
// Law: block() runs before any thread is started, so that no worker is ever interrupted.
#pragma once

#include <csignal>
#include <cstdint>

#include "core/base/result.h"
#include "core/io/op.h"
#include "core/io/ring.h"

namespace jumpgate {

// Blocks SIGTERM, SIGINT, SIGQUIT, SIGHUP, SIGUSR1 in this thread and its children, and ignores
// SIGPIPE: splice(2) has no MSG_NOSIGNAL.
void block_signals();

class SignalWatch : public Op {
  public:
    // Calls `on_signal(number)` of `context` for each signal that block_signals() blocked.
    SignalWatch(Ring& ring, void (*on_signal)(void* context, int number), void* context);
    ~SignalWatch();
    SignalWatch(const SignalWatch&) = delete;
    SignalWatch& operator=(const SignalWatch&) = delete;

  private:
    void arm();

    Ring& ring_;
    void (*on_signal_)(void*, int);
    void* context_;
    int fd_;
    alignas(8) uint8_t record_[128];  // signalfd_siginfo
};

// Raises RLIMIT_NOFILE to its hard limit; returns the limit in force.
uint64_t raise_descriptor_limit();

}  // namespace jumpgate
