#include "loadgen/arrival.h"

#include <gtest/gtest.h>

namespace jumpgate::load {
namespace {

constexpr uint64_t kSecond = 1'000'000'000;

Options options_of(Mode mode, std::vector<const char*> arguments) {
    return std::get<Options>(parse_options(mode, arguments, 10'000));
}

TEST(MessageSchedule, WithoutACurveIsOneMessagePerInterval) {
    const Options options = options_of(Mode::P2p, {"-c", "20", "-I", "50", "--seed", "9"});
    const Schedule schedule = message_schedule(options, 7);
    EXPECT_TRUE(schedule.curve.empty());
    EXPECT_EQ(schedule.publishers, 10U);
    EXPECT_EQ(schedule.due_ns(3, 5), 7 + schedule.phase_ns(3) + 5 * 50'000'000U);
}

TEST(TickNs, GathersNoMoreThanSixteenAndNotWhereFewMeet) {
    const std::pair<double, uint64_t> kCases[] = {
        {100, 1},          {1'999, 1},        {2'000, 1'000'000},  {16'000, 1'000'000},
        {16'001, 500'000}, {50'000, 250'000}, {1'000'000, 15'625}, {50'000'000, 15'625},
    };
    const Options options = options_of(Mode::P2p, {});
    for (const auto& [per_second, ns] : kCases) {
        EXPECT_EQ(tick_ns(options, per_second), ns) << per_second;
    }
}

TEST(TickNs, CountsTheRateOfThisProcess) {
    const Options options = options_of(Mode::P2p, {"--shard", "1/4"});
    EXPECT_EQ(tick_ns(options, 64'000), 1'000'000U);
    EXPECT_EQ(tick_ns(options, 7'999), 1U);
}

TEST(TickNs, IsWhatItIsToldToBe) {
    EXPECT_EQ(tick_ns(options_of(Mode::P2p, {"--tick-us", "0"}), 100'000), 1U);
    EXPECT_EQ(tick_ns(options_of(Mode::P2p, {"--tick-us", "2000"}), 1), 2'000'000U);
}

TEST(MessageSchedule, TheHighestRateOfAProfileMakesItsTick) {
    const Options options = options_of(Mode::P2p, {"-c", "20", "--profile", "0:0,10s:50k,20s:1"});
    EXPECT_EQ(message_schedule(options, 0).tick_ns, 250'000U);
}

TEST(MessageSchedule, ARampEndsAtTheFullRate) {
    const Options options = options_of(Mode::P2p, {"-c", "20", "-I", "100", "--ramp", "10s"});
    const Schedule schedule = message_schedule(options, 0);
    EXPECT_DOUBLE_EQ(schedule.curve.events(10 * kSecond), 500);
    EXPECT_DOUBLE_EQ(schedule.curve.events(11 * kSecond), 600);
}

TEST(MessageSchedule, AProfileIsTheRateOfAll) {
    const Options options =
        options_of(Mode::P2p, {"-c", "20", "--profile", "0:100,10s:300", "--arrival", "poisson"});
    const Schedule schedule = message_schedule(options, 0);
    uint64_t sent = 0;
    for (uint64_t k = 0; k < 10; ++k) sent += schedule.due_before(k, 10 * kSecond, 10'000);
    EXPECT_NEAR(static_cast<double>(sent), 2'000, 100);
}

TEST(Schedule, CountsWhatIsDueBefore) {
    const Options options = options_of(Mode::Pub, {"-c", "1", "-t", "t", "-I", "10"});
    const Schedule schedule = message_schedule(options, 1'000);
    EXPECT_EQ(schedule.due_before(0, 1'000, 100), 0U);
    EXPECT_EQ(schedule.due_before(0, 1'001, 100), 1U);
    EXPECT_EQ(schedule.due_before(0, 1'000 + kSecond / 2, 100), 50U);
    EXPECT_EQ(schedule.due_before(0, 1'000 + 2 * kSecond, 100), 100U);
}

TEST(DialPlanner, KeepsTheRateOrRampsUpToIt) {
    const DialPlanner steady(options_of(Mode::Conn, {"-R", "1500"}));
    EXPECT_EQ(steady.due_ns(5, 1'500), 5 + kSecond);
    const DialPlanner ramp(options_of(Mode::Conn, {"-R", "1500", "--ramp", "10s"}));
    EXPECT_EQ(ramp.due_ns(5, 0), 5U);
    EXPECT_EQ(ramp.due_ns(5, 7'500), 5 + 10 * kSecond);
    EXPECT_EQ(ramp.due_ns(5, 9'000), 5 + 11 * kSecond);
    // Where messages are sent, the ramp is theirs.
    const DialPlanner p2p(options_of(Mode::P2p, {"-R", "1500", "--ramp", "10s"}));
    EXPECT_EQ(p2p.due_ns(5, 1'500), 5 + kSecond);
}

}  // namespace
}  // namespace jumpgate::load
