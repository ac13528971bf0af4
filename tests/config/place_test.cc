#include "core/config/place.h"

#include <gtest/gtest.h>

namespace jumpgate {

TEST(Place, NamesMembersAndItems) {
    Checked found;
    const Place whole{"f", &found};
    const Place port = whole.at("upstreams").at(size_t{0}).at("nodes").at(size_t{2}).at("port");
    EXPECT_EQ(port.path, "upstreams[0].nodes[2].port");
    port.error({3, 4}, "is bad", "good");
    port.warning({5, 6}, "is odd");
    ASSERT_EQ(found.errors.size(), 1U);
    EXPECT_EQ(text(found.errors[0]), "f:3:4: upstreams[0].nodes[2].port: is bad; allowed: good");
    ASSERT_EQ(found.warnings.size(), 1U);
    EXPECT_EQ(text(found.warnings[0]), "f:5:6: upstreams[0].nodes[2].port: is odd");
}

TEST(Place, StaysOnOneShortLine) {
    Checked found;
    const Place place{"f", &found};
    EXPECT_EQ(place.at("a\nb").path, "a?b");
    EXPECT_LT(place.at(std::string(100'000, 'a')).path.size(), 300U);
}

}  // namespace jumpgate
