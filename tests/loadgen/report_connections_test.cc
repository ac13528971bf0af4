#include "loadgen/report_connections.h"

#include <gtest/gtest.h>

#include "tests/loadgen/report_samples.h"

namespace jumpgate::load {
namespace {

std::string times(std::string_view name, int mean_us) {
    return "\"" + std::string(name) + "_us\":{\"count\":1,\"mean\":" + std::to_string(mean_us) +
           "}";
}

TEST(PhasesTable, StacksTheMeansOfEachPhase) {
    const std::vector<ReportRun> runs = runs_of(
        {"{\"tool\":\"jumpload\",\"mode\":\"p2p\"," + times("tcp", 100) + "," + times("tls", 500) +
             "," + times("connack", 200) + "," + times("subscribe", 200) + "}",
         "{\"tool\":\"jumpload\",\"mode\":\"p2p\"," + times("tcp", 100) + "," +
             times("connack", 400) + "}"});
    const std::string html = phases_table(runs);
    EXPECT_TRUE(holds(html, "fill-1\" style=\"width:10.00%\" title=\"TCP 100 \u00b5s\"")) << html;
    EXPECT_TRUE(holds(html, "fill-2\" style=\"width:50.00%\" title=\"TLS 500 \u00b5s\""));
    EXPECT_TRUE(holds(html, "fill-3\" style=\"width:40.00%\" title=\"CONNACK 400 \u00b5s\""));
    EXPECT_TRUE(holds(html, "<td>1 ms</td></tr>"));  // the sums
    EXPECT_TRUE(holds(html, "<td>500 \u00b5s</td></tr>"));
}

TEST(PhasesTable, ShowsConnectingWholeWhereItWasNotMeasuredApart) {
    const std::string html = phases_table(runs_of({std::string(kGoodRun)}));
    EXPECT_TRUE(holds(html, "TCP and CONNACK"));
    EXPECT_TRUE(holds(html, "title=\"TCP and CONNACK 250 \u00b5s\"")) << html;
    EXPECT_EQ(phases_table(runs_of({R"({"tool":"jumpload","mode":"p2p"})"})), "");
}

TEST(BrokersTable, HasTheShareOfEachAndTheFullestAgainstTheMean) {
    const std::string html = brokers_table(runs_of({R"({"tool":"jumpload","mode":"p2p",
            "brokers":{"<1>":{"clients":10},"2":{"clients":30}}})"}));
    EXPECT_TRUE(holds(html, "2 brokers; the fullest has 1.50\u00d7 the mean")) << html;
    EXPECT_TRUE(holds(html, "&lt;1&gt;</th><td>10</td><td>25 %</td>"));
    EXPECT_TRUE(holds(html, "<td>30</td><td>75 %</td>"));
    EXPECT_EQ(brokers_table(runs_of({std::string(kGoodRun)})), "");
}

TEST(ErrorsTable, SaysWhatCausesAndCodesMean) {
    const std::string html = errors_table(runs_of({
        R"({"tool":"jumpload","mode":"p2p","setup_failures":{"refused":7,"no_address":2},
            "connack_codes":{"0x87":5,"0xfe":1},"tls_alerts":{"bad_certificate":4},
            "connections_lost":{"reset":3,"<odd>":1}})"}));
    for (const std::string_view part :
         {"refused</th><td class=\"words\">nobody listens there</td><td>7</td>", "--ifaddr",
          "0x87</th><td class=\"words\">Not authorized</td><td>5</td>",
          "0xfe</th><td class=\"words\">unknown</td><td>1</td>",
          "bad_certificate</th><td class=\"words\">TLS alert",
          "reset</th><td class=\"words\">the broker, or a proxy before it,",
          "&lt;odd&gt;</th><td class=\"words\"></td><td>1</td>"}) {
        EXPECT_TRUE(holds(html, part)) << part << "\n" << html;
    }
}

TEST(ErrorsTable, PutsRunsBesideEachOther) {
    const std::string html =
        errors_table(runs_of({R"({"tool":"jumpload","mode":"p2p","setup_failures":{"timeout":7}})",
                              R"({"tool":"jumpload","mode":"p2p","setup_failures":{"reset":1}})"}));
    EXPECT_TRUE(holds(html, "no answer within --connect-timeout-ms</td><td>7</td><td>0</td>"));
    EXPECT_TRUE(holds(html, "aborted the connection</td><td>0</td><td>1</td>")) << html;
}

TEST(ErrorsTable, SaysThatThereWereNone) {
    EXPECT_TRUE(holds(errors_table(runs_of({std::string(kGoodRun)})), "None."));
}

}  // namespace
}  // namespace jumpgate::load
