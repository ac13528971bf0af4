#include "core/io/signals.h"

#include <sys/resource.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include "core/base/check.h"

namespace jumpgate {

static sigset_t watched() {
    sigset_t set;
    sigemptyset(&set);
    for (int number : {SIGTERM, SIGINT, SIGQUIT, SIGHUP, SIGUSR1}) sigaddset(&set, number);
    return set;
}

void block_signals() {
    const sigset_t set = watched();
    pthread_sigmask(SIG_BLOCK, &set, nullptr);
    std::signal(SIGPIPE, SIG_IGN);
}

SignalWatch::SignalWatch(Ring& ring, void (*on_signal)(void*, int), void* context)
    : Op{[](Op& op, Completion done) {
          SignalWatch& self = static_cast<SignalWatch&>(op);
          static_assert(sizeof(signalfd_siginfo) == sizeof self.record_);
          if (done.result != sizeof(signalfd_siginfo)) return;
          const auto* info = reinterpret_cast<const signalfd_siginfo*>(self.record_);
          const int number = static_cast<int>(info->ssi_signo);
          self.arm();
          self.on_signal_(self.context_, number);
      }},
      ring_(ring),
      on_signal_(on_signal),
      context_(context) {
    const sigset_t set = watched();
    fd_ = signalfd(-1, &set, SFD_CLOEXEC);
    CHECK(fd_ >= 0);
    arm();
}

// The ring is closed before the watch: its read then ends with it.
SignalWatch::~SignalWatch() { close(fd_); }

void SignalWatch::arm() {
    io_uring_sqe& sqe = ring_.next_sqe(*this);
    io_uring_prep_read(&sqe, fd_, record_, sizeof record_, 0);
}

uint64_t raise_descriptor_limit() {
    rlimit limit{};
    if (getrlimit(RLIMIT_NOFILE, &limit) != 0) return 1024;
    limit.rlim_cur = limit.rlim_max;
    setrlimit(RLIMIT_NOFILE, &limit);
    getrlimit(RLIMIT_NOFILE, &limit);
    return limit.rlim_cur;
}

}  // namespace jumpgate
