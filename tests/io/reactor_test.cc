// Reactor: the order of a turn, and time as its callbacks see it.
#include "core/io/reactor.h"

#include <gtest/gtest.h>
#include <sys/eventfd.h>

#include <vector>

#include "tests/io/kernel.h"

namespace jumpgate {
namespace {

std::unique_ptr<Reactor> open_reactor() {
    Result<std::unique_ptr<Reactor>> reactor = Reactor::open({});
    EXPECT_TRUE(reactor);
    return std::move(*reactor);
}

// A kernel timeout: completes after `delay_ms` whatever the timer wheel does.
struct KernelDelay : Op {
    KernelDelay() : Op{&KernelDelay::elapsed} {}
    void arm(Reactor& on, int64_t delay_ms) {
        reactor = &on;
        delay.tv_sec = 0;
        delay.tv_nsec = delay_ms * static_cast<int64_t>(kNanosPerMilli);
        io_uring_prep_timeout(&on.ring().next_sqe(*this), &delay, 0, 0);
    }
    static void elapsed(Op& op, Completion) {
        KernelDelay& self = static_cast<KernelDelay&>(op);
        self.seen_ns = self.reactor->now_ns();
        self.done = true;
        if (self.timer != nullptr) self.reactor->timers().start(*self.timer, 40);
    }
    __kernel_timespec delay{};
    Reactor* reactor = nullptr;
    Timer* timer = nullptr;
    uint64_t seen_ns = 0;
    bool done = false;
};

struct Alarm : Timer {
    Alarm()
        : Timer([](Timer& timer) {
              Alarm& self = static_cast<Alarm&>(timer);
              self.fired_ns = monotonic_ns();
              if (self.stops != nullptr) self.stops->stop();
          }) {}
    uint64_t fired_ns = 0;
    Reactor* stops = nullptr;
};

TEST(Reactor, ACompletionSeesTheTimeAfterTheWaitNotBeforeIt) {
    std::unique_ptr<Reactor> reactor = open_reactor();
    KernelDelay delay;
    delay.arm(*reactor, 80);
    const uint64_t before_ns = monotonic_ns();
    while (!delay.done) reactor->turn(kPatienceNs);
    EXPECT_GE(delay.seen_ns, before_ns + 80 * kNanosPerMilli);
}

TEST(Reactor, ATimerStartedByACompletionAfterALongWaitDoesNotFireEarly) {
    std::unique_ptr<Reactor> reactor = open_reactor();
    KernelDelay delay;
    Alarm alarm;
    delay.timer = &alarm;
    delay.arm(*reactor, 80);
    while (alarm.fired_ns == 0) reactor->turn(kPatienceNs);
    // The wheel ticks in whole milliseconds: the tick in which it was started counts as whole.
    EXPECT_GE(alarm.fired_ns + kNanosPerMilli, delay.seen_ns + 40 * kNanosPerMilli);
}

TEST(Reactor, ACompletionOfTheSameTurnStopsItsDeadline) {
    struct Answer : Op {
        Answer()
            : Op{[](Op& op, Completion) {
                  Answer& self = static_cast<Answer&>(op);
                  self.timers->stop(*self.deadline);
              }} {}
        TimerWheel* timers = nullptr;
        Timer* deadline = nullptr;
    };
    std::unique_ptr<Reactor> reactor = open_reactor();
    Alarm deadline;
    Answer answer;
    answer.timers = &reactor->timers();
    answer.deadline = &deadline;
    reactor->timers().start(deadline, 1);
    while (monotonic_ns() < reactor->now_ns() + 3 * kNanosPerMilli) {
    }
    io_uring_prep_nop(&reactor->ring().next_sqe(answer));
    reactor->turn(kPatienceNs);  // both are ready now
    EXPECT_FALSE(deadline.running());
    EXPECT_EQ(deadline.fired_ns, 0U);
}

TEST(Reactor, ATurnEndsAtTheNextTimer) {
    std::unique_ptr<Reactor> reactor = open_reactor();
    Alarm alarm;
    reactor->timers().start(alarm, 30);
    const uint64_t deadline_ns = monotonic_ns() + kPatienceNs;
    while (alarm.fired_ns == 0 && monotonic_ns() < deadline_ns) reactor->turn(10 * kPatienceNs);
    EXPECT_NE(alarm.fired_ns, 0U);
}

TEST(Reactor, RunEndsAtStopFromACallbackAndCanRunAgain) {
    std::unique_ptr<Reactor> reactor = open_reactor();
    Alarm alarm;
    alarm.stops = reactor.get();
    for (int round = 0; round < 2; ++round) {
        alarm.fired_ns = 0;
        reactor->timers().start(alarm, 5);
        reactor->run();
        EXPECT_NE(alarm.fired_ns, 0U);
    }
}

TEST(Reactor, AStopBeforeRunIsNotLost) {
    std::unique_ptr<Reactor> reactor = open_reactor();
    reactor->stop();
    reactor->run();  // returns at once, or hangs until the test's time limit
}

TEST(Reactor, OpenReportsWhyTheRingWasRefused) {
    RingLimits limits;
    limits.accept_slots = 2'000'000;  // more than IORING_MAX_FIXED_FILES and any sane ulimit
    EXPECT_FALSE(Reactor::open(limits));
}

}  // namespace
}  // namespace jumpgate
