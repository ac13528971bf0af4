#include "loadgen/report_figures.h"

#include <gtest/gtest.h>

#include "tests/loadgen/report_samples.h"

namespace jumpgate::load {
namespace {

TEST(KeyFigures, OfOneRunAreTiles) {
    const std::vector<ReportRun> runs = runs_of({std::string(kGoodRun)});
    const std::string html = key_figures(runs);
    EXPECT_TRUE(holds(html, "<dt>Messages sent per second</dt><dd>100</dd>")) << html;
    EXPECT_TRUE(holds(html, "<dt>Messages lost</dt><dd>0</dd>"));
    EXPECT_TRUE(holds(html, "<dt>Latency, p99</dt><dd>900 \u00b5s</dd>"));
    EXPECT_TRUE(holds(html, "<dt>Busiest thread of the generator</dt><dd>25 %</dd>"));
    EXPECT_FALSE(holds(html, "Acknowledged"));  // nothing was
    EXPECT_FALSE(holds(html, "\u00d7"));
}

TEST(KeyFigures, OfSeveralRunsHaveRatiosToTheFirst) {
    const std::vector<ReportRun> runs =
        runs_of({std::string(kGoodRun), with(kGoodRun, "\"p99\":900", "\"p99\":450")});
    const std::string html = key_figures(runs);
    EXPECT_TRUE(holds(html,
                      "<th scope=\"row\">Latency, p99</th><td>900 \u00b5s</td><td>450 "
                      "\u00b5s<span class=\"ratio\">0.50\u00d7</span></td>"))
        << html;
    EXPECT_TRUE(holds(html, "run-1\"></span>run1"));
    EXPECT_TRUE(holds(html, "run-2\"></span>run2"));
}

TEST(KeyFigures, WhatARunLacksIsADashAndHasNoRatio) {
    const std::string conn = with(kGoodRun, "\"mode\":\"p2p\"", "\"mode\":\"conn\"");
    const std::vector<ReportRun> runs =
        runs_of({with(conn, "\"latency_us\":{\"count\":1000", "\"latency_us\":{\"count\":0"),
                 std::string(kGoodRun)});
    const std::string html = key_figures(runs);
    EXPECT_TRUE(holds(html,
                      "<th scope=\"row\">Latency, p99</th><td><span class=\"none\">-</span>"
                      "</td><td>900 \u00b5s</td>"))
        << html;
    EXPECT_TRUE(holds(html,
                      "<th scope=\"row\">Messages lost</th><td><span class=\"none\">-</span>"
                      "</td><td>0</td>"));
}

TEST(KeyFigures, HoldTheLongestOutage) {
    const std::string outage = with(kGoodRun, "\"seconds\":10.0",
                                    R"("outages":{"count":1,"longest_ms":1230},"seconds":10.0)");
    EXPECT_TRUE(holds(key_figures(runs_of({outage})),
                      "<dt>Longest outage, until 99 % were back</dt><dd>1.23 s</dd>"));
    EXPECT_FALSE(holds(key_figures(runs_of({std::string(kGoodRun)})), "outage"));
}

TEST(KeyFigures, AreNoneWhereThereIsNothing) {
    EXPECT_EQ(key_figures(runs_of({R"({"tool":"jumpload","mode":"p2p"})"})), "");
    const std::string empty = R"({"tool":"jumpload","mode":"p2p"})";
    EXPECT_EQ(key_figures(runs_of({empty, empty})), "");
}

TEST(TimesTable, HasARowForEachTimeThatWasMeasured) {
    const std::string html = times_table(runs_of({std::string(kGoodRun)}));
    EXPECT_TRUE(holds(html,
                      "<th scope=\"row\">Latency, from the plan</th><td>1,000</td><td>210 "
                      "\u00b5s</td><td>200 \u00b5s</td><td>300 \u00b5s</td><td>900 "
                      "\u00b5s</td><td>1.5 ms</td><td>2.5 ms</td>"))
        << html;
    EXPECT_TRUE(holds(html, "Subscribe (SUBACK)"));
    EXPECT_FALSE(holds(html, ">TCP<"));
}

TEST(TimesTable, SaysWhereLatencyIsNotFromThePlan) {
    const std::string html =
        times_table(runs_of({with(kGoodRun, "\"planned send\"", "\"actual send\"")}));
    EXPECT_TRUE(holds(html, "Latency, from the send"));
    EXPECT_FALSE(holds(html, "Latency, from the plan"));
}

TEST(TimesTable, GroupsTheRunsOfEachTime) {
    const std::string html = times_table(
        runs_of({std::string(kGoodRun), with(kGoodRun, "\"max\":2500", "\"max\":5000")}));
    EXPECT_TRUE(holds(html, "<th scope=\"rowgroup\" colspan=\"8\">Latency, from the plan</th>"));
    EXPECT_TRUE(holds(html, "5 ms<span class=\"ratio\">2.00\u00d7</span>")) << html;
}

TEST(RunName, EscapesAndRepeatsColoursAfterEight) {
    const ReportRun run = run_of(kGoodRun, "<b>");
    EXPECT_EQ(run_name(run, 0), "<span class=\"swatch run-1\"></span>&lt;b&gt;");
    EXPECT_EQ(run_name(run, 8), run_name(run, 0));
}

}  // namespace
}  // namespace jumpgate::load
