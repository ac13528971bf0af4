#include "loadgen/quantity.h"

#include <gtest/gtest.h>

namespace jumpgate::load {
namespace {

TEST(ParseDuration, KnowsItsUnits) {
    const std::pair<std::string_view, uint64_t> kCases[] = {
        {"0", 0},
        {"30", 30'000'000'000},
        {"30s", 30'000'000'000},
        {"250us", 250'000},
        {"100ms", 100'000'000},
        {"0.5s", 500'000'000},
        {"1.5m", 90'000'000'000},
        {"2h", 7'200'000'000'000},
    };
    for (const auto& [text, ns] : kCases) {
        const Parsed<uint64_t> parsed = parse_duration_ns(text);
        ASSERT_TRUE(std::holds_alternative<uint64_t>(parsed)) << text;
        EXPECT_EQ(std::get<uint64_t>(parsed), ns) << text;
    }
}

TEST(ParseDuration, RefusesTheRest) {
    for (const std::string_view text : {"", "s", "-1s", "+1s", "1 s", "1d", "1e3s", "1.2.3s",
                                        "0x10", "9999h", "inf", "nan", "1s "}) {
        EXPECT_TRUE(std::holds_alternative<Problem>(parse_duration_ns(text))) << text;
    }
}

TEST(ParseRate, KnowsThousandsAndMillions) {
    EXPECT_EQ(std::get<double>(parse_rate("0")), 0);
    EXPECT_EQ(std::get<double>(parse_rate("250")), 250);
    EXPECT_EQ(std::get<double>(parse_rate("1.5k")), 1'500);
    EXPECT_EQ(std::get<double>(parse_rate("2M")), 2e6);
    for (const std::string_view text : {"", "k", "5K", "-1", "5/s", "1001M", "1e5"}) {
        EXPECT_TRUE(std::holds_alternative<Problem>(parse_rate(text))) << text;
    }
}

TEST(ParseShare, IsAPercentage) {
    EXPECT_DOUBLE_EQ(std::get<double>(parse_share("50%")), 0.5);
    EXPECT_DOUBLE_EQ(std::get<double>(parse_share("100%")), 1);
    EXPECT_DOUBLE_EQ(std::get<double>(parse_share("0.1%")), 0.001);
    for (const std::string_view text : {"", "%", "50", "0.5", "0%", "101%", "50%/s", "-5%"}) {
        EXPECT_TRUE(std::holds_alternative<Problem>(parse_share(text))) << text;
    }
    EXPECT_DOUBLE_EQ(std::get<double>(parse_share_per_second("20%/s")), 0.2);
    EXPECT_DOUBLE_EQ(std::get<double>(parse_share_per_second("250%/s")), 2.5);
    for (const std::string_view text : {"20%", "0%/s", "1001%/s", "20/s", "20%/m"}) {
        EXPECT_TRUE(std::holds_alternative<Problem>(parse_share_per_second(text))) << text;
    }
}

}  // namespace
}  // namespace jumpgate::load
