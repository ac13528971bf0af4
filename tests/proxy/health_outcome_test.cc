#include "core/proxy/health_outcome.h"

#include <gtest/gtest.h>

#include <string_view>
#include <vector>

namespace jumpgate {
namespace {

using Place = Standing::Place;

ActiveCheck thresholds() {
    ActiveCheck check;
    check.healthy_successes = 2;
    check.unhealthy_tcp_failures = 2;
    check.unhealthy_timeouts = 3;
    check.unhealthy_http_failures = 4;
    return check;
}

Outcome outcome_of(char letter) {
    switch (letter) {
        case '+':
            return Outcome::Passed;
        case 't':
            return Outcome::TcpFailed;
        case 'o':
            return Outcome::TimedOut;
        case 'r':
            return Outcome::Refused;
        default:
            return Outcome::Ignored;
    }
}

// The place after each check: U(p), D(own), or ? where nothing is known.
std::string places_after(std::string_view outcomes, const ActiveCheck& check) {
    Standing standing;
    std::string places;
    for (const char letter : outcomes) {
        const Place before = standing.place();
        const bool turned = standing.count(outcome_of(letter), check);
        EXPECT_EQ(turned, standing.place() != before) << outcomes;
        places += standing.place() == Place::Up ? 'U' : standing.place() == Place::Down ? 'D' : '?';
    }
    return places;
}

TEST(Standing, CountsAsTheThresholdsSay) {
    struct Case {
        const char* outcomes;
        const char* places;
        const char* why;
    };
    const std::vector<Case> cases = {
        {"+", "U", "the first check decides alone"},
        {"t", "D", "the first check decides alone"},
        {"o", "D", "the first check decides alone"},
        {"r", "D", "the first check decides alone"},
        {"..+", "??U", "what says nothing decides nothing"},
        {"+tt", "UUD", "two TCP failures in a row"},
        {"+t+t+t", "UUUUUU", "a success ends the row of failures"},
        {"+t.t", "UUUD", "what says nothing ends no row"},
        {"+ooo", "UUUD", "three time-outs"},
        {"+rrrr", "UUUUD", "four refusals"},
        {"+ototrt", "UUUUDDD", "each kind is counted by itself"},
        {"+rrroot", "UUUUUUU", "each kind is counted by itself"},
        {"+tt++", "UUDDU", "two successes bring it back"},
        {"+tt+t++", "UUDDDDU", "a failure ends the row of successes"},
        {"t+.+", "DDDU", "what says nothing ends no row"},
        {"+tt++tt", "UUDDUUD", "the rows begin anew"},
    };
    for (const Case& one : cases) {
        EXPECT_EQ(places_after(one.outcomes, thresholds()), one.places) << one.why;
    }
}

TEST(Standing, AThresholdOfZeroIsNeverReached) {
    ActiveCheck check = thresholds();
    check.unhealthy_timeouts = 0;
    EXPECT_EQ(places_after("+oooooooott", check), "UUUUUUUUUUD");
    check.healthy_successes = 0;
    EXPECT_EQ(places_after("t++++", check), "DDDDD");
}

TEST(Standing, TellsHowManyChecksSaidTheSame) {
    Standing standing;
    std::vector<uint32_t> rows;
    for (const char letter : std::string_view("tt+++.or+")) {
        standing.count(outcome_of(letter), thresholds());
        rows.push_back(standing.row());
    }
    EXPECT_EQ(rows, (std::vector<uint32_t>{1, 2, 1, 2, 3, 3, 1, 2, 1}));
}

TEST(SlowStart, RisesFromATenthToAllInProportionToTime) {
    EXPECT_EQ(slow_start_share(0, 10'000), 100);
    EXPECT_EQ(slow_start_share(1'000, 10'000), 190);
    EXPECT_EQ(slow_start_share(5'000, 10'000), 550);
    EXPECT_EQ(slow_start_share(9'999, 10'000), 999);
    EXPECT_EQ(slow_start_share(10'000, 10'000), kShareFull);
    EXPECT_EQ(slow_start_share(UINT64_MAX, 10'000), kShareFull);
    for (uint64_t total_ms : {1'000ULL, 30'000ULL, 86'400'000ULL}) {
        uint16_t last = 0;
        const uint64_t step_ms = slow_start_step_ms(total_ms);
        for (uint64_t at_ms = 0; at_ms <= total_ms; at_ms += step_ms) {
            ASSERT_GE(slow_start_share(at_ms, total_ms), last);
            last = slow_start_share(at_ms, total_ms);
        }
    }
}

TEST(SlowStart, IsWrittenEachPercentWithinReason) {
    EXPECT_EQ(slow_start_step_ms(1'000), 100U);
    EXPECT_EQ(slow_start_step_ms(30'000), 300U);
    EXPECT_EQ(slow_start_step_ms(86'400'000), 1'000U);
}

}  // namespace
}  // namespace jumpgate
