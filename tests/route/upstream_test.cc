#include "core/route/upstream.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <vector>

namespace jumpgate {
namespace {

TEST(Upstream, KnowsItsWeightsInThousandths) {
    const Upstream upstream({.id = "u"}, {{"a:1883", 2}, {"b:1883", 0}, {"c:1883", 7}});
    EXPECT_EQ(upstream.rule().id, "u");
    EXPECT_EQ(upstream.size(), 3u);
    EXPECT_EQ(upstream.nodes()[2].name, "c:1883");
    EXPECT_TRUE(std::ranges::equal(upstream.weights(), std::vector<uint32_t>{2'000, 0, 7'000}));
    ASSERT_EQ(upstream.tiers().size(), 1u);
    EXPECT_EQ(upstream.tiers()[0].weight_max, 7'000u);
    EXPECT_EQ(upstream.name_hashes()[1], hash_of("b:1883"));
    EXPECT_EQ(Upstream().size(), 0u);
    EXPECT_TRUE(Upstream().tiers().empty());
}

TEST(Upstream, SortsItsNodesIntoTiersAndKeepsTheirOrder) {
    const Upstream upstream({},
                            {{"a", 1, 0}, {"b", 9, -1}, {"c", 3, 0}, {"d", 0, 10}, {"e", 2, -1}});
    ASSERT_EQ(upstream.tiers().size(), 3u);
    const Tier* tiers = upstream.tiers().data();
    EXPECT_EQ(tiers[0].priority, 10);
    EXPECT_EQ(tiers[0].nodes, (std::vector<uint16_t>{3}));
    EXPECT_EQ(tiers[0].weight_max, 0u);
    EXPECT_EQ(tiers[1].priority, 0);
    EXPECT_EQ(tiers[1].nodes, (std::vector<uint16_t>{0, 2}));
    EXPECT_EQ(tiers[1].weight_max, 3'000u);
    EXPECT_EQ(tiers[2].nodes, (std::vector<uint16_t>{1, 4}));
    EXPECT_EQ(tiers[2].weight_max, 9'000u);
}

TEST(Upstream, HashesByItsPrefixRule) {
    const Upstream by_tenant({.key_prefix_until = '/'}, {{"a:1883", 1}});
    EXPECT_EQ(by_tenant.hash("tenant7/dev12"), by_tenant.hash("tenant7/dev13"));
    const Upstream by_client({}, {{"a:1883", 1}});
    EXPECT_NE(by_client.hash("tenant7/dev12"), by_client.hash("tenant7/dev13"));
}

TEST(UpstreamText, IsTheWordOfTheConfiguration) {
    EXPECT_EQ(text(Balance::ConsistentHash), "chash");
    EXPECT_EQ(text(Balance::RoundRobin), "roundrobin");
    EXPECT_EQ(text(Balance::LeastConnections), "least_conn");
    EXPECT_EQ(text(HashMethod::Jump), "jump");
    EXPECT_EQ(text(HashMethod::Rendezvous), "rendezvous");
}

TEST(UpstreamDeathTest, StopsOnBrokenLimits) {
    EXPECT_DEATH(Upstream({}, {{"a:1883", 1'001}}), "broken invariant");
    EXPECT_DEATH(Upstream({}, std::vector<Node>(4'097)), "broken invariant");
    EXPECT_DEATH(Upstream({.balance_factor_percent = 100}, {{"a:1883", 1}}), "broken invariant");
}

}  // namespace
}  // namespace jumpgate
