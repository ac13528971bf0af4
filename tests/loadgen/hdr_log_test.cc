#include "loadgen/hdr_log.h"

#include <gtest/gtest.h>

#include "tests/loadgen/example_results.h"

namespace jumpgate::load {
namespace {

// Printed by hdr-histogram-js 3.0.1: outputPercentileDistribution(5, 1000) of 1 to 10 ms.
TEST(HdrLog, PrintsPercentilesAsTheLibraryDoes) {
    Histogram histogram;
    for (uint64_t i = 1; i <= 10; ++i) histogram.record(i * 1'000);
    const std::string text = percentile_distribution(histogram);
    const std::string expected = R"(       Value     Percentile TotalCount 1/(1-Percentile)

       1.000 0.000000000000          1           1.00
       1.000 0.100000000000          1           1.11
       2.000 0.200000000000          2           1.25
       3.001 0.300000000000          3           1.43
       4.001 0.400000000000          4           1.67
       5.003 0.500000000000          5           2.00
       6.003 0.550000000000          6           2.22
       6.003 0.600000000000          6           2.50
       7.003 0.650000000000          7           2.86
       7.003 0.700000000000          7           3.33
       8.003 0.750000000000          8           4.00
       8.003 0.775000000000          8           4.44
       8.003 0.800000000000          8           5.00
       9.007 0.825000000000          9           5.71
       9.007 0.850000000000          9           6.67
       9.007 0.875000000000          9           8.00
       9.007 0.887500000000          9           8.89
       9.007 0.900000000000          9          10.00
      10.007 0.912500000000         10          11.43
      10.007 1.000000000000         10
)";
    EXPECT_EQ(text.substr(0, text.find('#')), expected);
    EXPECT_TRUE(holds(text, "#[Mean    =        5.500, StdDeviation   =        2.874]\n")) << text;
    EXPECT_TRUE(holds(text, "#[Max     =       10.000, Total count    =           10]\n")) << text;
    EXPECT_TRUE(holds(text, "#[Buckets =           22, SubBuckets     =         2048]\n")) << text;
}

TEST(HdrLog, OfNothingIsAHeader) {
    const std::string text = percentile_distribution(Histogram());
    EXPECT_TRUE(text.starts_with("       Value     Percentile TotalCount 1/(1-Percentile)\n\n#["));
}

TEST(HdrLog, IsAboutWhatWasMeasured) {
    Recorder recorder;
    recorder.connect.record(1);
    EXPECT_EQ(&main_histogram(recorder), &recorder.connect);
    recorder.acknowledgement.record(1);
    EXPECT_EQ(&main_histogram(recorder), &recorder.acknowledgement);
    recorder.latency.record(1);
    EXPECT_EQ(&main_histogram(recorder), &recorder.latency);
}

TEST(HdrLog, HasALineForEachHistogramOfASecond) {
    Results results = p2p_results();
    results.environment.start_unix_ns = 1'700'000'000'250'000'000;
    results.seconds.resize(2);
    results.seconds[0].elapsed_s = 1;
    results.seconds[1].elapsed_s = 2.5;
    results.seconds[1].length_s = 1.5;
    Histogram histogram;
    histogram.record(12'345);
    results.seconds[1].latency = SecondTimes::of(histogram);
    const std::string text = hdr_log(results);
    EXPECT_TRUE(holds(text, "#[Histogram log format version 1.3]\n")) << text;
    EXPECT_TRUE(holds(text, "#[BaseTime: 1700000000.250 (seconds since epoch)]\n")) << text;
    EXPECT_TRUE(holds(text, "Tag=latency,1.000,1.500,12.345,HIST")) << text;
    EXPECT_FALSE(holds(text, "Tag=send_lateness")) << text;
    EXPECT_FALSE(holds(text, "Tag=latency,0.000")) << text;
}

}  // namespace
}  // namespace jumpgate::load
