#include "core/config/objects.h"

#include <gtest/gtest.h>

namespace jumpgate {

TEST(Origin, SaysWhereAnObjectWasWritten) {
    EXPECT_EQ(text(Origin{"fleet.yaml", {12, 3}}), "fleet.yaml:12");
    EXPECT_EQ(text(Origin{"--broker", {}}), "--broker");
    EXPECT_EQ(text(Origin{}), "the Admin API");
}

TEST(Located, APathInAFileBelongsToItsFolder) {
    EXPECT_EQ(located({"/etc/jumpgate/fleet.yaml", {3, 1}}, "server.pem"),
              "/etc/jumpgate/server.pem");
    EXPECT_EQ(located({"conf/fleet.yaml", {}}, "tls/server.pem"), "conf/tls/server.pem");
    EXPECT_EQ(located({"fleet.yaml", {}}, "server.pem"), "server.pem");
    EXPECT_EQ(located({"conf/fleet.yaml", {}}, "/tls/server.pem"), "/tls/server.pem");
    EXPECT_EQ(located({"--broker", {}}, "tls/ca.pem"), "tls/ca.pem");
    EXPECT_EQ(located({}, "/tls/server.pem"), "/tls/server.pem");
}

TEST(ObjectType, HasTheNameOfItsList) {
    EXPECT_EQ(text(ObjectType::StreamRoute), "stream_routes");
    EXPECT_EQ(text(ObjectType::Upstream), "upstreams");
    EXPECT_EQ(text(ObjectType::Ssl), "ssls");
}

}  // namespace jumpgate
