#include "loadgen/schedule.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <set>
#include <vector>

namespace jumpgate::load {
namespace {

constexpr uint64_t kStartNs = 5'000'000'000;
constexpr uint64_t kIntervalNs = 1'000'000'000;

Schedule schedule_of(uint64_t publishers) {
    Schedule schedule;
    schedule.start_ns = kStartNs;
    schedule.interval_ns = kIntervalNs;
    schedule.publishers = publishers;
    schedule.seed = 3;
    return schedule;
}

TEST(Schedule, SpreadsPhasesEvenlyWithoutTwoAlike) {
    for (const uint64_t publishers : {1U, 2U, 3U, 7U, 64U, 65U, 1'000U}) {
        const Schedule schedule = schedule_of(publishers);
        std::set<uint64_t> phases;
        for (uint64_t k = 0; k < publishers; ++k) phases.insert(schedule.phase_ns(k));
        ASSERT_EQ(phases.size(), publishers);
        uint64_t place = 0;
        for (const uint64_t phase_ns : phases) {
            EXPECT_EQ(phase_ns, place++ * kIntervalNs / publishers);
        }
    }
}

TEST(Schedule, ShufflesNeighboursApart) {
    const Schedule schedule = schedule_of(1'000);
    unsigned neighbours = 0;
    for (uint64_t k = 0; k + 1 < 1'000; ++k) {
        const int64_t gap = static_cast<int64_t>(schedule.phase_ns(k + 1)) -
                            static_cast<int64_t>(schedule.phase_ns(k));
        if (std::abs(gap) <= static_cast<int64_t>(kIntervalNs / 1'000)) ++neighbours;
    }
    EXPECT_LT(neighbours, 20U);
}

TEST(Schedule, MessageNIsDueNIntervalsAfterTheFirst) {
    const Schedule schedule = schedule_of(10);
    for (uint64_t n : {0U, 1U, 1'000'000U}) {
        EXPECT_EQ(schedule.due_ns(4, n), kStartNs + schedule.phase_ns(4) + n * kIntervalNs);
    }
}

TEST(Schedule, TicksMoveEachMessageToTheirBeginningAndNoFurther) {
    const Schedule exact = schedule_of(1'000);
    for (const Spacing spacing : {Spacing::Uniform, Spacing::Poisson}) {
        for (const uint64_t tick_ns : {1'000'000U, 333'000U}) {
            Schedule ticked = exact;
            ticked.tick_ns = tick_ns;
            Schedule free = exact;
            ticked.spacing = free.spacing = spacing;
            for (uint64_t k = 0; k < 1'000; ++k) {
                const uint64_t due_ns = ticked.due_ns(k, k % 7);
                EXPECT_EQ((due_ns - kStartNs) % tick_ns, 0U);
                EXPECT_LE(due_ns, free.due_ns(k, k % 7));
                EXPECT_LT(free.due_ns(k, k % 7), due_ns + tick_ns);
            }
        }
    }
}

TEST(Schedule, TicksThatDivideTheRunLeaveItsMessagesWhatTheyAre) {
    Schedule ticked = schedule_of(777);
    ticked.tick_ns = 1'000'000;
    uint64_t messages = 0;
    for (uint64_t k = 0; k < 777; ++k) {
        messages += ticked.due_before(k, kStartNs + 3 * kIntervalNs, 1'000);
    }
    EXPECT_EQ(messages, 3 * 777U);
}

TEST(Schedule, PoissonFillsEachSpanWithItsMessagesInOrder) {
    Schedule schedule = schedule_of(5);
    schedule.spacing = Spacing::Poisson;
    constexpr uint64_t kSpanNs = Schedule::kSpan * kIntervalNs;
    for (uint64_t k = 0; k < 5; ++k) {
        uint64_t last_ns = 0;
        for (uint64_t n = 0; n < 20 * Schedule::kSpan; ++n) {
            const uint64_t due_ns = schedule.due_ns(k, n);
            ASSERT_GE(due_ns, last_ns);
            ASSERT_EQ((due_ns - kStartNs) / kSpanNs, n / Schedule::kSpan);
            ASSERT_EQ(due_ns, schedule.due_ns(k, n));  // pure: asked again, the same
            last_ns = due_ns;
        }
    }
}

// A Poisson process: gaps are exponential, and counts per short window have their mean as variance.
TEST(Schedule, PoissonOfManyPublishersLooksLikePoisson) {
    Schedule schedule = schedule_of(200);
    schedule.spacing = Spacing::Poisson;
    schedule.start_ns = 0;
    constexpr uint64_t kMessages = 10 * Schedule::kSpan;
    std::vector<uint64_t> times;
    for (uint64_t k = 0; k < 200; ++k) {
        for (uint64_t n = 0; n < kMessages; ++n) times.push_back(schedule.due_ns(k, n));
    }
    std::ranges::sort(times);
    const double mean_ns = static_cast<double>(kIntervalNs) / 200;
    size_t short_gaps = 0;
    size_t long_gaps = 0;
    for (size_t i = 1; i < times.size(); ++i) {
        const auto gap = static_cast<double>(times[i] - times[i - 1]);
        short_gaps += gap < mean_ns / 10 ? 1 : 0;
        long_gaps += gap > mean_ns * 3 ? 1 : 0;
    }
    const auto gaps = static_cast<double>(times.size() - 1);
    EXPECT_NEAR(static_cast<double>(short_gaps) / gaps, 1 - std::exp(-0.1), 0.005);
    EXPECT_NEAR(static_cast<double>(long_gaps) / gaps, std::exp(-3), 0.005);
    constexpr size_t kWindows = 32'000;  // of 10 ms: 2 messages each
    std::vector<double> counts(kWindows);
    for (const uint64_t at_ns : times) ++counts[at_ns / (kMessages * kIntervalNs / kWindows)];
    double variance = 0;
    for (const double count : counts) variance += (count - 2) * (count - 2) / kWindows;
    EXPECT_NEAR(variance, 2, 0.1);
}

TEST(Schedule, SeedsAndPublishersDrawTheirOwnTimes) {
    Schedule schedule = schedule_of(2);
    schedule.spacing = Spacing::Poisson;
    Schedule other = schedule;
    other.seed = 4;
    unsigned alike = 0;
    for (uint64_t n = 0; n < 100; ++n) {
        alike += schedule.due_ns(0, n) == schedule.due_ns(1, n) ? 1 : 0;
        alike += schedule.due_ns(0, n) == other.due_ns(0, n) ? 1 : 0;
    }
    EXPECT_EQ(alike, 0U);
}

// The rate that a run delivers, whatever the curve and the spacing: within 1 % in each second that
// has a hundred messages or more.
TEST(Schedule, FollowsTheCurveOfTheWholeFleet) {
    for (const Spacing spacing : {Spacing::Uniform, Spacing::Poisson}) {
        Schedule schedule = schedule_of(100);
        schedule.spacing = spacing;
        schedule.start_ns = 0;
        schedule.curve = RateCurve({{0, 1'000}, {4 * kIntervalNs, 10'000}, {6 * kIntervalNs, 500}});
        std::vector<double> sent(8);
        for (uint64_t k = 0; k < 100; ++k) {
            for (uint64_t n = 0; schedule.due_ns(k, n) < 8 * kIntervalNs; ++n) {
                ++sent[schedule.due_ns(k, n) / kIntervalNs];
            }
        }
        for (size_t second = 0; second < sent.size(); ++second) {
            const double wanted = schedule.curve.events((second + 1) * kIntervalNs) -
                                  schedule.curve.events(second * kIntervalNs);
            const double allowed =
                spacing == Spacing::Uniform ? wanted * 0.01 : 4 * std::sqrt(wanted);
            EXPECT_NEAR(sent[second], wanted, allowed) << second;
        }
    }
}

TEST(Schedule, IsNeverDueOnceTheCurveHasEndedAtNothing) {
    Schedule schedule = schedule_of(1);
    schedule.curve = RateCurve({{0, 10}, {kIntervalNs, 0}});
    EXPECT_LT(schedule.due_ns(0, 4), kStartNs + kIntervalNs);
    EXPECT_EQ(schedule.due_ns(0, 6), UINT64_MAX);
}

TEST(DialDue, KeepsOddRatesExactOverASecond) {
    EXPECT_EQ(dial_due_ns(100, 0, 1'500), 100U);
    EXPECT_EQ(dial_due_ns(100, 1, 1'500), 100U + 666'666);
    EXPECT_EQ(dial_due_ns(100, 1'500, 1'500), 100U + 1'000'000'000);
    EXPECT_EQ(dial_due_ns(0, 4'000'000'000, 1), 4'000'000'000ULL * 1'000'000'000);
}

TEST(DialDue, KeepsAnyRateWithinOnePercentOfEachSecond) {
    for (const uint64_t rate : {10U, 99U, 635U, 1'000U, 1'500U, 3'333U, 9'999U, 10'000U}) {
        std::vector<uint64_t> dialled(5);
        uint64_t index = 0;
        for (; dial_due_ns(0, index, rate) < 5 * kIntervalNs; ++index) {
            ++dialled[dial_due_ns(0, index, rate) / kIntervalNs];
            // Evenly within the second too: no burst per tick.
            const uint64_t gap_ns = dial_due_ns(0, index + 1, rate) - dial_due_ns(0, index, rate);
            ASSERT_NEAR(static_cast<double>(gap_ns), 1e9 / static_cast<double>(rate), 1.0);
        }
        for (const uint64_t in_second : dialled) EXPECT_EQ(in_second, rate);
    }
}

// Every calendar, whatever its spacing and curve: each message once, in order, when it is due.
TEST(Calendar, GivesEachMessageOfTheRunOnceInOrder) {
    for (const Spacing spacing : {Spacing::Uniform, Spacing::Poisson}) {
        for (const bool curved : {false, true}) {
            Schedule schedule = schedule_of(7);
            schedule.spacing = spacing;
            if (curved) schedule.curve = RateCurve({{0, 1}, {40 * kIntervalNs, 20}});
            schedule.end_ns = kStartNs + 96 * kIntervalNs;
            const std::vector<uint32_t> mine = {1, 4, 6};
            Calendar calendar;
            calendar.build(schedule, mine);
            std::vector<uint64_t> sent(mine.size());
            uint64_t last_ns = 0;
            while (calendar.next_due_ns() != UINT64_MAX) {
                const uint64_t due_ns = calendar.next_due_ns();
                const uint32_t position = calendar.next();
                ASSERT_GE(due_ns, last_ns);
                ASSERT_EQ(due_ns, schedule.due_ns(mine[position], sent[position]++));
                last_ns = due_ns;
            }
            for (size_t i = 0; i < mine.size(); ++i) {
                EXPECT_GE(schedule.due_ns(mine[i], sent[i]), schedule.end_ns);
            }
            const std::vector<uint64_t> even = {96, 96, 96};
            EXPECT_TRUE(curved || sent == even);
        }
    }
}

TEST(Calendar, EndsWhereTheRunIsCutShort) {
    Schedule schedule = schedule_of(1);
    Calendar calendar;
    calendar.build(schedule, std::vector<uint32_t>{0});
    EXPECT_EQ(calendar.next_due_ns(), kStartNs);
    schedule.end_ns = kStartNs;
    EXPECT_EQ(calendar.next_due_ns(), UINT64_MAX);
}

TEST(Calendar, WithoutPublishersNothingIsDue) {
    const Schedule schedule = schedule_of(1);
    Calendar calendar;
    calendar.build(schedule, {});
    EXPECT_EQ(calendar.next_due_ns(), UINT64_MAX);
}

}  // namespace
}  // namespace jumpgate::load
