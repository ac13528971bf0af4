#include "core/route/route_table.h"

#include <gtest/gtest.h>

#include <set>

namespace jumpgate {
namespace {

RouteTable table(std::vector<Node> nodes, HashKey key = HashKey::ClientId,
                 std::optional<char> until = std::nullopt) {
    return RouteTable(Upstream(std::move(nodes)), key, until);
}

TEST(RouteTable, HashesByItsPrefixRule) {
    const RouteTable by_tenant = table({{"a:1883", 1}}, HashKey::ClientId, '/');
    EXPECT_EQ(by_tenant.hash("tenant7/dev12"), by_tenant.hash("tenant7/dev13"));
    const RouteTable by_client = table({{"a:1883", 1}});
    EXPECT_NE(by_client.hash("tenant7/dev12"), by_client.hash("tenant7/dev13"));
}

TEST(RouteTable, FingerprintIsPinned) {
    EXPECT_EQ(table({{"a:1883", 1}, {"b:1883", 2}}).fingerprint(), 0xb81e46e7ae5e33b2u);
}

TEST(RouteTable, FingerprintTellsApartWhatRoutesDifferently) {
    const uint64_t prints[] = {
        table({}).fingerprint(),
        table({{"a:1883", 1}, {"b:1883", 2}}).fingerprint(),
        table({{"b:1883", 2}, {"a:1883", 1}}).fingerprint(),                          // order
        table({{"a:1883", 1}, {"b:1883", 3}}).fingerprint(),                          // weight
        table({{"a:1883", 1}, {"c:1883", 2}}).fingerprint(),                          // name
        table({{"a:1883", 1}}).fingerprint(),                                         // length
        table({{"a:1883", 1}, {"b:1883", 2}}, HashKey::Username).fingerprint(),       // key
        table({{"a:1883", 1}, {"b:1883", 2}}, HashKey::ClientId, '/').fingerprint(),  // prefix
        table({{"a:1883 1\n6:b:1883", 2}}).fingerprint(),                             // separators
    };
    EXPECT_EQ(std::set<uint64_t>(std::begin(prints), std::end(prints)).size(), std::size(prints));
}

}  // namespace
}  // namespace jumpgate
