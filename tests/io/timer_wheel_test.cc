// TimerWheel against its law and against a std::multimap: time is a number here, no clock.
#include "core/io/timer_wheel.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <map>
#include <memory>
#include <random>
#include <vector>

namespace jumpgate {
namespace {

constexpr uint64_t kLongestMs = 63ULL * 64 * 64 * 64;

struct Counted : Timer {
    Counted() : Timer([](Timer& timer) { static_cast<Counted&>(timer).fired++; }) {}
    unsigned fired = 0;
};

// Around every boundary of a level, in both directions, and the odd ones between.
std::vector<uint64_t> boundary_values() {
    std::vector<uint64_t> values;
    for (uint64_t span : {1ULL, 64ULL, 4'096ULL, 262'144ULL}) {
        for (uint64_t times : {1ULL, 2ULL, 31ULL, 62ULL, 63ULL}) {
            for (int64_t off : {-2, -1, 0, 1, 2, 33}) {
                const int64_t value = static_cast<int64_t>(span * times) + off;
                if (value >= 1 && value <= static_cast<int64_t>(kLongestMs)) {
                    values.push_back(static_cast<uint64_t>(value));
                }
            }
        }
    }
    std::ranges::sort(values);
    values.erase(std::unique(values.begin(), values.end()), values.end());
    return values;
}

// Moves from one next_ms() to the next, as the reactor does, until `timer` fires.
uint64_t run_until_fired(TimerWheel& wheel, Counted& timer) {
    while (timer.fired == 0) {
        const uint64_t next_ms = wheel.next_ms();
        EXPECT_LE(next_ms, timer.deadline_ms);
        EXPECT_GT(next_ms, wheel.now_ms());
        if (next_ms > timer.deadline_ms || next_ms <= wheel.now_ms()) break;
        wheel.advance(next_ms);
    }
    return wheel.now_ms();
}

TEST(TimerWheel, FiresExactlyAtItsMillisecondOverEveryLevelBoundary) {
    const std::array<uint64_t, 9> starts = {
        0, 1, 63, 64, 4'095, 262'143, 262'145, 16'777'215, 1'234'567'890'123};
    for (uint64_t start : starts) {
        for (uint64_t delay : boundary_values()) {
            TimerWheel wheel(start);
            Counted timer;
            wheel.start(timer, delay);
            ASSERT_EQ(timer.deadline_ms, start + delay);
            ASSERT_EQ(run_until_fired(wheel, timer), start + delay) << start << "+" << delay;
            ASSERT_EQ(timer.fired, 1U);
            ASSERT_FALSE(timer.running());
            ASSERT_EQ(wheel.next_ms(), UINT64_MAX);
        }
    }
}

TEST(TimerWheel, NeverFiresOneMillisecondEarlyWhenTimeJumps) {
    for (uint64_t start : {0ULL, 63ULL, 4'095ULL, 999'999ULL}) {
        for (uint64_t delay : boundary_values()) {
            TimerWheel wheel(start);
            Counted timer;
            wheel.start(timer, delay);
            ASSERT_EQ(wheel.advance(start + delay - 1), 0U) << start << "+" << delay;
            ASSERT_TRUE(timer.running());
            ASSERT_EQ(wheel.advance(start + delay), 1U) << start << "+" << delay;
            ASSERT_EQ(wheel.advance(start + 4 * kLongestMs), 0U);
        }
    }
}

TEST(TimerWheel, EveryDelayOfTwoLevelsFiresMillisecondByMillisecond) {
    constexpr uint64_t kDelays = 4'300;
    for (uint64_t start : {0ULL, 37ULL, 4'095ULL}) {
        TimerWheel wheel(start);
        std::vector<Counted> timers(kDelays + 1);
        for (uint64_t delay = 1; delay <= kDelays; ++delay) wheel.start(timers[delay], delay);
        for (uint64_t ms = 1; ms <= kDelays; ++ms) {
            ASSERT_EQ(wheel.advance(start + ms), 1U);
            ASSERT_EQ(timers[ms].fired, 1U);
        }
    }
}

TEST(TimerWheel, ADelayOfZeroIsOneMillisecondAndALongOneIsCut) {
    TimerWheel wheel(100);
    Counted soon;
    Counted late;
    wheel.start(soon, 0);
    wheel.start(late, UINT64_MAX);
    EXPECT_EQ(soon.deadline_ms, 101U);
    EXPECT_EQ(late.deadline_ms, 100 + kLongestMs);
    EXPECT_EQ(wheel.advance(100), 0U);
    EXPECT_EQ(wheel.advance(101), 1U);
    EXPECT_EQ(wheel.advance(100 + kLongestMs), 1U);
}

TEST(TimerWheel, AJumpOfHoursFiresAllByRisingDeadline) {
    struct Ordered : Timer {
        Ordered()
            : Timer([](Timer& timer) {
                  static_cast<Ordered&>(timer).order->push_back(timer.deadline_ms);
              }) {}
        std::vector<uint64_t>* order = nullptr;
    };
    TimerWheel wheel(777);
    std::vector<uint64_t> order;
    const std::vector<uint64_t> delays = boundary_values();
    std::vector<Ordered> timers(delays.size());
    for (size_t i = delays.size(); i-- > 0;) {
        timers[i].order = &order;
        wheel.start(timers[i], delays[i]);
    }
    EXPECT_EQ(wheel.advance(777 + 10 * kLongestMs), delays.size());
    EXPECT_TRUE(std::ranges::is_sorted(order));
    EXPECT_EQ(wheel.next_ms(), UINT64_MAX);
}

TEST(TimerWheel, ClockThatGoesBackIsIgnored) {
    TimerWheel wheel(1'000);
    Counted timer;
    wheel.start(timer, 10);
    wheel.advance(500);
    EXPECT_EQ(wheel.now_ms(), 1'000U);
    EXPECT_EQ(wheel.advance(1'010), 1U);
}

// ---- Callbacks -------------------------------------------------------------------------------

struct Restarting : Timer {
    Restarting(TimerWheel& on, uint64_t delay)
        : Timer([](Timer& timer) {
              Restarting& self = static_cast<Restarting&>(timer);
              self.fired_at.push_back(self.wheel.now_ms());
              self.wheel.start(self, self.delay_ms);
          }),
          wheel(on),
          delay_ms(delay) {}
    TimerWheel& wheel;
    uint64_t delay_ms;
    std::vector<uint64_t> fired_at;
};

TEST(TimerWheel, ARestartInTheCallbackCountsFromTheTimeTheWheelWasMovedTo) {
    TimerWheel wheel(0);
    Restarting timer(wheel, 50);
    wheel.start(timer, 50);
    EXPECT_EQ(wheel.advance(1'000), 1U);  // 950 ms late: fires once, not 20 times
    EXPECT_EQ(timer.deadline_ms, 1'050U);
    EXPECT_EQ(wheel.advance(1'049), 0U);
    EXPECT_EQ(wheel.advance(1'050), 1U);
    EXPECT_EQ(timer.fired_at, (std::vector<uint64_t>{1'000, 1'050}));
    wheel.stop(timer);
}

TEST(TimerWheel, APeriodicTimerKeepsItsPeriodThroughAllLevels) {
    for (uint64_t period : {1ULL, 64ULL, 65ULL, 4'096ULL, 4'097ULL}) {
        TimerWheel wheel(63);
        Restarting timer(wheel, period);
        wheel.start(timer, period);
        for (int i = 0; i < 200; ++i) {
            while (wheel.next_ms() < timer.deadline_ms) wheel.advance(wheel.next_ms());
            ASSERT_EQ(wheel.advance(timer.deadline_ms), 1U);
            ASSERT_EQ(timer.fired_at.back(), 63 + period * static_cast<uint64_t>(i + 1));
        }
        wheel.stop(timer);
    }
}

TEST(TimerWheel, ACallbackMayStopAndRestartItsNeighboursThatAreDue) {
    struct Meddler : Timer {
        explicit Meddler(TimerWheel& on)
            : Timer([](Timer& timer) {
                  Meddler& self = static_cast<Meddler&>(timer);
                  self.wheel.stop(*self.stops);
                  self.wheel.start(*self.restarts, 5);
              }),
              wheel(on) {}
        TimerWheel& wheel;
        Timer* stops = nullptr;
        Timer* restarts = nullptr;
    };
    TimerWheel wheel(0);
    Meddler meddler(wheel);
    Counted stopped;
    Counted restarted;
    meddler.stops = &stopped;
    meddler.restarts = &restarted;
    wheel.start(meddler, 9);
    wheel.start(stopped, 9);
    wheel.start(restarted, 10);
    EXPECT_EQ(wheel.advance(100), 1U);
    EXPECT_EQ(wheel.advance(104), 0U);
    EXPECT_EQ(wheel.advance(105), 1U);
    EXPECT_EQ(restarted.fired, 1U);
    EXPECT_EQ(stopped.fired, 0U);
    EXPECT_FALSE(stopped.running());
}

TEST(TimerWheel, WhatIsDueCanBeStoppedBetweenMovingAndFiring) {
    TimerWheel wheel(0);
    Counted stopped;
    Counted restarted;
    wheel.start(stopped, 10);
    wheel.start(restarted, 10);
    wheel.move_to(20);
    wheel.stop(stopped);
    wheel.start(restarted, 3);
    EXPECT_EQ(wheel.fire(), 0U);
    EXPECT_EQ(wheel.advance(23), 1U);
    EXPECT_EQ(restarted.fired, 1U);
    EXPECT_EQ(stopped.fired, 0U);
}

TEST(TimerWheel, AdvanceFromWithinACallbackFiresTheRestOnce) {
    struct Reentrant : Timer {
        explicit Reentrant(TimerWheel& on)
            : Timer([](Timer& timer) {
                  Reentrant& self = static_cast<Reentrant&>(timer);
                  self.fired++;
                  self.wheel.advance(self.wheel.now_ms() + 100);
              }),
              wheel(on) {}
        TimerWheel& wheel;
        unsigned fired = 0;
    };
    TimerWheel wheel(0);
    Reentrant first(wheel);
    Counted same_ms;
    Counted later;
    wheel.start(first, 10);
    wheel.start(same_ms, 10);
    wheel.start(later, 60);
    wheel.advance(10);
    EXPECT_EQ(first.fired + same_ms.fired + later.fired, 3U);
    EXPECT_EQ(wheel.now_ms(), 110U);
}

TEST(TimerWheel, StoppingLeavesNextMsALowerBoundThatOneAdvanceCorrects) {
    TimerWheel wheel(0);
    Counted near;
    Counted far;
    wheel.start(near, 5);
    wheel.start(far, 50);
    wheel.stop(near);
    EXPECT_LE(wheel.next_ms(), 50U);
    EXPECT_EQ(wheel.advance(wheel.next_ms()), 0U);
    EXPECT_EQ(wheel.next_ms(), 50U);
}

// ---- Against a model -------------------------------------------------------------------------

class ModelRun {
  public:
    explicit ModelRun(uint32_t seed) : random_(seed), wheel_(below(10'000'000)) {
        for (auto& timer : timers_) timer = std::make_unique<Counted>();
    }

    void step() {
        const size_t i = below(timers_.size());
        switch (below(4)) {
            case 0:
            case 1:
                start(i);
                break;
            case 2:
                wheel_.stop(*timers_[i]);
                forget(i);
                break;
            default:
                advance(wheel_.now_ms() + magnitude());
        }
        ASSERT_TRUE(model_.empty() || wheel_.next_ms() <= model_.begin()->first);
        ASSERT_GT(wheel_.next_ms(), wheel_.now_ms());
    }
    void finish() {
        while (!model_.empty()) advance(wheel_.next_ms());
    }

  private:
    uint64_t below(uint64_t limit) { return random_() % limit; }
    // From a millisecond to hours, each order of magnitude as likely as the next.
    uint64_t magnitude() { return below(uint64_t{2} << below(24)); }

    void start(size_t i) {
        const uint64_t delay = magnitude();
        wheel_.start(*timers_[i], delay);
        forget(i);
        const uint64_t cut = std::clamp<uint64_t>(delay, 1, kLongestMs);
        model_.emplace(wheel_.now_ms() + cut, i);
    }
    void forget(size_t i) {
        std::erase_if(model_, [i](const auto& entry) { return entry.second == i; });
    }
    void advance(uint64_t now_ms) {
        const auto end = model_.upper_bound(now_ms);
        const auto due = static_cast<unsigned>(std::distance(model_.begin(), end));
        std::vector<size_t> expected;
        for (auto it = model_.begin(); it != end; ++it) expected.push_back(it->second);
        model_.erase(model_.begin(), end);
        for (auto& timer : timers_) timer->fired = 0;
        ASSERT_EQ(wheel_.advance(now_ms), due);
        for (size_t i : expected) ASSERT_EQ(timers_[i]->fired, 1U);
    }

    std::mt19937 random_;
    TimerWheel wheel_;
    std::array<std::unique_ptr<Counted>, 40> timers_;
    std::multimap<uint64_t, size_t> model_;
};

TEST(TimerWheel, AgreesWithAMultimapUnderRandomUse) {
    for (uint32_t seed = 1; seed <= 20; ++seed) {
        SCOPED_TRACE(seed);
        ModelRun run(seed);
        for (int i = 0; i < 3'000 && !testing::Test::HasFatalFailure(); ++i) run.step();
        run.finish();
        ASSERT_FALSE(testing::Test::HasFatalFailure());
    }
}

}  // namespace
}  // namespace jumpgate
