#include "core/proxy/listener.h"

#include <cerrno>

#include "core/proxy/worker.h"

namespace jumpgate {

static constexpr uint64_t kRetryMs = 1000;

Listener::Listener(Worker& worker, int fd, uint8_t index, bool tls)
    : Op{[](Op& op, Completion done) { static_cast<Listener&>(op).on_accept(done); }},
      Timer([](Timer& timer) { static_cast<Listener&>(timer).resume(); }),
      worker_(worker),
      fd_(fd),
      index_(index),
      tls_(tls) {
    local_ = local_address(fd);
    // Tells recv_first how long a peer's name is; a one-shot accept overwrites it.
    accepted_from_.length = local_.length;
    port_ = local_.port();
    if (local_.is_any()) local_ = {};
}

Listener::~Listener() {
    CHECK(!armed_);
    if (fd_ >= 0) close_fd(fd_);
}

void Listener::arm() {
    if (armed_ || closed_) return;
    const uint32_t slots = worker_.reactor().ring().limits().accept_slots;
    const uint32_t free = slots - worker_.clients();
    if (free >= slots / 4) scarce_ = false;
    paused_ = scarce_ && free == 0;
    if (paused_) return;
    armed_ = true;
    accept(worker_.reactor().ring(), *this, fd_, accepted_from_, scarce_);
}

void Listener::close() {
    closed_ = true;
    worker_.reactor().timers().stop(*this);
    if (armed_) cancel(worker_.reactor().ring(), *this);
    close_fd(fd_);
    fd_ = -1;
}

void Listener::on_accept(Completion done) {
    if (!done.more()) armed_ = false;
    if (done.result >= 0) {
        if (closed_) {
            close_socket(worker_.reactor().ring(), Socket{done.result});
        } else {
            worker_.admit(
                {Socket{done.result}, accepted_from_, local_, port_, index_, tls_, false});
        }
        arm();
    } else if (!closed_ && !armed_) {
        failed(done.result);
    }
    if (closed_ && !armed_) worker_.listener_ended();
}

void Listener::failed(int32_t result) {
    const bool shortage =
        result == -ENFILE || result == -EMFILE || result == -ENOMEM || result == -ENOBUFS;
    if (!shortage) {  // the peer gave up before we came (ECONNABORTED and the like)
        arm();
        return;
    }
    paused_ = scarce_ = true;
    worker_.stats().accept_pauses++;
    worker_.reactor().timers().start(*this, kRetryMs);
}

}  // namespace jumpgate
