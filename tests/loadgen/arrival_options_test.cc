#include "loadgen/arrival_options.h"

#include <gtest/gtest.h>

#include "loadgen/options.h"
#include "loadgen/scenario.h"

namespace jumpgate::load {
namespace {

constexpr uint64_t kSecond = 1'000'000'000;

TEST(ParseProfile, IsTimesAndRates) {
    const auto parsed = parse_profile("0:1k,30s:5k,30s:0,1m:250.5");
    const auto& points = std::get<std::vector<RatePoint>>(parsed);
    ASSERT_EQ(points.size(), 4U);
    EXPECT_EQ(points[0].at_ns, 0U);
    EXPECT_EQ(points[1].at_ns, 30 * kSecond);
    EXPECT_EQ(points[3].at_ns, 60 * kSecond);
    EXPECT_EQ(points[1].per_second, 5'000);
    EXPECT_EQ(points[2].per_second, 0);
    EXPECT_EQ(points[3].per_second, 250.5);
}

TEST(ParseProfile, SaysWhatIsWrong) {
    const std::pair<std::string_view, std::string_view> kCases[] = {
        {"", "TIME:RATE"},
        {"1k", "TIME:RATE"},
        {"0:1k,", "TIME:RATE"},
        {"x:1k", "time is no duration"},
        {"0:1k,5s:fast", "rate is no rate"},
        {"5s:1,4s:2", "order"},
        {"0:0,5s:0", "no rate above 0"},
        {"0:2000M", "1,000 M"},
    };
    for (const auto& [text, says] : kCases) {
        const auto parsed = parse_profile(text);
        const Problem* problem = std::get_if<Problem>(&parsed);
        ASSERT_NE(problem, nullptr) << text;
        EXPECT_NE(problem->text.find(says), std::string::npos) << problem->text;
    }
}

TEST(ParseTickUs, IsANumberOrAuto) {
    using Tick = std::optional<uint32_t>;
    EXPECT_EQ(std::get<Tick>(parse_tick_us("auto")), std::nullopt);
    EXPECT_EQ(std::get<Tick>(parse_tick_us("0")), 0U);
    EXPECT_EQ(std::get<Tick>(parse_tick_us("100000")), 100'000U);
    for (const std::string_view text : {"", "none", "-1", "1.5", "100001"}) {
        EXPECT_TRUE(std::holds_alternative<Problem>(parse_tick_us(text))) << text;
    }
}

TEST(ParseStartAt, IsAWaitOrATime) {
    const auto wait = std::get<StartAt>(parse_start_at("+5s"));
    EXPECT_TRUE(wait.after_now);
    EXPECT_EQ(wait.ns, 5 * kSecond);
    const auto time = std::get<StartAt>(parse_start_at("1764000000"));
    EXPECT_FALSE(time.after_now);
    EXPECT_EQ(time.ns, 1'764'000'000 * kSecond);
    EXPECT_EQ(std::get<StartAt>(parse_start_at("1764000000.000000025")).ns,
              1'764'000'000 * kSecond + 25);
    EXPECT_EQ(std::get<StartAt>(parse_start_at("1764000000.5")).ns,
              1'764'000'000 * kSecond + kSecond / 2);
    for (const std::string_view text : {"", "+", "now", "1764000000.", "-5", "+5d", "1.2.3", "17s",
                                        "99999999999", "1.0000000001"}) {
        EXPECT_TRUE(std::holds_alternative<Problem>(parse_start_at(text))) << text;
    }
}

std::variant<Options, FlagsExit> parsed(Mode mode, std::vector<const char*> arguments) {
    return parse_options(mode, arguments, 1'000);
}

TEST(ArrivalOptions, ComeFromTheCommandLine) {
    const auto options =
        std::get<Options>(parsed(Mode::P2p, {"--arrival", "poisson", "--ramp", "30s", "--warm-up",
                                             "5s", "--drop-late", "--start-at", "+1s"}));
    EXPECT_EQ(options.arrival.spacing, Spacing::Poisson);
    EXPECT_EQ(options.arrival.ramp_ns, 30 * kSecond);
    EXPECT_EQ(options.arrival.warm_up_ns, 5 * kSecond);
    EXPECT_TRUE(options.arrival.drop_late);
    EXPECT_EQ(options.arrival.start_at->ns, kSecond);
}

TEST(ArrivalOptions, ModesWithoutMessagesHaveNoFlagsForThem) {
    EXPECT_TRUE(std::holds_alternative<FlagsExit>(parsed(Mode::Conn, {"--profile", "0:1"})));
    EXPECT_TRUE(std::holds_alternative<Options>(parsed(Mode::Conn, {"--ramp", "1s"})));
}

TEST(ArrivalOptions, OneRateIsEnough) {
    const std::pair<const char*, const char*> kCases[] = {
        {"-I10", "--profile: --interval_of_msg says when"},
        {"--rate=5", "--profile: --rate says when"},
        {"--ramp=5s", "--profile: gives the rate that --ramp would change"},
    };
    for (const auto& [other, says] : kCases) {
        const auto refused = parsed(Mode::P2p, {"--profile", "0:1k", other});
        ASSERT_TRUE(std::holds_alternative<FlagsExit>(refused)) << other;
        const std::string& text = std::get<FlagsExit>(refused).text;
        EXPECT_NE(text.find(says), std::string::npos) << text;
    }
}

TEST(ArrivalOptions, APaceOnTheCommandLineTakesThePlaceOfAScenarios) {
    const Scenario churn = named_scenario("churn").value();
    for (const char* pace : {"--profile=0:1k", "-I10", "--rate=7", "--think-time=1s"}) {
        const std::vector<const char*> arguments = {pace};
        const auto parsed = parse_options(Mode::P2p, arguments, 10'000, &churn);
        ASSERT_TRUE(std::holds_alternative<Options>(parsed))
            << pace << std::get<FlagsExit>(parsed).text;
        const Options& options = std::get<Options>(parsed);
        EXPECT_EQ(options.rate, pace == std::string("--rate=7") ? 7U : 0U) << pace;
    }
}

}  // namespace
}  // namespace jumpgate::load
