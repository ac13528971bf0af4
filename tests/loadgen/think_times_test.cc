#include "loadgen/think_times.h"

#include <gtest/gtest.h>

#include <set>

namespace jumpgate::load {
namespace {

constexpr uint64_t kStartNs = 1'000'000;
constexpr uint64_t kThinkNs = 500;

Schedule schedule_of(uint64_t publishers) {
    Schedule schedule;
    schedule.start_ns = kStartNs;
    schedule.interval_ns = kThinkNs;
    schedule.publishers = publishers;
    return schedule;
}

TEST(ThinkTimes, WithoutPublishersNothingIsDue) {
    EXPECT_EQ(ThinkTimes().next_due_ns(UINT64_MAX), UINT64_MAX);
}

TEST(ThinkTimes, FirstMessagesAreSpreadOverOneThinkTime) {
    const Schedule schedule = schedule_of(50);
    ThinkTimes times;
    const std::vector<uint32_t> publishers = {3, 10, 11, 49};
    times.build(schedule, publishers, kThinkNs);
    std::set<uint32_t> seen;
    uint64_t last_ns = 0;
    for (size_t i = 0; i < publishers.size(); ++i) {
        const uint64_t due_ns = times.next_due_ns(UINT64_MAX);
        const uint32_t position = times.next();
        EXPECT_EQ(due_ns, kStartNs + schedule.phase_ns(publishers[position]));
        EXPECT_GE(due_ns, last_ns);
        EXPECT_LT(due_ns, kStartNs + kThinkNs);
        last_ns = due_ns;
        seen.insert(position);
    }
    EXPECT_EQ(seen.size(), publishers.size());
    EXPECT_EQ(times.next_due_ns(UINT64_MAX), UINT64_MAX);  // until they are answered
}

TEST(ThinkTimes, TheNextIsDueThatLongAfterTheAnswer) {
    ThinkTimes times;
    times.build(schedule_of(10), std::vector<uint32_t>{4, 7}, kThinkNs);
    times.next();
    times.next();
    times.answered(7, 5'000'000);
    times.answered(4, 4'000'000);
    EXPECT_EQ(times.next_due_ns(UINT64_MAX), 4'000'000 + kThinkNs);
    EXPECT_EQ(times.next(), 0U);
    EXPECT_EQ(times.next_due_ns(UINT64_MAX), 5'000'000 + kThinkNs);
    EXPECT_EQ(times.next_due_ns(5'000'000 + kThinkNs), UINT64_MAX);  // behind the end
    EXPECT_EQ(times.next(), 1U);
}

TEST(ThinkTimes, NoThoughtIsTheNextAtOnce) {
    ThinkTimes times;
    times.build(schedule_of(1), std::vector<uint32_t>{0}, 0);
    times.next();
    times.answered(0, 42);
    EXPECT_EQ(times.next_due_ns(UINT64_MAX), 42U);
}

}  // namespace
}  // namespace jumpgate::load
