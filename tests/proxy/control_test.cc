#include "core/proxy/control.h"

#include <gtest/gtest.h>

#include <set>

namespace jumpgate {
namespace {

TEST(BrokerConditions, EachHasItsOwnWord) {
    std::set<std::string_view> words;
    for (int value = 0; value <= static_cast<int>(BrokerCondition::Drained); ++value) {
        words.insert(text(static_cast<BrokerCondition>(value)));
    }
    EXPECT_EQ(words, (std::set<std::string_view>{"unchecked", "up", "starting", "down", "not_ready",
                                                 "busy", "drained"}));
}

}  // namespace
}  // namespace jumpgate
