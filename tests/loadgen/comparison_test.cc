#include "loadgen/comparison.h"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

namespace jumpgate::load {
namespace {

using Json = nlohmann::json;

// Of pairs that sent 200 messages.
Json result_of(double p99_us, uint64_t received) {
    return {{"clients", {{"connections", 10}}},
            {"connect_seconds", 2.0},
            {"seconds", 4.0},
            {"plan", {{"publishers", 5}, {"subscribers", 5}}},
            {"messages", {{"planned", 200}, {"sent", 200}, {"received", received}, {"lost", 0}}},
            {"warm_up", {{"seconds", 0.0}, {"planned", 0}, {"sent", 0}, {"received", 0}}},
            {"connect_us", {{"count", 10}, {"p50", 90}, {"p99", 200}}},
            {"latency_us", {{"count", received}, {"p50", 5}, {"p99", p99_us}, {"p99_9", 900}}}};
}

size_t index_of(std::string_view name) {
    const std::vector<Figure> all = figures();
    for (size_t i = 0; i < all.size(); ++i)
        if (all[i].name == name) return i;
    ADD_FAILURE() << name;
    return 0;
}

TEST(Comparison, ReadsTheFiguresOfARun) {
    const auto values = values_of(result_of(80, 100), 600);
    ASSERT_EQ(values.size(), figures().size());
    EXPECT_EQ(values[index_of("connects")], 5);
    EXPECT_EQ(values[index_of("connect p99")], 200);
    EXPECT_EQ(values[index_of("messages")], 25);
    EXPECT_EQ(values[index_of("latency p99")], 80);
    EXPECT_EQ(values[index_of("lost")], 0);
    EXPECT_EQ(values[index_of("CPU per message")], 6);
    EXPECT_EQ(values[index_of("CPU per connection")], std::nullopt);  // messages took most of it
}

TEST(Comparison, CountsWhatCameThroughWhereSomebodyListened) {
    // The target lost half of it: what was sent says nothing of its throughput.
    Json result = result_of(80, 100);
    EXPECT_EQ(values_of(result, 600)[index_of("messages")], 25);
    // All of it: that is a throughput of 0, and not of nothing.
    EXPECT_EQ(values_of(result_of(80, 0), 600)[index_of("messages")], 0);
    EXPECT_EQ(values_of(result_of(80, 0), 600)[index_of("CPU per message")], std::nullopt);
    result["plan"]["subscribers"] = 0;
    EXPECT_EQ(values_of(result, 600)[index_of("messages")], 50);
    EXPECT_EQ(values_of(result, 600)[index_of("CPU per message")], 3);
}

TEST(Comparison, SharesTheCpuOfTheWarmUpAmongItsMessages) {
    Json result = result_of(80, 100);
    result["warm_up"] = {{"seconds", 16.0}, {"planned", 400}, {"sent", 450}, {"received", 400}};
    EXPECT_EQ(values_of(result, 1'000)[index_of("messages")], 25) << "the measured ones alone";
    EXPECT_EQ(values_of(result, 1'000)[index_of("CPU per message")], 2);
    result["plan"]["subscribers"] = 0;
    EXPECT_EQ(values_of(result, 1'300)[index_of("CPU per message")], 2);
}

TEST(Comparison, LeavesOutWhatARunDoesNotHave) {
    const Json conn = {{"clients", {{"connections", 10}}}, {"connect_seconds", 2.0}};
    const auto values = values_of(conn, 50);
    EXPECT_EQ(values[index_of("latency p99")], std::nullopt);
    EXPECT_EQ(values[index_of("messages")], std::nullopt);
    EXPECT_EQ(values[index_of("lost")], std::nullopt);
    EXPECT_EQ(values[index_of("CPU per connection")], 5);
    EXPECT_EQ(values_of(conn, std::nullopt)[index_of("CPU per connection")], std::nullopt);
}

// Rounds whose second target takes 1.5 times as long.
Comparison comparison_of(const std::vector<double>& p99_us) {
    Comparison comparison({"direct", "proxied"});
    for (const double p99 : p99_us) {
        comparison.add(0, values_of(result_of(p99, 100), std::nullopt));
        comparison.add(1, values_of(result_of(p99 * 1.5, 100), std::nullopt));
    }
    return comparison;
}

TEST(Comparison, TakesRatiosWithinARound) {
    // The machine got slower from round to round; the ratio did not change.
    const Comparison comparison = comparison_of({100, 200, 400, 800, 1'600});
    const Comparison::Cell cell = comparison.cell(1, index_of("latency p99"));
    EXPECT_EQ(cell.median, 600);
    EXPECT_EQ(cell.ratio, 1.5);
    ASSERT_TRUE(cell.interval);
    EXPECT_EQ(cell.interval->low, 1.5);
    EXPECT_EQ(cell.interval->high, 1.5);
    EXPECT_FALSE(comparison.cell(0, index_of("latency p99")).ratio);
    // Nothing was lost anywhere: no ratio of nothing.
    EXPECT_FALSE(comparison.cell(1, index_of("lost")).ratio);
}

TEST(Comparison, HasNoIntervalOfFewRounds) {
    const Comparison few = comparison_of({100, 200, 400, 800});
    EXPECT_EQ(few.cell(1, index_of("latency p99")).ratio, 1.5);
    EXPECT_FALSE(few.cell(1, index_of("latency p99")).interval);
    EXPECT_NE(few.text().find("x1.50\n"), std::string::npos) << few.text();
    EXPECT_EQ(few.text().find('['), std::string::npos) << few.text();
    EXPECT_NE(few.text().find("5 rounds or more give an interval"), std::string::npos);
    const Json ratio = few.json()["targets"]["proxied"]["latency p99"]["ratio"];
    EXPECT_EQ(ratio, (Json{{"median", 1.5}}));
}

TEST(Comparison, PrintsTheSameAsTextAndJson) {
    const Comparison comparison = comparison_of({10'000, 20'000, 35'540, 80'000, 160'000});
    const std::string text = comparison.text();
    EXPECT_NE(text.find("x1.50 [1.50 1.50]"), std::string::npos) << text;
    EXPECT_EQ(text.find("rounds or more"), std::string::npos) << text;
    EXPECT_EQ(text.find("CPU"), std::string::npos) << "nobody has it: " << text;
    EXPECT_NE(text.find("latency p99                   35.54 ms    53.31 ms  "), std::string::npos)
        << text;
    EXPECT_NE(text.find("connect p50                      90 us       90 us  "), std::string::npos)
        << text;
    const Json json = comparison.json();
    const Json& row = json["targets"]["proxied"]["latency p99"];
    EXPECT_EQ(row["median"], 53'310);
    EXPECT_EQ(row["values"], Json::array({15'000.0, 30'000.0, 53'310.0, 120'000.0, 240'000.0}));
    EXPECT_EQ(row["ratio"], (Json{{"median", 1.5}, {"low", 1.5}, {"high", 1.5}}));
    EXPECT_FALSE(json["targets"]["direct"]["latency p99"].contains("ratio"));
}

TEST(Comparison, CountsARoundOnceAllTargetsHadIt) {
    Comparison comparison({"direct", "proxied"});
    EXPECT_EQ(comparison.rounds(), 0U);
    comparison.add(0, values_of(result_of(100, 100), std::nullopt));
    EXPECT_EQ(comparison.rounds(), 0U);
    comparison.add(1, values_of(result_of(100, 100), std::nullopt));
    comparison.add(0, values_of(result_of(100, 100), std::nullopt));
    EXPECT_EQ(comparison.rounds(), 1U);
}

TEST(Comparison, PrintsPartsOfAMicrosecond) {
    Comparison comparison({"direct", "proxied"});
    for (const size_t target : {0U, 1U})
        comparison.add(target, values_of(result_of(100, 100), target == 0 ? 55 : 635));
    EXPECT_NE(comparison.text().find("0.550 us     6.35 us  "), std::string::npos)
        << comparison.text();
}

}  // namespace
}  // namespace jumpgate::load
