// Wakeup: calls from other threads come through the ring, none is lost, many are one.
#include "core/io/wakeup.h"

#include <gtest/gtest.h>

#include <atomic>
#include <thread>
#include <vector>

#include "tests/io/kernel.h"

namespace jumpgate {
namespace {

struct Calls {
    static void note(void* context) { static_cast<Calls*>(context)->count++; }
    int count = 0;
};

TEST(Wakeup, SignalsBeforeTheReactorComesAreOneCall) {
    std::unique_ptr<Ring> ring = open_ring({});
    Calls calls;
    const Wakeup wakeup(*ring, &Calls::note, &calls);
    for (int round = 1; round <= 3; ++round) {
        for (int i = 0; i < 5; ++i) wakeup.signal();
        EXPECT_TRUE(turn_until(*ring, [&] { return calls.count == round; }));
        settle(*ring);
        EXPECT_EQ(calls.count, round);
    }
    ring = nullptr;
}

TEST(Wakeup, NothingIsCalledWithoutASignal) {
    std::unique_ptr<Ring> ring = open_ring({});
    Calls calls;
    const Wakeup wakeup(*ring, &Calls::note, &calls);
    settle(*ring);
    EXPECT_EQ(calls.count, 0);
    ring = nullptr;
}

TEST(Wakeup, ASignalDuringTheCallIsAnotherCall) {
    struct Again {
        const Wakeup* wakeup = nullptr;
        int count = 0;
    } again;
    std::unique_ptr<Ring> ring = open_ring({});
    const Wakeup wakeup(
        *ring,
        [](void* context) {
            Again& self = *static_cast<Again*>(context);
            if (++self.count < 10) self.wakeup->signal();
        },
        &again);
    again.wakeup = &wakeup;
    wakeup.signal();
    EXPECT_TRUE(turn_until(*ring, [&] { return again.count == 10; }));
    settle(*ring);
    EXPECT_EQ(again.count, 10);
    ring = nullptr;
}

// Each thread waits until its own number was seen before it signals the next one: one lost signal
// and it waits for ever.
TEST(Wakeup, NoSignalOfManyThreadsIsLost) {
    constexpr int kThreads = 4;
    constexpr int kSignals = 2'000;
    struct Shared {
        std::array<std::atomic<int>, kThreads> sent{};
        std::array<std::atomic<int>, kThreads> seen{};
    } shared;
    std::unique_ptr<Ring> ring = open_ring({});
    const Wakeup wakeup(
        *ring,
        [](void* context) {
            Shared& self = *static_cast<Shared*>(context);
            for (size_t i = 0; i < kThreads; ++i) {
                self.seen[i].store(self.sent[i]);
                self.seen[i].notify_one();
            }
        },
        &shared);
    std::vector<std::thread> threads;
    for (size_t i = 0; i < kThreads; ++i) {
        threads.emplace_back([&, i] {
            for (int number = 1; number <= kSignals; ++number) {
                shared.sent[i] = number;
                wakeup.signal();
                shared.seen[i].wait(number - 1);
            }
        });
    }
    EXPECT_TRUE(turn_until(*ring, [&] {
        for (const std::atomic<int>& seen : shared.seen) {
            if (seen != kSignals) return false;
        }
        return true;
    }));
    for (std::thread& thread : threads) thread.join();
    ring = nullptr;
}

TEST(Wakeup, ItMayBeSignalledAfterTheRingIsClosed) {
    std::unique_ptr<Ring> ring = open_ring({});
    Calls calls;
    const Wakeup wakeup(*ring, &Calls::note, &calls);
    ring = nullptr;
    wakeup.signal();
    EXPECT_EQ(calls.count, 0);
}

}  // namespace
}  // namespace jumpgate
