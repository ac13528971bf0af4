#include "loadgen/results.h"

#include <gtest/gtest.h>

#include "tests/loadgen/example_results.h"

namespace jumpgate::load {
namespace {

TEST(Results, AreNotWellWherePartOfThePlanWasNeverSent) {
    Results results;
    results.recorder.add(Count::Planned, 10);
    results.recorder.add(Count::Sent, 6);
    results.recorder.add(Count::Dropped, 3);  // by --drop-late
    EXPECT_EQ(results.recorder.unsent(), 1U);
    EXPECT_EQ(results.exit_code(), 3);
    results.interrupted = true;
    EXPECT_EQ(results.exit_code(), 0);
    results.interrupted = false;
    results.plan.reconnect = true;
    EXPECT_EQ(results.exit_code(), 0);
}

TEST(Results, LostMessagesAreExitCode3) {
    Results results = p2p_results();
    EXPECT_EQ(results.exit_code(), 0);
    results.recorder.add(Count::LostInFlight);
    EXPECT_EQ(results.exit_code(), 3);
    results.plan.reconnect = true;  // broken connections are then part of the plan
    EXPECT_EQ(results.exit_code(), 0);
    results.recorder.add(Count::LostOnLiveConnections);
    EXPECT_EQ(results.exit_code(), 3);
}

TEST(Results, ClientsThatNeverConnectedAreExitCode1) {
    Results results = p2p_results();
    results.recorder.add(Count::Failed);
    EXPECT_EQ(results.exit_code(), 1);
    results.recorder.add(Count::LostOnLiveConnections);
    EXPECT_EQ(results.exit_code(), 3);
}

TEST(Results, ALateGeneratorIsSaturated) {
    Results results = p2p_results();
    for (int i = 0; i < 98; ++i) results.recorder.send_lateness.record(10);
    for (int i = 0; i < 2; ++i) results.recorder.send_lateness.record(60'000);
    EXPECT_TRUE(results.sends_too_late() && !results.thread_too_busy());
    EXPECT_TRUE(results.generator_saturated());
    EXPECT_EQ(results.exit_code(), 3);
    for (int i = 0; i < 200; ++i) results.recorder.send_lateness.record(10);
    EXPECT_FALSE(results.generator_saturated());
}

TEST(Results, ABusyThreadIsSaturated) {
    Results results = p2p_results();
    results.recorder.busiest_share = 0.91;
    EXPECT_TRUE(results.thread_too_busy() && !results.sends_too_late());
    EXPECT_TRUE(results.generator_saturated());
}

TEST(Results, OnlyThePlannerKnowsThePlan) {
    Results results = p2p_results();
    EXPECT_EQ(results.latency_from(), "planned send");
    results.plan.streams = 0;
    EXPECT_EQ(results.latency_from(), "actual send");
}

}  // namespace
}  // namespace jumpgate::load
