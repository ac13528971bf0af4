// Ring: set-up and its failures, full queues, linked chains, draining, slots.
#include "core/io/ring.h"

#include <gtest/gtest.h>
#include <sys/eventfd.h>

#include <array>
#include <cerrno>
#include <cstdlib>
#include <iostream>
#include <vector>

#include "core/io/self_test.h"
#include "tests/io/kernel.h"
#include "tests/io/seccomp.h"

namespace jumpgate {
namespace {

// ---- Set-up ----------------------------------------------------------------------------------

TEST(Ring, EachCapabilityCanBeTakenAwayAndTheLineSaysSo) {
    for (const std::string& name : capability_names()) {
        std::unique_ptr<Ring> ring = open_ring({}, {name});
        const std::string line = ring->capabilities().line();
        const size_t at = line.find(name);
        ASSERT_NE(at, std::string::npos);
        EXPECT_TRUE(at > 0 && line[at - 1] == '-') << line;
    }
    std::unique_ptr<Ring> bare = open_ring({}, capability_names());
    EXPECT_EQ(bare->capabilities().line(), Capabilities().line());
}

TEST(Ring, WorksWithoutDeferredTaskRun) {
    std::unique_ptr<Ring> ring = open_ring({}, {"defer_taskrun"});
    EXPECT_EQ(ring->raw().flags & IORING_SETUP_DEFER_TASKRUN, 0U);
    EXPECT_FALSE(ring->capabilities().defer_taskrun);
    Recorder nop;
    io_uring_prep_nop(&ring->next_sqe(nop));
    EXPECT_TRUE(turn_until(*ring, [&] { return nop.answered(); }));
}

TEST(Ring, OpeningCountsNothingOfTheSelfTest) {
    std::unique_ptr<Ring> ring = open_ring({});
    EXPECT_EQ(ring->counters().enters, 0U);
    EXPECT_EQ(ring->counters().completions, 0U);
    EXPECT_EQ(ring->counters().stray_errors, 0U);
}

// liburing raises the soft limit by itself; the hard one is final.
void exceed_descriptor_limit() {
    const rlimit hard = {.rlim_cur = 512, .rlim_max = 512};
    if (setrlimit(RLIMIT_NOFILE, &hard) != 0) _exit(2);
    if (!Ring::open({.accept_slots = 300, .dial_slots = 212})) _exit(3);
    const RingLimits limits = {.accept_slots = 300, .dial_slots = 213};
    Result<std::unique_ptr<Ring>> ring = Ring::open(limits);
    if (ring || ring.error().code != ErrorCode::OutOfFiles) _exit(4);
    std::cerr << explain_ring_failure(ring.error(), limits) << std::endl;
    _exit(0);
}

TEST(RingDeathTest, MoreSlotsThanTheDescriptorLimitIsOutOfFiles) {
    EXPECT_EXIT(exceed_descriptor_limit(), testing::ExitedWithCode(0),
                "513 descriptors.*ulimit -n");
}

// Exits with 0 after printing the explanation, where the set-up fails with `code`.
void explain_denial(uint32_t error, ErrorCode code) {
    if (!deny_system_call(__NR_io_uring_setup, error)) _exit(2);
    Result<std::unique_ptr<Ring>> ring = Ring::open({});
    if (ring || ring.error().code != code) _exit(3);
    std::cerr << explain_ring_failure(ring.error(), {}) << std::endl;
    _exit(0);
}

TEST(RingDeathTest, WhereIoUringIsBlockedTheReasonNamesSysctlAndSeccomp) {
    const auto exits_well = testing::ExitedWithCode(0);
    EXPECT_EXIT(explain_denial(EPERM, ErrorCode::NotPermitted), exits_well,
                "kernel.io_uring_disabled.*seccomp");
    EXPECT_EXIT(explain_denial(ENOSYS, ErrorCode::NotSupported), exits_well,
                "kernel.io_uring_disabled.*seccomp");
    EXPECT_EXIT(explain_denial(EINVAL, ErrorCode::NotSupported), exits_well, "Linux 6.1");
    EXPECT_EXIT(explain_denial(ENOMEM, ErrorCode::OutOfMemory), exits_well, "ulimit -l");
    EXPECT_EXIT(explain_denial(EFAULT, ErrorCode::System), exits_well, "errno 14");
}

TEST(Ring, ExplanationsAreOneSentenceEach) {
    for (int32_t sys : {EPERM, ENOSYS, ENOMEM, EMFILE, EFAULT}) {
        const std::string text = explain_ring_failure(error_from_errno(sys, Side::Internal), {});
        EXPECT_FALSE(text.empty());
        EXPECT_EQ(text.find('\n'), std::string::npos);
    }
}

// ---- Full queues -----------------------------------------------------------------------------

TEST(Ring, AFullSubmissionQueueIsFlushedAndCounted) {
    std::unique_ptr<Ring> ring = open_ring({.submissions = 8});
    std::vector<Recorder> nops(100);
    for (Recorder& nop : nops) io_uring_prep_nop(&ring->next_sqe(nop));
    EXPECT_GE(ring->counters().enters, 12U);
    ASSERT_TRUE(turn_until(*ring, [&] { return nops.back().answered(); }));
    for (const Recorder& nop : nops) EXPECT_EQ(nop.got.size(), 1U);
    EXPECT_EQ(ring->counters().completions, 100U);
}

TEST(Ring, CompletionsBehindAFullQueueAreCountedAndNotLost) {
    for (const char* disabled : {"", "defer_taskrun"}) {
        SCOPED_TRACE(disabled);
        std::unique_ptr<Ring> ring = open_ring({.submissions = 8, .completions = 8}, {disabled});
        std::vector<Recorder> nops(500);
        for (Recorder& nop : nops) io_uring_prep_nop(&ring->next_sqe(nop));
        ASSERT_TRUE(turn_until(*ring, [&] { return nops.back().answered(); }));
        settle(*ring);
        for (const Recorder& nop : nops) ASSERT_EQ(nop.got.size(), 1U);
        EXPECT_GT(ring->counters().cq_overflows, 0U);
    }
}

// Returns what the links of a chain answered whose first link fails.
std::vector<int32_t> failing_chain(Ring& ring, unsigned length) {
    std::vector<Recorder> links(length);
    for (unsigned i = 0; i < length; ++i) {
        io_uring_sqe& sqe = ring.next_sqe(links[i]);
        if (i == 0) {
            io_uring_prep_read(&sqe, -1, nullptr, 0, 0);
        } else {
            io_uring_prep_nop(&sqe);
        }
        if (i + 1 < length) sqe.flags |= IOSQE_IO_LINK;
    }
    EXPECT_TRUE(turn_until(ring, [&] { return links.back().answered(); }));
    std::vector<int32_t> results;
    for (const Recorder& link : links) results.push_back(link.result());
    return results;
}

TEST(Ring, ReserveKeepsAChainTogetherHoweverFullTheQueueIs) {
    constexpr unsigned kChain = 8;
    std::unique_ptr<Ring> ring = open_ring({.submissions = 16});
    std::vector<int32_t> whole(kChain, -ECANCELED);
    whole[0] = -EBADF;
    for (unsigned waiting = 0; waiting <= 16; ++waiting) {
        std::vector<Recorder> before(waiting);
        for (Recorder& nop : before) io_uring_prep_nop(&ring->next_sqe(nop));
        ring->reserve(kChain);
        EXPECT_EQ(failing_chain(*ring, kChain), whole) << waiting << " SQEs before it";
        for (const Recorder& nop : before) EXPECT_EQ(nop.got.size(), 1U);
    }
}

TEST(RingDeathTest, AQueueTooShortForADialIsABrokenInvariant) {
    EXPECT_DEATH((void)Ring::open({.submissions = 4}), "submissions");
}

// ---- Turns -----------------------------------------------------------------------------------

TEST(Ring, TakesAllThatIsReadyInTurnsOfAtLeastTwenty) {
    constexpr size_t kPolls = 1'000;
    std::unique_ptr<Ring> ring = open_ring({.submissions = 1024});
    const Fd event(eventfd(0, EFD_CLOEXEC));
    std::vector<Recorder> polls(kPolls);
    for (Recorder& poll : polls) io_uring_prep_poll_add(&ring->next_sqe(poll), event.get(), POLLIN);
    ring->turn(0);
    const uint64_t before = ring->counters().enters;
    const uint64_t one = 1;
    ASSERT_EQ(write(event.get(), &one, sizeof one), 8);
    ASSERT_TRUE(turn_until(*ring, [&] { return ring->counters().completions == kPolls; }));
    EXPECT_LE(ring->counters().enters - before, kPolls / 20);
    for (const Recorder& poll : polls) EXPECT_EQ(poll.got.size(), 1U);
}

TEST(Ring, BehindACappedBatchATurnLooksAndDoesNotSleep) {
    std::unique_ptr<Ring> ring = open_ring({});
    std::array<Recorder, 20> nops;
    for (Recorder& nop : nops) io_uring_prep_nop(&ring->next_sqe(nop));
    ASSERT_EQ(ring->turn(0), nops.size());
    const uint64_t before_ns = monotonic_ns();
    EXPECT_EQ(ring->turn(kPatienceNs), 0U);
    EXPECT_LT(monotonic_ns() - before_ns, kPatienceNs);
}

TEST(Ring, ATurnWithoutWorkEndsAtItsTimeout) {
    std::unique_ptr<Ring> ring = open_ring({});
    EXPECT_EQ(ring->turn(0), 0U);
    const uint64_t before_ns = monotonic_ns();
    EXPECT_EQ(ring->turn(20 * kNanosPerMilli), 0U);
    EXPECT_GE(monotonic_ns() - before_ns, 20 * kNanosPerMilli);
}

TEST(Ring, BusyPollingTakesWhatComesWithoutSleeping) {
    std::unique_ptr<Ring> ring = open_ring({.busy_poll_ns = kPatienceNs});
    Recorder later;
    pause(*ring, later);
    ring->turn(kPatienceNs);
    EXPECT_EQ(later.result(), -ETIME);
    EXPECT_GT(ring->counters().enters, 1U);  // it asked more than once
}

TEST(Ring, BusyPollingEndsAtTheTimeout) {
    std::unique_ptr<Ring> ring = open_ring({.busy_poll_ns = kPatienceNs});
    const uint64_t before_ns = monotonic_ns();
    EXPECT_EQ(ring->turn(2 * kNanosPerMilli), 0U);
    EXPECT_GE(monotonic_ns() - before_ns, 2 * kNanosPerMilli);
}

TEST(Ring, AfterBusyPollingItSleepsUntilSomethingComes) {
    std::unique_ptr<Ring> ring = open_ring({.busy_poll_ns = 1});
    Recorder later;
    pause(*ring, later);
    ring->turn(kPatienceNs);
    EXPECT_EQ(later.result(), -ETIME);
    EXPECT_LE(ring->counters().enters, 2U);  // one look, one wait
}

TEST(Ring, WithoutWaitingThereIsNoBusyPolling) {
    std::unique_ptr<Ring> ring = open_ring({.busy_poll_ns = kPatienceNs});
    EXPECT_EQ(ring->turn(0), 0U);
    EXPECT_EQ(ring->counters().enters, 1U);
}

TEST(Ring, ACompletionMaySubmitMoreThanTheQueueHolds) {
    struct Spawner : Op {
        Spawner()
            : Op{[](Op& op, Completion) {
                  Spawner& self = static_cast<Spawner&>(op);
                  for (Recorder& nop : self.nops) io_uring_prep_nop(&self.ring->next_sqe(nop));
              }} {}
        Ring* ring = nullptr;
        std::vector<Recorder> nops{300};
    };
    std::unique_ptr<Ring> ring = open_ring({.submissions = 8, .completions = 16});
    Spawner spawner;
    spawner.ring = ring.get();
    io_uring_prep_nop(&ring->next_sqe(spawner));
    ASSERT_TRUE(turn_until(*ring, [&] { return spawner.nops.back().answered(); }));
    settle(*ring);
    for (const Recorder& nop : spawner.nops) EXPECT_EQ(nop.got.size(), 1U);
}

TEST(Ring, FailuresNobodyWaitsForAreCountedButNotLateCancels) {
    std::unique_ptr<Ring> ring = open_ring();
    Recorder never_submitted;
    cancel(*ring, never_submitted);
    settle(*ring);
    EXPECT_EQ(ring->counters().stray_errors, 0U);
    close_socket(*ring, Socket{0});  // an accept slot that is empty
    settle(*ring);
    EXPECT_EQ(ring->counters().stray_errors, 1U);
}

// ---- Slots -----------------------------------------------------------------------------------

TEST(Ring, DialSlotsLieBehindTheAcceptSlotsAndAreHandedOutOnce) {
    std::unique_ptr<Ring> ring = open_ring({.accept_slots = 3, .dial_slots = 4});
    std::vector<int32_t> slots;
    for (uint32_t left = 4; left > 0; --left) {
        EXPECT_EQ(ring->dial_slots_free(), left);
        slots.push_back(ring->take_dial_slot());
        EXPECT_TRUE(ring->is_dial_slot(slots.back()));
    }
    EXPECT_EQ(slots, (std::vector<int32_t>{3, 4, 5, 6}));
    EXPECT_EQ(ring->take_dial_slot(), -1);
    EXPECT_FALSE(ring->is_dial_slot(2));
    ring->give_dial_slot(5);
    EXPECT_EQ(ring->take_dial_slot(), 5);
}

TEST(RingDeathTest, GivingBackAnAcceptSlotIsABrokenInvariant) {
    std::unique_ptr<Ring> ring = open_ring({.accept_slots = 3, .dial_slots = 4});
    EXPECT_DEATH(ring->give_dial_slot(2), "is_dial_slot");
}

}  // namespace
}  // namespace jumpgate
