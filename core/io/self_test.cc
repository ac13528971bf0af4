#include "core/io/self_test.h"

#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <cerrno>

#include "core/base/time.h"

namespace jumpgate {

namespace {

// An Op on the stack that just remembers its last completion: whoever submits it waits for its end.
struct Probe : Op {
    Probe()
        : Op{[](Op& op, Completion done) {
              static_cast<Probe&>(op).last = done;
              static_cast<Probe&>(op).answers++;
          }} {}
    Completion last;
    unsigned answers = 0;
};

// Turns the ring until `probe` is answered; false after a second without an answer.
bool answered(Ring& ring, Probe& probe) {
    const uint64_t deadline_ns = monotonic_ns() + kNanosPerSecond;
    do {
        ring.turn(kNanosPerMilli);
    } while (probe.answers == 0 && monotonic_ns() < deadline_ns);
    return probe.answers != 0;
}

// Ends a probe that is still armed: the kernel must not complete it after its frame has gone.
void disarm(Ring& ring, Probe& probe) {
    if (probe.answers != 0 && !probe.last.more()) return;
    probe.answers = 0;
    io_uring_sqe& sqe = ring.next_sqe(ring.unobserved());
    io_uring_prep_cancel64(&sqe, reinterpret_cast<uint64_t>(static_cast<Op*>(&probe)), 0);
    sqe.flags |= IOSQE_CQE_SKIP_SUCCESS;
    CHECK(answered(ring, probe));
}

class SocketPair {
  public:
    SocketPair() { ok_ = socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, fds_.data()) == 0; }
    ~SocketPair() {
        if (!ok_) return;
        close(fds_[0]);
        close(fds_[1]);
    }
    SocketPair(const SocketPair&) = delete;
    SocketPair& operator=(const SocketPair&) = delete;
    bool ok() const { return ok_; }
    int near() const { return fds_[0]; }
    int far() const { return fds_[1]; }

  private:
    std::array<int, 2> fds_{};
    bool ok_ = false;
};

bool has_option_commands(Ring& ring, int fd) {
    Probe probe;
    int type = 0;
    io_uring_sqe& sqe = ring.next_sqe(probe);
    io_uring_prep_cmd_sock(&sqe, SOCKET_URING_OP_GETSOCKOPT, fd, SOL_SOCKET, SO_TYPE, &type,
                           sizeof type);
    return answered(ring, probe) && probe.last.result == sizeof type && type == SOCK_STREAM;
}

bool has_peer_name(Ring& ring, int fd) {
    Probe probe;
    sockaddr_storage peer{};
    io_uring_sqe& sqe = ring.next_sqe(probe);
    io_uring_prep_cmd_sock(&sqe, SOCKET_URING_OP_GETSOCKOPT, fd, SOL_SOCKET, SO_PEERNAME, &peer,
                           sizeof(sa_family_t));
    return answered(ring, probe) && probe.last.result > 0 && peer.ss_family == AF_UNIX;
}

// Arms a multishot receive (with a byte budget of `budget`, 0 for none) and sends one byte; says
// whether it delivered, and whether the budget ended it.
struct MultishotVerdict {
    bool delivers = false;
    bool budget_ends_it = false;
};
MultishotVerdict try_multishot(Ring& ring, int fd, int peer, uint32_t budget) {
    constexpr uint16_t kGroup = 0xFFFE;
    constexpr unsigned kBuffers = 4;
    std::array<std::array<char, 16>, kBuffers> memory{};
    int error = 0;
    io_uring_buf_ring* buffers = io_uring_setup_buf_ring(&ring.raw(), kBuffers, kGroup, 0, &error);
    if (buffers == nullptr) return {};
    for (unsigned i = 0; i < kBuffers; ++i) {
        io_uring_buf_ring_add(buffers, memory[i].data(), 16, static_cast<uint16_t>(i),
                              io_uring_buf_ring_mask(kBuffers), static_cast<int>(i));
    }
    io_uring_buf_ring_advance(buffers, kBuffers);
    Probe probe;
    io_uring_sqe& sqe = ring.next_sqe(probe);
    io_uring_prep_recv_multishot(&sqe, fd, nullptr, 0, 0);
    sqe.flags |= IOSQE_BUFFER_SELECT;
    sqe.buf_group = kGroup;
    sqe.optlen = budget;
    MultishotVerdict verdict;
    if (send(peer, "x", 1, MSG_NOSIGNAL) == 1 && answered(ring, probe)) {
        verdict.delivers = probe.last.result == 1;
        verdict.budget_ends_it = verdict.delivers && !probe.last.more();
    }
    disarm(ring, probe);
    io_uring_free_buf_ring(&ring.raw(), buffers, kBuffers, kGroup);
    return verdict;
}

}  // namespace

Capabilities find_capabilities(Ring& ring) {
    Capabilities found;
    io_uring_probe* probe = io_uring_get_probe_ring(&ring.raw());
    if (probe != nullptr) {
        // Multishot accept came with IORING_OP_SOCKET (both 5.19) and has no bit of its own.
        found.accept_multishot = io_uring_opcode_supported(probe, IORING_OP_SOCKET) != 0;
        found.bind = io_uring_opcode_supported(probe, IORING_OP_BIND) != 0;
        found.fd_install = io_uring_opcode_supported(probe, IORING_OP_FIXED_FD_INSTALL) != 0;
        io_uring_free_probe(probe);
    }
    SocketPair pair;
    if (!pair.ok()) return found;
    found.socket_options = has_option_commands(ring, pair.near());
    found.peer_name = found.socket_options && has_peer_name(ring, pair.near());
    found.recv_multishot = try_multishot(ring, pair.near(), pair.far(), 0).delivers;
    found.recv_budget =
        found.recv_multishot && try_multishot(ring, pair.near(), pair.far(), 1).budget_ends_it;
    return found;
}

}  // namespace jumpgate
