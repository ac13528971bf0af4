#include "core/config/flag_objects.h"

#include <gtest/gtest.h>

namespace jumpgate {
namespace {

TEST(FlagObjects, AreNoneWithoutBrokers) {
    Objects objects;
    add_flag_objects(Config{}, objects);
    EXPECT_TRUE(objects.upstreams.empty());
    EXPECT_TRUE(objects.stream_routes.empty());
}

TEST(FlagObjects, AreOneUpstreamAndOneRouteForAll) {
    Config config;
    config.brokers = {{"b1", 1883, 7}, {"b2", 8883, 0, true, "name"}};
    config.hash_key = HashKey::Username;
    config.hash_key_prefix_until = '/';
    config.upstream_tls = {"ca.pem", "own.pem", "own.key", UpstreamVerify::Ca};
    Objects objects;
    objects.stream_routes.emplace_back().id = "before";
    add_flag_objects(config, objects);

    ASSERT_EQ(objects.upstreams.size(), 1u);
    const UpstreamConfig& upstream = objects.upstreams[0];
    EXPECT_EQ(upstream.id, "default");
    EXPECT_EQ(upstream.origin.file, "--broker");
    EXPECT_EQ(upstream.type, Balance::ConsistentHash);
    EXPECT_EQ(upstream.key, HashKey::Username);
    EXPECT_EQ(upstream.key_prefix_until, '/');
    EXPECT_EQ(upstream.nodes, config.brokers);
    EXPECT_FALSE(upstream.scheme_tls);  // b1 is not
    EXPECT_EQ(upstream.tls.ca.file, "ca.pem");
    EXPECT_EQ(upstream.tls.identity.certificate.file, "own.pem");
    EXPECT_EQ(upstream.tls.identity.key.file, "own.key");
    EXPECT_FALSE(upstream.tls.verify);  // --upstream-verify
    EXPECT_FALSE(upstream.active);
    EXPECT_FALSE(upstream.passive);  // --fail-max
    EXPECT_FALSE(upstream.retries);  // --dial-attempts-max

    ASSERT_EQ(objects.stream_routes.size(), 2u);
    const StreamRouteConfig& route = objects.stream_routes[1];
    EXPECT_EQ(route.id, "default");
    EXPECT_EQ(route.upstream_id, "default");
    EXPECT_EQ(route.origin.file, "--broker");
    EXPECT_TRUE(route.match.levels.empty());
    EXPECT_TRUE(route.match.snis.empty());
}

}  // namespace
}  // namespace jumpgate
