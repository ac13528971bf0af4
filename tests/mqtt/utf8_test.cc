#include "mqtt/utf8.h"

#include <gtest/gtest.h>

#include <string>

namespace jumpgate::mqtt {
namespace {

// The plain encoding formula; gives ill-formed bytes for surrogates and values above U+10FFFF.
std::string encode(uint32_t point, int size) {
    if (size == 1) return {static_cast<char>(point)};
    const unsigned lead = size == 2 ? 0xC0 : size == 3 ? 0xE0 : 0xF0;
    std::string out(1, static_cast<char>(lead | point >> (6 * (size - 1))));
    for (int i = size - 2; i >= 0; --i) out += static_cast<char>(0x80 | (point >> (6 * i) & 0x3F));
    return out;
}

int shortest(uint32_t point) {
    return point < 0x80 ? 1 : point < 0x800 ? 2 : point < 0x10000 ? 3 : 4;
}

TEST(IsMqttString, JudgesEveryCodePointInEveryLength) {
    for (uint32_t point = 0; point < 0x14'0000; ++point) {
        const bool is_character =
            point != 0 && point < 0x11'0000 && (point < 0xD800 || point > 0xDFFF);
        for (int size = shortest(point); size <= 4; ++size)
            ASSERT_EQ(is_mqtt_string(encode(point, size)), is_character && size == shortest(point))
                << std::hex << point << " in " << size;
    }
}

TEST(IsMqttString, FindsABadByteAtEveryPlace) {
    for (size_t size = 1; size < 40; ++size) {
        const std::string good(size, 'a');
        EXPECT_TRUE(is_mqtt_string(good));
        for (size_t at = 0; at < size; ++at) {
            for (const char bad : {'\0', '\x80', '\xFF'}) {
                std::string text = good;
                text[at] = bad;
                EXPECT_FALSE(is_mqtt_string(text)) << size << " " << at;
            }
            std::string text = good;
            text[at] = '\x01';  // a control character: allowed, and next to the 0 of the fast path
            EXPECT_TRUE(is_mqtt_string(text));
        }
    }
}

TEST(IsMqttString, RefusesSequencesCutShort) {
    for (const std::string whole : {"\xC3\xA4", "\xE2\x82\xAC", "\xF0\x9F\x9A\x80"})
        for (size_t size = 1; size < whole.size(); ++size) {
            EXPECT_FALSE(is_mqtt_string(whole.substr(0, size)));
            EXPECT_FALSE(is_mqtt_string(whole.substr(0, size) + "abcdefghij"));
            EXPECT_FALSE(is_mqtt_string("abcdefg" + whole.substr(0, size)));
        }
}

TEST(IsMqttString, AcceptsTheEmptyString) { EXPECT_TRUE(is_mqtt_string("")); }

}  // namespace
}  // namespace jumpgate::mqtt
