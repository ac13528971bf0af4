// The runs themselves: tests/e2e/experiments_test.py.
#include "loadgen/find_max_command.h"

#include <gtest/gtest.h>

#include <vector>

namespace jumpgate::load {
namespace {

struct Wrong {
    std::vector<const char*> arguments;
    const char* said;
};

TEST(FindMaxCommand, RefusesWhatMakesNoSense) {
    const std::vector<Wrong> all = {
        {{"--slo", "p99", "p2p"}, "METRIC=MOST"},
        {{"--slo", "p99=", "p2p"}, "METRIC=MOST"},
        {{"--slo", "", "p2p"}, "empty"},
        {{"--slo", "p99=1ms"}, "MODE"},
        {{"--rate-from", "10", "--rate-to", "9", "p2p"}, "below --rate-from"},
        {{"--slo", "p99=10", "p2p"}, "--slo: \"p99=10\" has \"p99=10\", which compares a time"},
        {{"--slo", "loss=0,nonsense=3", "p2p"}, "\"nonsense=3\", which names no metric"},
        {{"p2p", "--think-time", "1s"}, "a closed loop has no rate"},
        {{"p2p", "--think-time=1s"}, "a closed loop has no rate"},
        {{"p2p", "--duration", "3"}, "leave it out"},
        {{"p2p", "-I100"}, "leave it out"}};
    for (const Wrong& wrong : all) {
        testing::internal::CaptureStderr();
        EXPECT_EQ(find_max_command(wrong.arguments), 2);
        const std::string said = testing::internal::GetCapturedStderr();
        EXPECT_NE(said.find(wrong.said), std::string::npos) << wrong.said << " in " << said;
    }
}

}  // namespace
}  // namespace jumpgate::load
