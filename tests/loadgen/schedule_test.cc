#include "loadgen/schedule.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <set>

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

TEST(Schedule, CountsWhatIsDueUpToTheEndOfTheRun) {
    Schedule schedule = schedule_of(1);
    schedule.end_ns = kStartNs + 3 * kIntervalNs;
    EXPECT_EQ(schedule.messages_due(0, kStartNs - 1), 0U);
    EXPECT_EQ(schedule.messages_due(0, kStartNs), 1U);
    EXPECT_EQ(schedule.messages_due(0, kStartNs + kIntervalNs - 1), 1U);
    EXPECT_EQ(schedule.messages_due(0, kStartNs + kIntervalNs), 2U);
    EXPECT_EQ(schedule.messages_due(0, kStartNs + 100 * kIntervalNs), 3U);
    EXPECT_EQ(schedule.messages_due(1, kStartNs), 0U);
    EXPECT_EQ(schedule.messages_due(1, UINT64_MAX), 3U);
}

TEST(DialDue, KeepsOddRatesExactOverASecond) {
    EXPECT_EQ(dial_due_ns(100, 0, 1'500), 100U);
    EXPECT_EQ(dial_due_ns(100, 1, 1'500), 100U + 666'666);
    EXPECT_EQ(dial_due_ns(100, 1'500, 1'500), 100U + 1'000'000'000);
    EXPECT_EQ(dial_due_ns(0, 4'000'000'000, 1), 4'000'000'000ULL * 1'000'000'000);
}

TEST(Calendar, GivesEachMessageOfTheRunOnceInOrder) {
    Schedule schedule = schedule_of(7);
    schedule.end_ns = kStartNs + 5 * kIntervalNs;
    const std::vector<uint32_t> mine = {1, 4, 6};
    Calendar calendar;
    calendar.build(schedule, mine);
    std::vector<uint64_t> sent(mine.size());
    uint64_t last_ns = 0;
    while (calendar.next_due_ns() != UINT64_MAX) {
        const uint64_t due_ns = calendar.next_due_ns();
        const uint32_t position = calendar.next();
        EXPECT_GE(due_ns, last_ns);
        EXPECT_EQ(due_ns, schedule.due_ns(mine[position], sent[position]++));
        last_ns = due_ns;
    }
    EXPECT_EQ(sent, (std::vector<uint64_t>{5, 5, 5}));
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
