#include "core/base/check.h"

#include <gtest/gtest.h>

namespace jumpgate {
namespace {

TEST(Check, LetsTrueConditionsPassAndEvaluatesThemOnce) {
    int evaluated = 0;
    CHECK(++evaluated == 1);
    EXPECT_EQ(evaluated, 1);
}

TEST(CheckDeathTest, NamesFileAndConditionInReleaseBuildsToo) {
    const int buffers = 3;
    EXPECT_DEATH(CHECK(buffers == 4), "check_test.cc:[0-9]+: buffers == 4");
}

}  // namespace
}  // namespace jumpgate
