// Connack: every code, every truncation, and what is no CONNACK.
#include "core/proxy/connack.h"

#include <gtest/gtest.h>

#include <set>
#include <string>
#include <vector>

namespace jumpgate {
namespace {

std::string_view word(std::vector<uint8_t> first) { return text(read_connack(first)); }

TEST(ReadConnack, TellsTheCodeOfEveryVersion) {
    EXPECT_EQ(word({0x20, 2, 0, 0}), "success");
    EXPECT_EQ(word({0x20, 2, 1, 0}), "success");  // session present
    for (uint8_t code = 1; code <= 5; ++code) {
        EXPECT_EQ(word({0x20, 2, 0, code}), "0x0" + std::to_string(code));
    }
    EXPECT_EQ(word({0x20, 3, 0, 0x80, 0}), "0x80");
    EXPECT_EQ(word({0x20, 3, 0, 0x87, 0}), "0x87");
    EXPECT_EQ(word({0x20, 3, 0, 0x9F, 0}), "0x9f");
    EXPECT_EQ(word({0x20, 2, 0, 1}), "0x01");  // how MQTT 5 brokers refuse an unknown version
}

TEST(ReadConnack, ReadsBehindALongLength) {
    EXPECT_EQ(word({0x20, 0x81, 0x01, 0, 0x8A}), "0x8a");
    EXPECT_EQ(word({0x20, 0xFF, 0xFF, 0xFF, 0x7F, 0, 0x89}), "0x89");
    EXPECT_EQ(word({0x20, 0xFF, 0xFF, 0xFF, 0xFF, 0x7F, 0, 0x89}), "other");  // MQTT-1.5.5
}

TEST(ReadConnack, CallsEachTruncationPartial) {
    const std::vector<uint8_t> whole = {0x20, 0x81, 0x01, 0, 0x8A};
    for (size_t length = 1; length < whole.size(); ++length) {
        EXPECT_EQ(word({whole.begin(), whole.begin() + static_cast<long>(length)}), "partial");
    }
}

TEST(ReadConnack, CallsWhatNoStandardNamesOther) {
    EXPECT_EQ(word({0xF0, 2, 0x18, 0}), "other");  // AUTH
    EXPECT_EQ(word({0x21, 2, 0, 0}), "other");     // reserved flags
    EXPECT_EQ(word({'H', 'T', 'T', 'P'}), "other");
    for (const uint8_t code : std::initializer_list<uint8_t>{0x06, 0x7F, 0xA0, 0xFF}) {
        EXPECT_EQ(word({0x20, 2, 0, code}), "other");
    }
}

TEST(Connack, HasAWordOfItsOwnForEachValue) {
    std::set<std::string_view> words;
    for (size_t i = 0; i < kConnacks; ++i) words.insert(text(static_cast<Connack>(i)));
    EXPECT_EQ(words.size(), kConnacks);
    EXPECT_EQ(text(Connack::None), "none");
}

// Counters are kept by value: every code of the standards has one.
TEST(Connack, KeepsEveryCodeApart) {
    std::set<Connack> seen;
    for (int code = 0; code < 256; ++code) {
        const std::vector<uint8_t> packet = {0x20, 2, 0, static_cast<uint8_t>(code)};
        seen.insert(read_connack(packet));
    }
    EXPECT_EQ(seen.size(), 1U + 5U + 32U + 1U);
}

}  // namespace
}  // namespace jumpgate
