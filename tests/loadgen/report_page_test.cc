#include "loadgen/report_page.h"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "tests/loadgen/report_samples.h"

namespace jumpgate::load {
namespace {

constexpr std::string_view kEvil = "</script><script>evil()</script><!--<img src=x>";

size_t count(std::string_view text, std::string_view part) {
    size_t found = 0;
    for (size_t at = text.find(part); at != text.npos; at = text.find(part, at + 1)) ++found;
    return found;
}

std::string series_of(std::string_view page) {
    constexpr std::string_view kOpen = "<script type=\"application/json\" id=\"runs\">";
    const size_t begin = page.find(kOpen) + kOpen.size();
    return std::string(page.substr(begin, page.find("</script>", begin) - begin));
}

TEST(ReportPage, LeavesNoPlaceOpenAndAsksForNothing) {
    const std::string page = report_page(runs_of({std::string(kGoodRun)}), "A title");
    EXPECT_FALSE(holds(page, "@@"));
    EXPECT_TRUE(holds(page, "<title>A title</title>"));
    EXPECT_TRUE(holds(page, "<h1>A title</h1>"));
    EXPECT_TRUE(holds(page, "The MIT License"));  // uPlot's, which must travel with it
    EXPECT_TRUE(holds(page, "default-src 'none'"));
    for (const std::string_view outside : {"src=", "href=", "url(", "@import", "fetch("}) {
        EXPECT_FALSE(holds(page, outside)) << outside;
    }
}

TEST(ReportPage, IsTheSameForTheSameRuns) {
    const auto page = [] { return report_page(runs_of({std::string(kGoodRun)}), "t"); };
    EXPECT_EQ(page(), page());
}

TEST(ReportPage, HoldsVerdictTablesCommandAndMachineWithoutAScript) {
    const std::string page = report_page(runs_of({std::string(kGoodRun)}), "t");
    for (const std::string_view part :
         {"<section class=\"verdict good\">", "Everything asked for was reached",
          "<span class=\"mark\">complete</span>", "<h2>Times</h2>", "<pre>jumpload p2p -c 20</pre>",
          "<dt>host</dt><dd>bench-1</dd>", "<dt>connrate</dt><dd>100</dd>",
          "2026-11-23T17:30:00.123Z"}) {
        EXPECT_TRUE(holds(page, part)) << part;
    }
}

TEST(ReportPage, NothingOfAFileBreaksOut) {
    const std::string evil =
        R"({"tool":"jumpload EVIL","command":"EVIL","mode":"EVIL","environment":{"EVIL":"EVIL"},
            "plan":{"EVIL":"EVIL"},"setup_failures":{"EVIL":1},"connack_codes":{"EVIL":1},
            "brokers":{"EVIL":1},"seconds_series":[{"elapsed_s":1,"sent":2,"EVIL":3}],
            "clients":{"requested":1,"connected":0}})";
    std::string json = evil;
    for (size_t at = json.find("EVIL"); at != json.npos; at = json.find("EVIL")) {
        json.replace(at, 4, kEvil);
    }
    std::vector<ReportRun> runs;
    runs.push_back(run_of(json, std::string(kEvil)));
    const std::string page = report_page(runs, kEvil);
    const std::string good = report_page(runs_of({std::string(kGoodRun)}), "t");
    EXPECT_FALSE(holds(page, "<script>evil()"));
    EXPECT_FALSE(holds(page, "<img"));
    EXPECT_EQ(count(page, "<script"), count(good, "<script"));
    EXPECT_EQ(count(page, "</script"), count(good, "</script"));
    EXPECT_EQ(count(page, "<!--"), count(good, "<!--"));
    const auto series = nlohmann::json::parse(series_of(page), nullptr, false);
    ASSERT_FALSE(series.is_discarded());
    EXPECT_EQ(series[0]["label"], kEvil);
}

TEST(ReportPage, SaysWhatAMergedResultWasMergedOf) {
    const std::string page =
        report_page(runs_of({with(kGoodRun, "\"latency_from\"",
                                  R"("shards":[{"command":"jumpload a","environment":{"host":"h1"}},
                                   {"command":"jumpload b","environment":{"host":"h2"}}],
                         "latency_from")")}),
                    "t");
    EXPECT_TRUE(holds(page, "<h3>Merged of</h3>"));
    EXPECT_TRUE(holds(page, "<dt>1, h1</dt><dd>jumpload a</dd>"));
    EXPECT_TRUE(holds(page, "<dt>2, h2</dt><dd>jumpload b</dd>"));
}

TEST(ReportPage, PlaceholdersInAFileStayText) {
    const std::string page =
        report_page(runs_of({with(kGoodRun, "bench-1", "@@style@@ @@series@@")}), "@@series@@");
    EXPECT_TRUE(holds(page, "<dd>@@style@@ @@series@@</dd>"));
    EXPECT_TRUE(holds(page, "<h1>@@series@@</h1>"));
}

TEST(ReportPage, SeriesAndCurvesAreJsonForTheCharts) {
    const std::string json = with(kGoodRun, "\"busiest_thread_share\"",
                                  R"("seconds_series":[
            {"elapsed_s":1,"sent":12345678,"stage":"connecting","hidden":5},
            {"elapsed_s":2,"sent":7,"received":3,"stage":"measuring"}],"busiest_thread_share")");
    const std::string page = report_page(runs_of({json, std::string(kGoodRun)}), "t");
    const auto series = nlohmann::json::parse(series_of(page), nullptr, false);
    ASSERT_FALSE(series.is_discarded()) << series_of(page);
    ASSERT_EQ(series.size(), 2u);
    EXPECT_EQ(series[0]["label"], "run1");
    EXPECT_EQ(series[0]["series"]["sent"], (nlohmann::json{12345678, 7}));
    EXPECT_EQ(series[0]["series"]["received"], (nlohmann::json{nullptr, 3}));
    EXPECT_FALSE(series[0]["series"].contains("hidden"));
    EXPECT_EQ(series[0]["measured"], (nlohmann::json{1.0, 2.0}));
    EXPECT_EQ(series[0]["curves"]["latency"].back(), (nlohmann::json{1000, 2500}));
    EXPECT_FALSE(series[0]["curves"].contains("tcp"));
    EXPECT_TRUE(series[1]["series"].empty());
}

}  // namespace
}  // namespace jumpgate::load
