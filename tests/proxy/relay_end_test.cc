// RelayEnd: its words.
#include "core/proxy/relay_end.h"

#include <gtest/gtest.h>

#include <set>

namespace jumpgate {
namespace {

TEST(RelayEnd, HasAWordOfItsOwnForEachCause) {
    std::set<std::string_view> words;
    for (size_t i = 0; i < kRelayEnds; ++i) words.insert(text(static_cast<RelayEnd>(i)));
    EXPECT_EQ(words.size(), kRelayEnds);
    EXPECT_FALSE(words.contains("unknown"));
    EXPECT_EQ(text(static_cast<RelayEnd>(kRelayEnds)), "unknown");
    EXPECT_EQ(text(RelayEnd::Evicted), "evicted");
}

}  // namespace
}  // namespace jumpgate
