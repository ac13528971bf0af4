// The runs themselves: tests/e2e/experiments_test.py.
#include "loadgen/compare_command.h"

#include <gtest/gtest.h>

#include <vector>

namespace jumpgate::load {
namespace {

struct Wrong {
    std::vector<const char*> arguments;
    const char* said;
};

TEST(CompareCommand, RefusesWhatMakesNoSense) {
    const std::vector<Wrong> all = {
        {{"--target", "a=h:1", "p2p"}, "two or more"},
        {{"--target", "a=h:1", "--target", "a=h:2", "p2p"}, "given twice"},
        {{"--target", "a=h:1", "--target", "b=:2", "p2p"}, "has no host"},
        {{"--target", "a=h:1", "--target", "b=h:2"}, "MODE"},
        {{"--target", "a=h:1", "--target", "b=h:2", "--pid", "c=1", "p2p"}, "no target"},
        {{"--target", "a=h:1", "--target", "b=h:2", "--pid", "a=4194304", "p2p"},
         "no such process"},
        {{"--target", "a=h:1", "--target", "b=h:2", "broker"}, "no mode"},
        {{"--target", "a=h:1", "--target", "b=h:2", "p2p", "--port=1"}, "leave it out"},
        {{"--target", "a=h:1", "--target", "b=h:2", "p2p", "--json", "x"},
         "--json: stands behind the mode"}};
    for (const Wrong& wrong : all) {
        testing::internal::CaptureStderr();
        EXPECT_EQ(compare_command(wrong.arguments), 2);
        const std::string said = testing::internal::GetCapturedStderr();
        EXPECT_NE(said.find(wrong.said), std::string::npos) << wrong.said << " in " << said;
    }
}

}  // namespace
}  // namespace jumpgate::load
