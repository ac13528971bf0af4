#include "core/route/route_table.h"

#include <gtest/gtest.h>

#include <set>

namespace jumpgate {
namespace {

RouteTable table(std::vector<Node> nodes, UpstreamRule rule = {}) {
    std::vector<Upstream> upstreams;
    upstreams.emplace_back(std::move(rule), std::move(nodes));
    return RouteTable({Route{.id = "default"}}, std::move(upstreams));
}

TEST(RouteTable, FingerprintIsPinned) {
    EXPECT_EQ(table({{"a:1883", 1}, {"b:1883", 2}}).fingerprint(), 0xd294ec6120154e94u);
}

TEST(RouteTable, FingerprintTellsApartWhatRoutesDifferently) {
    const std::vector<Node> two{{"a:1883", 1}, {"b:1883", 2}};
    const uint64_t prints[] = {
        RouteTable().fingerprint(),
        table({}).fingerprint(),
        table(two).fingerprint(),
        table({{"b:1883", 2}, {"a:1883", 1}}).fingerprint(),      // order
        table({{"a:1883", 1}, {"b:1883", 3}}).fingerprint(),      // weight
        table({{"a:1883", 1}, {"c:1883", 2}}).fingerprint(),      // name
        table({{"a:1883", 1}}).fingerprint(),                     // length
        table({{"a:1883", 1}, {"b:1883", 2, -1}}).fingerprint(),  // tier
        table(two, {.key = HashKey::Username}).fingerprint(),
        table(two, {.key_prefix_until = '/'}).fingerprint(),
        table(two, {.method = HashMethod::Rendezvous}).fingerprint(),
        table(two, {.balance = Balance::RoundRobin}).fingerprint(),
        table(two, {.balance_factor_percent = 125}).fingerprint(),
        table({{"a:1883 1 0\n6:b:1883", 2}}).fingerprint(),  // separators
    };
    EXPECT_EQ(std::set<uint64_t>(std::begin(prints), std::end(prints)).size(), std::size(prints));
}

}  // namespace
}  // namespace jumpgate
