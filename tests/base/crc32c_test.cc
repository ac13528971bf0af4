#include "core/base/crc32c.h"

#include <gtest/gtest.h>

#include <numeric>
#include <vector>

namespace jumpgate {
namespace {

using Octets = std::vector<uint8_t>;

// The vectors of RFC 3720 B.4, and the check value of the CRC catalogues.
TEST(Crc32c, GivesThePublishedValues) {
    Octets rising(32);
    std::iota(rising.begin(), rising.end(), uint8_t{0});
    const Octets falling(rising.rbegin(), rising.rend());
    EXPECT_EQ(crc32c(Octets(32, 0x00)), 0x8a91'36aau);
    EXPECT_EQ(crc32c(Octets(32, 0xff)), 0x62a8'ab43u);
    EXPECT_EQ(crc32c(rising), 0x46dd'794eu);
    EXPECT_EQ(crc32c(falling), 0x113f'db5cu);
    EXPECT_EQ(crc32c(Octets{'1', '2', '3', '4', '5', '6', '7', '8', '9'}), 0xe306'9283u);
    EXPECT_EQ(crc32c({}), 0u);
}

TEST(Crc32c, GoesOnFromPartToPart) {
    const Octets whole = {'1', '2', '3', '4', '5', '6', '7', '8', '9'};
    for (size_t split = 0; split <= whole.size(); ++split) {
        const std::span<const uint8_t> bytes(whole);
        EXPECT_EQ(crc32c(bytes.subspan(split), crc32c(bytes.first(split))), 0xe306'9283u);
    }
}

}  // namespace
}  // namespace jumpgate
