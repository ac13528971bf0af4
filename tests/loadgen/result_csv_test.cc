#include "loadgen/result_csv.h"

#include <gtest/gtest.h>

#include <algorithm>

#include "tests/loadgen/example_results.h"

namespace jumpgate::load {
namespace {

TEST(ResultCsv, HasALinePerSecondUnderAHeader) {
    Results results = p2p_results();
    results.seconds.resize(2);
    results.seconds[1].second = 1;
    results.seconds[1].elapsed_s = 2;
    results.seconds[1].stage = Stage::Measuring;
    results.seconds[1].sent = 77;
    results.seconds[1].send_lateness.max_us = 9;
    const std::string text = result_csv(results);
    EXPECT_EQ(std::ranges::count(text, '\n'), 3);
    EXPECT_TRUE(text.starts_with("second,elapsed_s,length_s,stage,connected,sent,")) << text;
    EXPECT_TRUE(text.ends_with("1,2.000000,1.000000,measuring,0,77,0,0,0,0,0,0,0,0,0,0,0,0,9\r\n"));
    const size_t header_end = text.find('\r');
    EXPECT_EQ(std::count(text.begin(), text.begin() + static_cast<ptrdiff_t>(header_end), ','), 18);
}

}  // namespace
}  // namespace jumpgate::load
