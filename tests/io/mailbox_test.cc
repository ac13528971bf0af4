// Mailbox: two reactors on two threads; order per sender, values, and a receiver that lags.
#include "core/io/mailbox.h"

#include <gtest/gtest.h>

#include <atomic>
#include <memory>
#include <thread>
#include <vector>

#include "core/io/reactor.h"
#include "tests/io/kernel.h"

namespace jumpgate {
namespace {

struct Inbox : Op {
    Inbox()
        : Op{[](Op& op, Completion done) {
              static_cast<Inbox&>(op).values.push_back(done.result);
          }} {}
    std::vector<int32_t> values;
};

std::vector<int32_t> counting(int32_t count) {
    std::vector<int32_t> values;
    for (int32_t i = 0; i < count; ++i) values.push_back(i);
    return values;
}

// Posts 0 .. count-1 from a thread with a ring of its own.
void post_all(int to_ring_fd, Inbox& inbox, int32_t count, std::atomic<bool>& clean) {
    std::unique_ptr<Ring> ring = open_ring({.submissions = 64});
    for (int32_t i = 0; i < count; ++i) {
        post(*ring, to_ring_fd, inbox, i);
        if (i % 7 == 0) ring->turn(0);
    }
    settle(*ring);
    clean = ring->counters().stray_errors == 0;
}

TEST(Mailbox, ThousandsOfMessagesArriveInOrderPerSenderOnTheReceiversThread) {
    constexpr int32_t kCount = 20'000;
    std::unique_ptr<Ring> ring = open_ring({});
    Inbox from_first;
    Inbox from_second;
    std::atomic<bool> first_clean = false;
    std::atomic<bool> second_clean = false;
    std::thread first([&] { post_all(ring->fd(), from_first, kCount, first_clean); });
    std::thread second([&] { post_all(ring->fd(), from_second, kCount, second_clean); });
    EXPECT_TRUE(turn_until(*ring, [&] {
        return from_first.values.size() == kCount && from_second.values.size() == kCount;
    }));
    first.join();
    second.join();
    EXPECT_EQ(from_first.values, counting(kCount));
    EXPECT_EQ(from_second.values, counting(kCount));
    EXPECT_TRUE(first_clean && second_clean);
}

TEST(Mailbox, NothingIsLostOrReorderedBehindAFullCompletionQueue) {
    constexpr int32_t kCount = 3'000;
    for (const char* disabled : {"", "defer_taskrun"}) {
        SCOPED_TRACE(disabled);
        std::unique_ptr<Ring> slow = open_ring({.submissions = 8, .completions = 16}, {disabled});
        Inbox inbox;
        std::atomic<bool> clean = false;
        std::thread sender([&] { post_all(slow->fd(), inbox, kCount, clean); });
        sender.join();  // the receiver has not turned once
        EXPECT_TRUE(clean);
        EXPECT_TRUE(turn_until(*slow, [&] { return inbox.values.size() == kCount; }));
        EXPECT_EQ(inbox.values, counting(kCount));
    }
}

TEST(Mailbox, CarriesNegativeValuesAndReachesItsOwnRing) {
    std::unique_ptr<Ring> ring = open_ring({});
    Inbox inbox;
    post(*ring, ring->fd(), inbox, -1);
    post(*ring, ring->fd(), inbox, INT32_MIN);
    post(*ring, ring->fd(), inbox, INT32_MAX);
    EXPECT_TRUE(turn_until(*ring, [&] { return inbox.values.size() == 3; }));
    EXPECT_EQ(inbox.values, (std::vector<int32_t>{-1, INT32_MIN, INT32_MAX}));
}

TEST(Mailbox, AMessageWakesAReactorThatSleepsAndMayStopIt) {
    struct Stop : Op {
        Stop() : Op{[](Op& op, Completion) { static_cast<Stop&>(op).reactor->stop(); }} {}
        Reactor* reactor = nullptr;
    };
    std::atomic<int> sleeper_fd = -1;
    Stop stop;
    std::thread sleeper([&] {
        Result<std::unique_ptr<Reactor>> reactor = Reactor::open({});
        stop.reactor = reactor->get();
        sleeper_fd = (*reactor)->ring().fd();
        (*reactor)->run();
    });
    while (sleeper_fd < 0) std::this_thread::yield();
    std::unique_ptr<Ring> ring = open_ring({});
    post(*ring, sleeper_fd, stop);
    ring->turn(0);
    sleeper.join();  // or the test's time limit
}

TEST(Mailbox, APostToWhatIsNoRingIsCounted) {
    std::unique_ptr<Ring> ring = open_ring({});
    Inbox inbox;
    post(*ring, 0, inbox, 1);
    settle(*ring);
    EXPECT_TRUE(inbox.values.empty());
    EXPECT_EQ(ring->counters().stray_errors, 1U);
}

}  // namespace
}  // namespace jumpgate
