#include "loadgen/fail_if.h"

#include <gtest/gtest.h>

namespace jumpgate::load {
namespace {

FailIf parsed(std::string_view text) {
    Parsed<FailIf> limit = parse_fail_if(text);
    if (const Problem* problem = std::get_if<Problem>(&limit)) {
        ADD_FAILURE() << text << ": " << problem->text;
        return {};
    }
    return std::get<FailIf>(limit);
}

// 1 to 1,000 ms, and a hundred messages of which three are lost.
Recorder example() {
    Recorder recorder;
    for (uint64_t i = 1; i <= 1'000; ++i) recorder.latency.record(i * 1'000);
    recorder.connect.record(700);
    recorder.service.record(600);
    recorder.acknowledgement.record(800);
    recorder.add(Count::Received, 97);
    recorder.add(Count::LostInFlight, 3);
    recorder.add(Count::Sent, 100);
    recorder.add(Count::Late, 5);
    recorder.add(Count::Failed, 1);
    recorder.add(Count::Connections, 9);
    recorder.setup_failed(Cause::Refused);
    return recorder;
}

TEST(FailIf, JudgesTimesAndCounts) {
    struct Case {
        const char* text;
        bool failed;
    };
    constexpr Case kCases[] = {
        {"p50>501ms", false},        {"p50>0.499s", true},
        {"p99 >= 990ms", true},      {"p99>992ms", false},
        {"p99.9<=1000ms", true},     {"max>1s", false},
        {"max>=1s", true},           {"latency.p50>400ms", true},
        {"connect.p99>699us", true}, {"connect.p99>700us", false},
        {"ack.max<1ms", true},       {"lost>0", true},
        {"lost>3", false},           {"lost>2.9%", true},
        {"lost>3%", false},          {"late>5%", false},
        {"late>4.9%", true},         {"failed>9%", true},
        {"failed>10%", false},       {"errors>=1", true},
        {"errors>10%", false},       {"duplicated>0", false},
        {"reordered>0%", false},     {"lost<1", false},
    };
    const Recorder recorder = example();
    for (const Case& each : kCases) {
        EXPECT_EQ(judge(parsed(each.text), recorder, 10).failed, each.failed) << each.text;
    }
}

TEST(FailIf, WhatWasNotMeasuredIsBroken) {
    const Recorder nothing;
    for (const char* text : {"p99>1s", "connect.p50<1s", "lost>1%", "late>1%", "lost>0", "late>0",
                             "duplicated>0", "reordered>0", "failed>0", "errors>0", "moved>0"}) {
        const FailIf limit = parsed(text);
        const FailIfVerdict verdict = judge(limit, nothing, 0);
        EXPECT_TRUE(verdict.failed) << text;
        EXPECT_NE(broken_text(limit, verdict).find("was not measured"), std::string::npos);
    }
}

TEST(FailIf, OfDeliveriesOnlyWhereMessagesHaveAnAccount) {
    const auto said = [&](std::string_view text, const Recorder& recorder) {
        const FailIf limit = parsed(text);
        const FailIfVerdict verdict = judge(limit, recorder, 10);
        return verdict.failed ? broken_text(limit, verdict) : std::string();
    };
    Recorder pub;
    pub.add(Count::Sent, 100);
    EXPECT_EQ(said("lost>0", pub),
              "lost>0: lost was not measured: no message came that could be "
              "accounted for");
    EXPECT_EQ(said("late>0", pub), "");
    EXPECT_EQ(said("errors>0", pub), "errors>0: errors was not measured");  // and nothing was tried
    Recorder foreign;  // heard by `sub`, and not of jumpload's making
    foreign.add(Count::Received, 100);
    Recorder ours = foreign;
    ours.service.record(1);
    Recorder all_lost;
    all_lost.add(Count::LostOnLiveConnections, 3);
    for (const char* text : {"lost>0", "duplicated>0", "reordered>0", "lost>1%"}) {
        EXPECT_NE(said(text, foreign), "") << text;
        EXPECT_EQ(said(text, ours), "") << text;
    }
    EXPECT_EQ(said("lost>3", all_lost), "");
    EXPECT_EQ(said("lost>2", all_lost), "lost>2: lost is 3");
    EXPECT_NE(said("duplicated>0", all_lost), "");
    EXPECT_EQ(said("moved>0", ours),
              "moved>0: moved was not measured: no client came back whose broker had given its "
              "name (--broker-from)");
    ours.add(Count::BrokerKept);
    EXPECT_EQ(said("moved>0", ours), "");
}

TEST(FailIf, SaysWhatIsBroken) {
    const Recorder recorder = example();
    const auto said = [&](std::string_view text) {
        const FailIf limit = parsed(text);
        return broken_text(limit, judge(limit, recorder, 10));
    };
    EXPECT_EQ(said("connect.p99 > 20us"), "connect.p99>20us: p99 of connect is 700 us");
    EXPECT_EQ(said("max>=1s"), "max>=1s: the longest latency is 1.00 s");
    EXPECT_EQ(said("lost>0"), "lost>0: lost is 3");
    EXPECT_EQ(said("lost>0.1%"), "lost>0.1%: lost is 3 %");
}

TEST(FailIf, RefusesWhatItDoesNotUnderstand) {
    for (const char* text :
         {"",         "p99",          ">1",         "p99>",           "p99>20",      "p99>20m",
          "p99=20ms", "p99>>20ms",    "p101>1ms",   "p>1s",           "p-1>1s",      "p9.9.9>1s",
          "speed>1",  "tcp.p99>1s",   "latency>1s", "latency.avg>1s", "lost>1ms",    "lost>-1",
          "lost>1e3", "lost.p99>1ms", "p99>20ms<5", "p99>1%",         "latency.>1s", "p99>.ms"}) {
        EXPECT_TRUE(std::holds_alternative<Problem>(parse_fail_if(text))) << text;
    }
}

}  // namespace
}  // namespace jumpgate::load
