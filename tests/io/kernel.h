// What the tests of core/io share: an Op that records, a loop with a deadline, plain peers.
//
// Law: no sleeps. Whatever a test waits for is a condition, and the reactor turns until it holds.
#pragma once

#include <gtest/gtest.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "core/base/time.h"
#include "core/io/ring.h"
#include "core/io/socket.h"

namespace jumpgate {

// Generous: a loaded machine and sanitizers may need it; a passing test never waits for it.
inline constexpr uint64_t kPatienceNs = 20 * kNanosPerSecond;

// Remembers all its completions.
struct Recorder : Op {
    Recorder()
        : Op{[](Op& op, Completion done) { static_cast<Recorder&>(op).got.push_back(done); }} {}
    bool answered() const { return !got.empty(); }
    // Its last completion has come.
    bool ended() const { return answered() && !got.back().more(); }
    int32_t result() const { return got.at(0).result; }
    std::vector<Completion> got;
};

template <class Condition>
bool turn_until(Ring& ring, Condition condition) {
    const uint64_t deadline_ns = monotonic_ns() + kPatienceNs;
    while (!condition()) {
        if (monotonic_ns() > deadline_ns) return false;
        ring.turn(5 * kNanosPerMilli);
    }
    return true;
}

// Whatever was still under way would have answered by now: used to show that nothing more comes.
inline void settle(Ring& ring) {
    for (int i = 0; i < 10; ++i) ring.turn(kNanosPerMilli);
}

// All capabilities but `disabled`.
inline std::unique_ptr<Ring> open_ring(RingLimits limits = {.accept_slots = 64, .dial_slots = 64},
                                       std::vector<std::string> disabled = {}) {
    limits.disabled = std::move(disabled);
    Result<std::unique_ptr<Ring>> ring = Ring::open(limits);
    EXPECT_TRUE(ring) << (ring ? "" : explain_ring_failure(ring.error(), limits));
    return ring ? std::move(*ring) : nullptr;
}

// A descriptor that closes itself.
class Fd {
  public:
    Fd() = default;
    explicit Fd(int fd) : fd_(fd) {}
    Fd(Fd&& other) noexcept : fd_(std::exchange(other.fd_, -1)) {}
    Fd& operator=(Fd&& other) noexcept {
        std::swap(fd_, other.fd_);
        return *this;
    }
    ~Fd() { reset(); }
    void reset() {
        if (fd_ >= 0) close(fd_);
        fd_ = -1;
    }
    int get() const { return fd_; }

  private:
    int fd_ = -1;
};

inline Address loopback(int family = AF_INET) {
    return *Address::parse(family == AF_INET ? "127.0.0.1" : "::1", 0);
}

// A listener of ours on a free port of the loopback interface.
struct Listener {
    explicit Listener(int family = AF_INET, SocketOptions options = {}, int backlog = 4096)
        : fd(*listen_tcp(loopback(family), options, backlog)), address(local_address(fd.get())) {
        peer.length = address.length;
    }
    void accept_into(Ring& ring, Op& op) const { accept(ring, op, fd.get(), peer); }
    Fd fd;
    Address address;
    mutable Address peer;  // who was accepted, where the kernel cannot tell it later
};

// A blocking client socket of the operating system, with nothing of ours in it.
inline Fd plain_client(const Address& to, int receive_bytes = 0) {
    Fd fd(socket(to.any.sa_family, SOCK_STREAM | SOCK_CLOEXEC, 0));
    if (receive_bytes != 0) {
        setsockopt(fd.get(), SOL_SOCKET, SO_RCVBUF, &receive_bytes, sizeof receive_bytes);
    }
    EXPECT_EQ(connect(fd.get(), &to.any, to.length), 0);
    return fd;
}

inline void write_all(int fd, std::span<const uint8_t> bytes) {
    while (!bytes.empty()) {
        const ssize_t sent = send(fd, bytes.data(), bytes.size(), MSG_NOSIGNAL);
        ASSERT_GT(sent, 0);
        bytes = bytes.subspan(static_cast<size_t>(sent));
    }
}

// Bytes that no other offset repeats soon: position errors show.
inline std::vector<uint8_t> pattern(size_t count, uint32_t seed = 1) {
    std::vector<uint8_t> bytes(count);
    uint32_t state = seed * 2'654'435'761U + 1;
    for (uint8_t& byte : bytes) {
        state = state * 1'664'525U + 1'013'904'223U;
        byte = static_cast<uint8_t>(state >> 24U);
    }
    return bytes;
}

// Lowers a soft limit of the process for the life of the object.
class LoweredLimit {
  public:
    LoweredLimit(__rlimit_resource resource, rlim_t soft) : resource_(resource) {
        getrlimit(resource_, &before_);
        rlimit lowered = before_;
        lowered.rlim_cur = soft;
        EXPECT_EQ(setrlimit(resource_, &lowered), 0);
    }
    ~LoweredLimit() { setrlimit(resource_, &before_); }
    LoweredLimit(const LoweredLimit&) = delete;
    LoweredLimit& operator=(const LoweredLimit&) = delete;

  private:
    __rlimit_resource resource_;
    rlimit before_{};
};

// A limit on descriptors under which no further one can be opened.
inline rlim_t lowest_free_fd() {
    const Fd probe(dup(0));
    return static_cast<rlim_t>(probe.get());
}

}  // namespace jumpgate
