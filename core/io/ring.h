// Ring: one io_uring. The only place where SQEs are queued and CQEs are reaped.
//
// Law: it belongs to the thread that opened it (IORING_SETUP_SINGLE_ISSUER). `next_sqe` never
// fails: a full submission queue is flushed. Every SQE carries the address of an Op. This class is
// the seam: a simulator can be linked in its place (docs/decisions/0003).
#pragma once

#include <liburing.h>

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "core/base/result.h"
#include "core/io/op.h"

namespace jumpgate {

// What this kernel can do, found by trying, never by version.
struct Capabilities {
    bool defer_taskrun = false;     // completions run in our own enter (6.1)
    bool recv_multishot = false;    // one SQE, many receives (6.0)
    bool recv_budget = false;       // byte budget of a multishot receive, sqe->optlen (~6.17)
    bool socket_options = false;    // URING_CMD setsockopt on direct descriptors (6.7)
    bool peer_name = false;         // URING_CMD getsockopt(SO_PEERNAME) (6.7)
    bool bind = false;              // IORING_OP_BIND (6.11)
    bool fd_install = false;        // IORING_OP_FIXED_FD_INSTALL (6.8): splice and cheap half-close
    bool accept_multishot = false;  // one SQE, many accepts into direct descriptors (5.19)

    // The start-up line: "defer_taskrun recv_multishot ... -bind" (a minus marks what is missing).
    std::string line() const;
};

struct RingLimits {
    uint32_t accept_slots = 0;            // direct descriptors the kernel fills at accept
    uint32_t dial_slots = 0;              // direct descriptors for sockets that we open
    uint32_t submissions = 1024;          // SQ entries, a power of two
    uint32_t completions = 8192;          // CQ entries, a power of two
    std::vector<std::string> disabled{};  // capabilities not to use, by their name in Capabilities
    uint64_t busy_poll_ns = 0;            // how long wait() looks for completions before it sleeps
};

struct RingCounters {
    uint64_t enters = 0;        // io_uring_enter calls: one per turn, and each flush of a full SQ
    uint64_t completions = 0;   // CQEs dispatched
    uint64_t cq_overflows = 0;  // turns that found completions parked behind a full CQ
    uint64_t stray_errors = 0;  // failures of operations nobody waits for (close, cancel)
};

class Ring {
  public:
    // Opens the ring, registers the descriptor table and runs the self-test (about 1 ms).
    // Errors: NotPermitted/NotSupported where io_uring is blocked, OutOfMemory, OutOfFiles where
    // the slots exceed the hard RLIMIT_NOFILE (liburing raises the soft one).
    static Result<std::unique_ptr<Ring>> open(const RingLimits& limits);
    ~Ring();
    Ring(const Ring&) = delete;
    Ring& operator=(const Ring&) = delete;

    // A zeroed SQE that will complete `op`. The caller preps it with io_uring_prep_*, which keeps
    // user_data; set flags after the prep call.
    io_uring_sqe& next_sqe(Op& op);
    // The Op for operations whose success nobody waits for; failures are counted.
    Op& unobserved() { return unobserved_; }
    // At least `count` SQEs fit before the next flush, so that a linked chain is not torn.
    void reserve(unsigned count);

    // Submits and waits until a completion or `timeout_ns` (0: do not wait), awake at first for as
    // long as RingLimits::busy_poll_ns says.
    void wait(uint64_t timeout_ns);
    // Completes the Op of everything that has come; returns how many. Not from within a completion.
    unsigned dispatch();
    unsigned turn(uint64_t timeout_ns) {
        wait(timeout_ns);
        return dispatch();
    }

    // A free slot for a socket of ours, or -1. Give it back once its close is queued: SQEs run in
    // order, so the next owner's socket lands on an empty slot.
    int32_t take_dial_slot();
    void give_dial_slot(int32_t slot);
    uint32_t dial_slots_free() const { return static_cast<uint32_t>(free_slots_.size()); }
    bool is_dial_slot(int32_t slot) const {
        return slot >= static_cast<int32_t>(limits_.accept_slots);
    }

    const RingLimits& limits() const { return limits_; }
    const Capabilities& capabilities() const { return capabilities_; }
    const RingCounters& counters() const { return counters_; }
    int fd() const { return ring_.ring_fd; }
    io_uring& raw() { return ring_; }

  private:
    explicit Ring(RingLimits limits) : limits_(std::move(limits)) {}
    Status setup();
    Status register_slots();
    void flush();
    bool busy_poll(uint64_t for_ns);

    struct Unobserved : Op {
        Ring* ring;
    };

    RingLimits limits_;
    Capabilities capabilities_;
    RingCounters counters_;
    std::vector<int32_t> free_slots_;
    Unobserved unobserved_{};
    bool opened_ = false;
    bool drain_ = false;  // the last batch was capped: more completions may be ready
    io_uring ring_{};
};

// One sentence for the user: why io_uring cannot be used here and what to do.
std::string explain_ring_failure(Error error, const RingLimits& limits);

}  // namespace jumpgate
