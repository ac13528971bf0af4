#include "mqtt/varint.h"

#include <gtest/gtest.h>

#include <vector>

namespace jumpgate::mqtt {
namespace {

Varint read(const std::vector<uint8_t>& octets) { return read_varint(Bytes(octets)); }

TEST(ReadVarint, ReadsTheStandardsBounds) {
    // 3.1.1, table 2.4.
    const std::pair<uint32_t, std::vector<uint8_t>> table[] = {
        {0, {0x00}},
        {127, {0x7F}},
        {128, {0x80, 0x01}},
        {16'383, {0xFF, 0x7F}},
        {16'384, {0x80, 0x80, 0x01}},
        {2'097'151, {0xFF, 0xFF, 0x7F}},
        {2'097'152, {0x80, 0x80, 0x80, 0x01}},
        {kVarintMax, {0xFF, 0xFF, 0xFF, 0x7F}},
    };
    for (const auto& [value, octets] : table) {
        const Varint got = read(octets);
        EXPECT_EQ(got.status, VarintStatus::Ok);
        EXPECT_EQ(got.value, value);
        EXPECT_EQ(got.size, octets.size());
        EXPECT_TRUE(got.minimal());
        uint8_t out[kVarintSizeMax] = {};
        ASSERT_EQ(write_varint(out, value), octets.size());
        EXPECT_EQ(std::vector<uint8_t>(out, out + octets.size()), octets);
        EXPECT_EQ(varint_size(value), octets.size());
    }
}

TEST(ReadVarint, AsksForMoreWhereItIsCut) {
    EXPECT_EQ(read({}).status, VarintStatus::NeedMore);
    EXPECT_EQ(read({0x80}).status, VarintStatus::NeedMore);
    EXPECT_EQ(read({0xFF, 0xFF, 0xFF}).status, VarintStatus::NeedMore);
}

TEST(ReadVarint, RefusesAFifthByte) {
    EXPECT_EQ(read({0xFF, 0xFF, 0xFF, 0xFF}).status, VarintStatus::Malformed);
    EXPECT_EQ(read({0x80, 0x80, 0x80, 0x80, 0x00}).status, VarintStatus::Malformed);
}

TEST(ReadVarint, TellsPaddedValues) {
    EXPECT_FALSE(read({0x80, 0x00}).minimal());
    EXPECT_FALSE(read({0xFF, 0x80, 0x00}).minimal());
    EXPECT_EQ(read({0xFF, 0x80, 0x00}).value, 127u);
}

TEST(ReadVarint, LeavesTheBytesBehind) { EXPECT_EQ(read({0x05, 0xFF, 0xFF}).size, 1); }

}  // namespace
}  // namespace jumpgate::mqtt
