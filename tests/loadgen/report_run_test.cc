#include "loadgen/report_run.h"

#include <gtest/gtest.h>

#include <cmath>

#include "core/base/histogram.h"
#include "loadgen/hdr_codec.h"
#include "tests/loadgen/report_samples.h"

namespace jumpgate::load {
namespace {

TEST(ReportRunParse, SaysWhatIsNoResult) {
    EXPECT_TRUE(holds(problem_of(""), "is no JSON"));
    EXPECT_TRUE(holds(problem_of("{\"tool\":\"jumpload 1\""), "is no JSON"));
    EXPECT_TRUE(holds(problem_of("[1,2]"), "is no result of a run"));
    EXPECT_TRUE(holds(problem_of("{}"), "is no result of a run"));
    EXPECT_TRUE(holds(problem_of(R"({"tool":"k6 0.1"})"), "is no result of a run"));
    EXPECT_TRUE(holds(problem_of(R"({"tool":"jumpload 1","rounds":3})"), "is no result of a run"));
    EXPECT_TRUE(holds(problem_of(R"({"tool":7})"), "is no result of a run"));
}

TEST(ReportRunParse, RefusesOtherSchemasAndNamesItsWriter) {
    const std::string later = with(kGoodRun, "\"schema_version\":1", "\"schema_version\":2");
    EXPECT_TRUE(holds(problem_of(later), "has schema_version 2; allowed: 1"));
    EXPECT_TRUE(holds(problem_of(later), "jumpload 0.1.0"));
    const std::string odd = with(kGoodRun, "\"schema_version\":1", "\"schema_version\":\"x\"");
    EXPECT_TRUE(holds(problem_of(odd), "has schema_version x"));
}

TEST(ReportRunParse, TakesOlderFilesWithoutVersion) {
    EXPECT_EQ(problem_of(with(kGoodRun, "\"schema_version\":1,", "")), "");
}

TEST(ReportRunParse, RefusesAHistogramThatIsNone) {
    const std::string broken =
        with(kGoodRun, "\"latency_from\"", "\"histograms\":{\"latency\":\"!!\"},\"latency_from\"");
    EXPECT_TRUE(holds(problem_of(broken), "histograms.latency: "));
}

TEST(ReportRun, FindsMembersByPathOrSaysThatTheyAreAbsent) {
    const ReportRun run = run_of(kGoodRun, "label");
    EXPECT_EQ(run.label(), "label");
    EXPECT_EQ(run.number("messages/sent"), 1000);
    EXPECT_EQ(run.text("environment/host"), "bench-1");
    EXPECT_FALSE(run.is("interrupted"));
    for (const std::string_view path :
         {"messages/none", "none/sent", "mode", "mode/x", "messages"}) {
        EXPECT_FALSE(run.number(path)) << path;
    }
    EXPECT_FALSE(run.text("seconds"));
    EXPECT_FALSE(run.is("seconds"));
}

TEST(ReportRun, ReadsCountsPlainOrOutOfObjects) {
    const ReportRun run = run_of(
        R"({"tool":"jumpload","mode":"p2p","plain":{"b":2,"a":1,"text":"x"},
            "deep":{"b:1":{"clients":4},"a:1":{"clients":3,"other":9},"c":{"other":1}}})");
    EXPECT_EQ(run.counts("plain"), (ReportRun::Counts{{"a", 1}, {"b", 2}}));
    EXPECT_EQ(run.counts("deep", "clients"), (ReportRun::Counts{{"a:1", 3}, {"b:1", 4}}));
    EXPECT_TRUE(run.counts("none").empty());
    EXPECT_TRUE(run.counts("tool").empty());
}

TEST(ReportRun, PutsNestedMembersIntoWords) {
    const ReportRun run = run_of(
        R"({"tool":"jumpload","mode":"p2p",
            "e":{"cpu":{"model":"EPYC","count":2},"list":[1,"b"],"on":true,
            "none":null,"empty":"","share":0.25}})");
    EXPECT_EQ(run.words("e"), (ReportRun::Words{{"cpu count", "2"},
                                                {"cpu model", "EPYC"},
                                                {"list", "1, b"},
                                                {"on", "yes"},
                                                {"share", "0.25"}}));
}

const ReportRun::Column* column(const std::vector<ReportRun::Column>& columns,
                                std::string_view name) {
    for (const ReportRun::Column& column : columns) {
        if (column.name == name) return &column;
    }
    return nullptr;
}

TEST(ReportRunSeconds, AreColumnsOfOneLength) {
    const ReportRun run = run_of(
        R"({"tool":"jumpload","mode":"p2p","seconds_series":[
            {"elapsed_s":1,"sent":100,"stage":"connecting"},
            {"elapsed_s":3,"length_s":2,"sent":100,"received":50,"connected":7,"stage":"measuring"},
            {"elapsed_s":3.5,"length_s":0.5,"sent":100,"received":50,"stage":"measuring"},
            {"elapsed_s":4,"sent":0,"stage":"draining"},
            {"elapsed_s":4.2,"length_s":0.2,"sent":9,"stage":"draining"}]})");
    const std::vector<ReportRun::Column> columns = run.seconds();
    ASSERT_NE(column(columns, "received"), nullptr);
    EXPECT_EQ(columns[0].name, "elapsed_s");
    EXPECT_EQ(columns[0].values, (std::vector<double>{1, 3, 3.5, 4, 4.2}));
    std::vector<double> sent = column(columns, "sent")->values;
    EXPECT_TRUE(std::isnan(sent.back()));  // of a fifth of a second no rate is known
    sent.pop_back();
    EXPECT_EQ(sent, (std::vector<double>{100, 50, 200, 0}));
    const std::vector<double>& received = column(columns, "received")->values;
    EXPECT_TRUE(std::isnan(received[0]));
    EXPECT_EQ(received[1], 25);
    EXPECT_EQ(column(columns, "connected")->values[1], 7);  // at its end: no rate
    EXPECT_EQ(column(columns, "stage"), nullptr);
    EXPECT_EQ(run.measured(), (std::pair<double, double>(1, 3.5)));
}

TEST(ReportRunSeconds, AreNoneWhereTheFileHasNoneOrOthers) {
    EXPECT_TRUE(run_of(kGoodRun).seconds().empty());
    EXPECT_EQ(run_of(kGoodRun).measured(), (std::pair<double, double>(0, 0)));
    for (const std::string_view series : {"[]", "7", "[1]", "[{\"sent\":1}]", "{\"a\":1}"}) {
        const ReportRun run = run_of(R"({"tool":"jumpload","mode":"p2p","seconds_series":)" +
                                     std::string(series) + "}");
        EXPECT_TRUE(run.seconds().empty()) << series;
        EXPECT_EQ(run.measured().second, 0) << series;
    }
}

TEST(ReportRunCurve, ComesFromTheSummaryWhereThereIsNoHistogram) {
    const std::vector<ReportRun::Point> points = run_of(kGoodRun).curve("latency");
    ASSERT_EQ(points.size(), 5u);  // p99.9 of 1,000 values is their maximum
    EXPECT_EQ(points[1].rest, 2);
    EXPECT_EQ(points[1].value_us, 200);
    EXPECT_EQ(points.back().rest, 1000);
    EXPECT_EQ(points.back().value_us, 2500);
    EXPECT_TRUE(run_of(kGoodRun).curve("tcp").empty());
}

TEST(ReportRunCurve, IsTheHistogramsAtTwentySharesForEachNine) {
    Histogram histogram;
    for (uint64_t i = 1; i <= 10'000; ++i) histogram.record(i);
    const std::string json = with(kGoodRun, "\"latency_us\":{\"count\":1000,",
                                  "\"histograms\":{\"latency\":\"" + encode_hdr(histogram) +
                                      "\"},\"latency_us\":{\"count\":10000,");
    const std::string exact = with(json, "\"max\":2500", "\"max\":10000");
    const std::vector<ReportRun::Point> points = run_of(exact).curve("latency");
    ASSERT_EQ(points.size(), 81u);
    for (const ReportRun::Point& point : points) {
        const double share = 1 - 1 / point.rest;
        EXPECT_NEAR(point.value_us, share * 10'000, 12) << point.rest;
    }
    EXPECT_EQ(points.back().rest, 10'000);
    EXPECT_EQ(points.back().value_us, 10'000);
    EXPECT_TRUE(std::is_sorted(points.begin(), points.end(), [](const auto& a, const auto& b) {
        return a.value_us < b.value_us;
    }));
}

}  // namespace
}  // namespace jumpgate::load
