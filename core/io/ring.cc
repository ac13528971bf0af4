#include "core/io/ring.h"

#include <fcntl.h>
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cerrno>

#include "core/base/time.h"
#include "core/io/handover.h"
#include "core/io/self_test.h"

namespace jumpgate {

// Below this many completions in one enter the kernel has handed over all it had: it caps a batch
// at max(20, wait_nr) task-work items (IO_LOCAL_TW_DEFAULT_MAX, kernels after 6.12).
static constexpr unsigned kCappedBatch = 20;
// What is copied out of the completion queue at a time.
static constexpr unsigned kBatch = 256;

struct NamedCapability {
    const char* name;
    bool Capabilities::*member;
};
static constexpr std::array<NamedCapability, 8> kCapabilityNames = {{
    {"defer_taskrun", &Capabilities::defer_taskrun},
    {"accept_multishot", &Capabilities::accept_multishot},
    {"recv_multishot", &Capabilities::recv_multishot},
    {"recv_budget", &Capabilities::recv_budget},
    {"socket_options", &Capabilities::socket_options},
    {"peer_name", &Capabilities::peer_name},
    {"bind", &Capabilities::bind},
    {"fd_install", &Capabilities::fd_install},
}};

std::string Capabilities::line() const {
    std::string out;
    for (const NamedCapability& capability : kCapabilityNames) {
        if (!out.empty()) out += ' ';
        if (!(this->*capability.member)) out += '-';
        out += capability.name;
    }
    return out;
}

std::vector<std::string> capability_names() {
    std::vector<std::string> names;
    for (const NamedCapability& capability : kCapabilityNames) names.emplace_back(capability.name);
    return names;
}

// The newest flags first; each EINVAL drops the newest that is left.
static Status queue_init(const RingLimits& limits, io_uring& ring, bool& defer_taskrun) {
    static constexpr std::array<unsigned, 4> kFlags = {
        IORING_SETUP_SUBMIT_ALL | IORING_SETUP_SINGLE_ISSUER | IORING_SETUP_DEFER_TASKRUN,
        IORING_SETUP_SUBMIT_ALL | IORING_SETUP_SINGLE_ISSUER | IORING_SETUP_COOP_TASKRUN,
        IORING_SETUP_SUBMIT_ALL | IORING_SETUP_COOP_TASKRUN,
        0,
    };
    int failed = -EINVAL;
    for (unsigned flags : kFlags) {
        const bool defer = (flags & IORING_SETUP_DEFER_TASKRUN) != 0;
        if (defer && std::ranges::find(limits.disabled, "defer_taskrun") != limits.disabled.end()) {
            continue;
        }
        io_uring_params params{};
        params.flags = flags | IORING_SETUP_CQSIZE | IORING_SETUP_CLAMP;
        params.cq_entries = limits.completions;
        failed = io_uring_queue_init_params(limits.submissions, &ring, &params);
        if (failed == 0) {
            defer_taskrun = defer;
            return Unit{};
        }
        if (failed != -EINVAL) break;
    }
    return error_from_errno(-failed, Side::Internal);
}

Result<std::unique_ptr<Ring>> Ring::open(const RingLimits& limits) {
    CHECK(limits.submissions >= 8 && limits.completions >= limits.submissions);
    std::unique_ptr<Ring> ring(new Ring(limits));
    Status ready = ring->setup();
    if (!ready) return ready.error();
    return ring;
}

Ring::~Ring() {
    if (opened_) io_uring_queue_exit(&ring_);
}

Status Ring::setup() {
    // A daemon without standard input: descriptor 0 stays taken all the same, so that a result of 0
    // is never a descriptor (shut_send_finish).
    if (fcntl(0, F_GETFD) < 0) ::open("/dev/null", O_RDWR | O_CLOEXEC);
    unobserved_.complete = [](Op& op, Completion done) {
        // A cancel that came too late found nothing: that is how most cancels end.
        if (done.result == -ENOENT || done.result == -EALREADY) return;
        static_cast<Unobserved&>(op).ring->counters_.stray_errors++;
    };
    unobserved_.ring = this;
    Status opened = queue_init(limits_, ring_, capabilities_.defer_taskrun);
    if (!opened) return opened;
    opened_ = true;
    // Saves a descriptor look-up per enter (5.18); without it everything still works.
    io_uring_register_ring_fd(&ring_);
    Status slots = register_slots();
    if (!slots) return slots;
    const bool deferred = capabilities_.defer_taskrun;
    capabilities_ = find_capabilities(*this);
    capabilities_.defer_taskrun = deferred;
    for (const NamedCapability& capability : kCapabilityNames) {
        if (std::ranges::find(limits_.disabled, capability.name) == limits_.disabled.end())
            continue;
        capabilities_.*capability.member = false;
    }
    counters_ = {};
    return Unit{};
}

// One table, two owners: the kernel allocates [0, accept_slots), we hand out the rest.
Status Ring::register_slots() {
    const uint32_t slots = limits_.accept_slots + limits_.dial_slots;
    if (slots == 0) return Unit{};
    int failed = io_uring_register_files_sparse(&ring_, slots);
    if (failed == 0 && limits_.accept_slots > 0) {
        failed = io_uring_register_file_alloc_range(&ring_, 0, limits_.accept_slots);
    }
    if (failed != 0) return error_from_errno(-failed, Side::Internal);
    free_slots_.reserve(limits_.dial_slots);
    for (uint32_t slot = slots; slot > limits_.accept_slots; --slot) {
        free_slots_.push_back(static_cast<int32_t>(slot - 1));
    }
    return Unit{};
}

io_uring_sqe& Ring::next_sqe(Op& op) {
    io_uring_sqe* sqe = io_uring_get_sqe(&ring_);
    if (sqe == nullptr) {
        flush();
        sqe = io_uring_get_sqe(&ring_);
        CHECK(sqe != nullptr);
    }
    *sqe = {};
    io_uring_sqe_set_data(sqe, &op);
    return *sqe;
}

void Ring::reserve(unsigned count) {
    if (io_uring_sq_space_left(&ring_) < count) flush();
}

void Ring::flush() {
    // Short of memory, or interrupted: the kernel has taken nothing and wants to be asked again.
    constexpr unsigned kTriesMax = 1'000;
    for (unsigned i = 0; i < kTriesMax; ++i) {
        counters_.enters++;
        const int submitted = io_uring_submit(&ring_);
        if (submitted != -EAGAIN && submitted != -EBUSY && submitted != -EINTR) return;
    }
}

// Submits, and asks the kernel again and again: with deferred task work a completion comes only to
// who asks. True: there is one.
bool Ring::busy_poll(uint64_t for_ns) {
    const uint64_t until_ns = monotonic_ns() + for_ns;
    do {
        counters_.enters++;
        io_uring_submit_and_get_events(&ring_);
        if (io_uring_cq_ready(&ring_) > 0) return true;
    } while (monotonic_ns() < until_ns);
    return false;
}

// More completions may be ready behind a capped batch: that is looked after at once. Not by waiting
// no time for many of them, which would take them in one enter: a timer of no time sleeps all the
// same, and for 1,000 messages a turn of 50 enters costs less (docs/decisions/0016).
void Ring::wait(uint64_t timeout_ns) {
    const uint64_t wait_ns = drain_ ? 0 : timeout_ns;
    const uint64_t awake_ns = std::min(limits_.busy_poll_ns, wait_ns);
    if (awake_ns > 0 && busy_poll(awake_ns)) return;
    int rc = 0;
    if (wait_ns == 0) {
        rc = io_uring_submit_and_get_events(&ring_);
    } else {
        __kernel_timespec timeout{};
        timeout.tv_sec = static_cast<int64_t>(wait_ns / kNanosPerSecond);
        timeout.tv_nsec = static_cast<long long>(wait_ns % kNanosPerSecond);
        io_uring_cqe* first = nullptr;
        rc = io_uring_submit_and_wait_timeout(&ring_, &first, 1, &timeout, nullptr);
    }
    // EBUSY: the kernel parks completions behind a full CQ and wants it emptied first.
    CHECK(rc >= 0 || rc == -ETIME || rc == -EINTR || rc == -EBUSY || rc == -EAGAIN);
    counters_.enters++;
}

// Copies a batch out before it runs any callback: a callback may submit, which may reap.
unsigned Ring::dispatch() {
    if ((IO_URING_READ_ONCE(*ring_.sq.kflags) & IORING_SQ_CQ_OVERFLOW) != 0) {
        counters_.cq_overflows++;
    }
    // Without initial values: to clear 256 of them was most of a turn that has one completion.
    struct Entry {
        Op* op;
        int32_t result;
        uint32_t flags;
    };
    std::array<Entry, kBatch> batch;
    unsigned total = 0;
    for (;;) {
        unsigned head = 0;
        unsigned count = 0;
        io_uring_cqe* cqe = nullptr;
        io_uring_for_each_cqe(&ring_, head, cqe) {
            batch[count++] = {static_cast<Op*>(io_uring_cqe_get_data(cqe)), cqe->res, cqe->flags};
            if (count == batch.size()) break;
        }
        io_uring_cq_advance(&ring_, count);
        for (unsigned i = 0; i < count; ++i) {
            take_over(batch[i].op);
            batch[i].op->complete(*batch[i].op, {batch[i].result, batch[i].flags});
        }
        total += count;
        counters_.completions += count;
        if (count < batch.size()) break;
    }
    drain_ = total >= kCappedBatch;
    return total;
}

int32_t Ring::take_dial_slot() {
    if (free_slots_.empty()) return -1;
    const int32_t slot = free_slots_.back();
    free_slots_.pop_back();
    return slot;
}

void Ring::give_dial_slot(int32_t slot) {
    CHECK(is_dial_slot(slot));
    free_slots_.push_back(slot);
}

std::string explain_ring_failure(Error error, const RingLimits& limits) {
    switch (error.code) {
        case ErrorCode::NotPermitted:
        case ErrorCode::NotSupported:
            return "io_uring is blocked here: allow it with `sysctl kernel.io_uring_disabled=0`, "
                   "or, "
                   "in a container, run with a seccomp profile that permits io_uring_setup, "
                   "io_uring_enter and io_uring_register; Linux 6.1 or newer is needed";
        case ErrorCode::OutOfMemory:
            return "io_uring could not lock its memory: raise RLIMIT_MEMLOCK (ulimit -l)";
        case ErrorCode::OutOfFiles:
            return fmt::format(
                "io_uring refused a table of {} descriptors: it may not exceed the "
                "descriptor limit (ulimit -n); raise it or lower --connections-max",
                limits.accept_slots + limits.dial_slots);
        default:
            return fmt::format("io_uring could not be set up: {} (errno {})", text(error.code),
                               error.sys);
    }
}

}  // namespace jumpgate
