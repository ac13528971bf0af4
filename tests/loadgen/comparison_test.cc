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

TEST(Comparison, TakesRatiosWithinARound) {
    Comparison comparison({"direct", "proxied"});
    // The machine got slower from round to round; the ratio did not change.
    for (const double p99 : {100.0, 200.0, 400.0}) {
        comparison.add(0, values_of(result_of(p99, 100), std::nullopt));
        comparison.add(1, values_of(result_of(p99 * 1.5, 100), std::nullopt));
    }
    const Comparison::Cell cell = comparison.cell(1, index_of("latency p99"));
    EXPECT_EQ(cell.median, 300);
    ASSERT_TRUE(cell.ratio);
    EXPECT_EQ(cell.ratio->median, 1.5);
    EXPECT_EQ(cell.ratio->low, 1.5);
    EXPECT_EQ(cell.ratio->high, 1.5);
    EXPECT_FALSE(comparison.cell(0, index_of("latency p99")).ratio);
    // Nothing was lost anywhere: no ratio of nothing.
    EXPECT_FALSE(comparison.cell(1, index_of("lost")).ratio);
}

TEST(Comparison, PrintsTheSameAsTextAndJson) {
    Comparison comparison({"direct", "proxied"});
    comparison.add(0, values_of(result_of(100, 100), std::nullopt));
    comparison.add(1, values_of(result_of(250, 100), std::nullopt));
    EXPECT_NE(comparison.text().find("x2.50 [2.50 2.50]"), std::string::npos) << comparison.text();
    EXPECT_EQ(comparison.text().find("CPU"), std::string::npos) << "nobody has it";
    const Json json = comparison.json();
    const Json& row = json["targets"]["proxied"]["latency p99"];
    EXPECT_EQ(row["median"], 250);
    EXPECT_EQ(row["values"], Json::array({250.0}));
    EXPECT_EQ(row["ratio"]["median"], 2.5);
    EXPECT_FALSE(json["targets"]["direct"]["latency p99"].contains("ratio"));
}

}  // namespace
}  // namespace jumpgate::load
