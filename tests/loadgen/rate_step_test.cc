#include "loadgen/rate_step.h"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

namespace jumpgate::load {
namespace {

using Json = nlohmann::json;
using Words = std::vector<std::string>;

Json second_of(const char* stage, int arrived, int p50_us) {
    return {{"stage", stage},          {"length_s", 1.0},     {"sent", 100},
            {"received", arrived},     {"acknowledged", 100}, {"latency_count", arrived},
            {"latency_p50_us", p50_us}};
}

// Three seconds of pairs with 100 messages/s, whose second and third bring `arrived`.
Json result_of(int arrived, int p50_us = 200) {
    return {{"seconds", 3.0},
            {"plan", {{"publishers", 10}, {"subscribers", 10}, {"streams", 10}, {"qos", 0}}},
            {"messages", {{"planned", 300}, {"sent", 300}, {"received", 300}, {"lost", 0}}},
            {"latency_us", {{"count", 300}, {"min", 90}, {"p50", p50_us}, {"p99", 53'310}}},
            {"generator_saturated", false},
            {"thresholds", Json::array()},
            {"seconds_series",
             {second_of("connecting", 0, 0), second_of("measuring", 40, p50_us),
              second_of("measuring", arrived, p50_us), second_of("measuring", arrived, p50_us),
              second_of("draining", 260 - 2 * arrived, p50_us)}}};
}

TEST(RateStep, HoldsWhereAllArrivesWhileItIsPlanned) {
    EXPECT_EQ(step_failures(result_of(100), 0), Words{});
    EXPECT_EQ(step_failures(result_of(99), 0), Words{}) << "99 %";
    EXPECT_EQ(step_text(result_of(100)), "p50 200 us, p99 53.31 ms, 0 lost");
}

TEST(RateStep, FailsWhereTheRestArrivesAfterItsTime) {
    EXPECT_EQ(step_failures(result_of(80), 0), Words{"only 80/s of 100/s arrived in time"});
}

TEST(RateStep, ExcusesWhatIsUnderWayAsLongAsTheShortestPathTakes) {
    // 0.3 s there: 30 of the messages are still under way, or not yet there, at the edges.
    EXPECT_EQ(step_failures(result_of(85, 300'000), 0), Words{});
    EXPECT_EQ(step_failures(result_of(80, 300'000), 0).size(), 1U);
    // That of the best second counts: where the latency grows, all but it tell of a queue.
    Json growing = result_of(85, 300'000);
    growing["seconds_series"][1]["latency_p50_us"] = 10'000;
    EXPECT_EQ(step_failures(growing, 0).size(), 1U);
}

TEST(RateStep, ExcusesWhatWasLostInFlightOrHadNoSubscriber) {
    Json result = result_of(80);
    result["messages"]["lost_in_flight"] = 20;
    result["messages"]["without_subscriber"] = 20;
    EXPECT_EQ(step_failures(result, 0), Words{});
}

TEST(RateStep, CountsTheDeliveriesOfAFanOut) {
    Json result = result_of(400);
    result["plan"]["streams"] = 40;
    EXPECT_EQ(step_failures(result, 0), Words{});
    for (const int i : {2, 3}) result["seconds_series"][i]["received"] = 100;
    EXPECT_EQ(step_failures(result, 0), Words{"only 100/s of 400/s arrived in time"});
}

TEST(RateStep, AsksForAcknowledgementsOrSendsWhereNobodyListens) {
    Json result = result_of(0);
    result["plan"]["streams"] = 0;
    for (const int i : {2, 3}) result["seconds_series"][i]["sent"] = 70;
    EXPECT_EQ(step_failures(result, 0), Words{"only 70/s of 100/s were sent in time"});
    result["plan"]["qos"] = 1;
    EXPECT_EQ(step_failures(result, 0), Words{});
    for (const int i : {2, 3}) result["seconds_series"][i]["acknowledged"] = 60;
    EXPECT_EQ(step_failures(result, 0), Words{"only 60/s of 100/s were acknowledged in time"});
    result["latency_us"]["count"] = 0;
    EXPECT_EQ(step_text(result), "no latency was measured, 0 lost");
    result["acknowledgement_us"] = {{"count", 3}, {"p50", 12}, {"p99", 2'500}};
    EXPECT_EQ(step_text(result), "acknowledged in p50 12 us, p99 2.50 ms, 0 lost");
}

TEST(RateStep, DoesNotJudgeByASecondThatWasNotMeasuredWhole) {
    Json result = result_of(10);
    result["seconds_series"] = {second_of("connecting", 0, 0), second_of("measuring", 10, 200),
                                second_of("draining", 90, 200)};
    EXPECT_FALSE(step_rates(result));
    EXPECT_EQ(step_failures(result, 0), Words{});
    // Behind a warm-up the first second is a whole one.
    result["seconds_series"][0]["stage"] = "warm-up";
    EXPECT_EQ(step_failures(result, 0).size(), 1U);
}

TEST(RateStep, SaysWhyARunFailedByItsOwnVerdict) {
    Json result = result_of(100);
    EXPECT_EQ(step_failures(result, 3), Words{"exit code 3"});
    result["messages"]["lost"] = 4;
    EXPECT_EQ(step_failures(result, 3), Words{"messages were lost"});
    result["setup_failures"] = {{"refused", 20}};
    result["thresholds"] = {
        {{"expression", "p99>10ms"}, {"value", 53'310}, {"measured", true}, {"failed", true}},
        {{"expression", "p50>10ms"}, {"value", 200}, {"measured", true}, {"failed", false}},
        {{"expression", "ack.p99>10ms"}, {"value", 0}, {"measured", false}, {"failed", true}}};
    result["messages"]["duplicated_against_qos"] = 2;
    result["messages"]["unsent"] = 7;
    result["generator_saturated"] = true;
    EXPECT_EQ(
        step_failures(result, 3),
        (Words{"20 attempts failed: refused (nothing listens at the target; check --host and "
               "--port)",
               "p99>10ms: p99 of latency is 53.31 ms", "ack.p99>10ms: ack was not measured",
               "2 duplicated against their QoS", "7 never sent", "the generator was saturated"}));
}

}  // namespace
}  // namespace jumpgate::load
