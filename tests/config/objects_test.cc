#include "core/config/objects.h"

#include <gtest/gtest.h>

namespace jumpgate {

TEST(Origin, SaysWhereAnObjectWasWritten) {
    EXPECT_EQ(text(Origin{"fleet.yaml", {12, 3}}), "fleet.yaml:12");
    EXPECT_EQ(text(Origin{"--broker", {}}), "--broker");
    EXPECT_EQ(text(Origin{}), "the Admin API");
}

TEST(ObjectType, HasTheNameOfItsList) {
    EXPECT_EQ(text(ObjectType::StreamRoute), "stream_routes");
    EXPECT_EQ(text(ObjectType::Upstream), "upstreams");
    EXPECT_EQ(text(ObjectType::Ssl), "ssls");
}

}  // namespace jumpgate
