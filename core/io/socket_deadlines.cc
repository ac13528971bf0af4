#include "core/io/socket_deadlines.h"

#include <sys/socket.h>

#include <algorithm>
#include <chrono>
#include <limits>

#include "core/base/time.h"

namespace jumpgate {

static constexpr uint64_t kNever = std::numeric_limits<uint64_t>::max();

SocketDeadlines::SocketDeadlines() : thread_([this] { work(); }) {}

SocketDeadlines::~SocketDeadlines() {
    {
        const std::lock_guard lock(lock_);
        ended_ = true;
    }
    changed_.notify_one();
    thread_.join();
}

void SocketDeadlines::start(int fd, uint64_t after_ms) {
    const std::lock_guard lock(lock_);
    const uint64_t due_ns = monotonic_ns() + after_ms * kNanosPerMilli;
    due_ns_[fd] = due_ns;
    if (due_ns < next_ns_) changed_.notify_one();
}

void SocketDeadlines::stop(int fd) {
    const std::lock_guard lock(lock_);
    due_ns_.erase(fd);
}

void SocketDeadlines::shut_overdue() {
    const uint64_t now_ns = monotonic_ns();
    next_ns_ = kNever;
    for (auto each = due_ns_.begin(); each != due_ns_.end();) {
        if (each->second > now_ns) {
            next_ns_ = std::min(next_ns_, each->second);
            ++each;
        } else {
            ::shutdown(each->first, SHUT_RDWR);
            each = due_ns_.erase(each);
        }
    }
}

void SocketDeadlines::work() {
    std::unique_lock lock(lock_);
    while (!ended_) {
        shut_overdue();
        if (next_ns_ == kNever) {
            changed_.wait(lock);
        } else {
            const uint64_t left_ns = next_ns_ - std::min(next_ns_, monotonic_ns());
            changed_.wait_for(lock, std::chrono::nanoseconds(left_ns));
        }
    }
}

}  // namespace jumpgate
