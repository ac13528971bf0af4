#include "core/admin/metrics_text.h"

#include <gtest/gtest.h>

namespace jumpgate {
namespace {

TEST(MetricsText, WritesHelpTypeAndSamples) {
    MetricsText out;
    out.counter("cups_total", "Cups.", 3);
    out.name("tea_liters", "gauge", "Tea.");
    out.sample(0.25, {{"pot", "green"}, {"room", "1"}});
    EXPECT_EQ(out.text(),
              "# HELP jumpgate_cups_total Cups.\n# TYPE jumpgate_cups_total counter\n"
              "jumpgate_cups_total 3\n"
              "# HELP jumpgate_tea_liters Tea.\n# TYPE jumpgate_tea_liters gauge\n"
              "jumpgate_tea_liters{pot=\"green\",room=\"1\"} 0.25\n");
}

TEST(MetricsText, EscapesWhatALabelMayHold) {
    MetricsText out;
    out.name("x", "gauge", "X.");
    out.sample(uint64_t{1}, {{"node", "quote\" slash\\ line\n"}});
    EXPECT_NE(out.text().find("x{node=\"quote\\\" slash\\\\ line\\n\"} 1\n"), std::string::npos)
        << out.text();
}

TEST(MetricsText, KeepsTheNamesThatAnyProgramHas) {
    MetricsText out;
    out.gauge("process_open_fds", "Open.", 4);
    EXPECT_EQ(out.text(),
              "# HELP process_open_fds Open.\n# TYPE process_open_fds gauge\nprocess_open_fds 4\n");
}

TEST(MetricsText, AHistogramIsCumulative) {
    TimeBuckets times;
    times.record(700);
    times.record(30'000'000);
    MetricsText plain;
    plain.name("t_seconds", "histogram", "T.");
    plain.buckets(times);
    MetricsText labelled;
    labelled.name("t_seconds", "histogram", "T.");
    labelled.buckets(times, {{"side", "up"}});
    for (const char* line :
         {"_bucket{le=\"0.0005\"} 0\n", "_bucket{le=\"0.001\"} 1\n", "_bucket{le=\"10\"} 1\n",
          "_bucket{le=\"+Inf\"} 2\n", "_sum 30.0007\n", "_count 2\n"})
        EXPECT_NE(plain.text().find(line), std::string::npos) << line << plain.text();
    for (const char* line :
         {"_bucket{side=\"up\",le=\"0.001\"} 1\n", "_bucket{side=\"up\",le=\"+Inf\"} 2\n",
          "_sum{side=\"up\"} 30.0007\n", "_count{side=\"up\"} 2\n"})
        EXPECT_NE(labelled.text().find(line), std::string::npos) << line << labelled.text();
}

}  // namespace
}  // namespace jumpgate
