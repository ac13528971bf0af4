#include "core/route/route_table.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <set>

#include "core/base/rng.h"
#include "tests/route/matches.h"

namespace jumpgate {
namespace {

RouteTable table(std::vector<Node> nodes, UpstreamRule rule = {}) {
    std::vector<Upstream> upstreams;
    upstreams.emplace_back(std::move(rule), std::move(nodes));
    return RouteTable({Route{.id = "default"}}, std::move(upstreams));
}

Route client_route(std::string id, TextMatch client_id, int32_t priority = 0) {
    Route route{.id = std::move(id), .priority = priority};
    route.match.client_id = std::move(client_id);
    return route;
}

Route sni_route(std::string id, std::vector<std::string> snis, int32_t priority = 0) {
    Route route{.id = std::move(id), .priority = priority};
    route.match.snis = std::move(snis);
    return route;
}

std::string found(const RouteTable& table, const RouteQuery& query) {
    const Route* route = table.find(query);
    return route == nullptr ? "none" : route->id;
}

TEST(RouteTable, FindsTheMostSpecificRoute) {
    const RouteTable table = table_of({
        client_route("rest", TextMatch()),
        client_route("odd", regex("[13579]$")),
        client_route("meters", prefix("meter-")),
        client_route("eu", glob("meter-*-eu")),
        client_route("special", exact("meter-17")),
        client_route("eu meters", prefix("meter-eu-")),
    });
    const std::pair<std::string_view, std::string_view> cases[] = {
        {"meter-17", "special"},  {"meter-171", "meters"}, {"meter-eu-1", "eu meters"},
        {"meter-1-eu", "meters"},  // a prefix says more than a glob
        {"light-1", "odd"},       {"light-2", "rest"},     {"", "rest"},
    };
    for (const auto& [id, route] : cases)
        EXPECT_EQ(found(table, {.client_id = id, .level = 4}), route) << id;
}

TEST(RouteTable, BreaksTiesByPriorityThenByOrder) {
    const RouteTable table = table_of({
        client_route("late", prefix("ab")),
        client_route("later", prefix("ax")),
        client_route("important", prefix("ab"), 5),
        client_route("unimportant", prefix("ac"), -5),
        client_route("less specific", prefix("a"), 100),
        client_route("first of its kind", prefix("ad")),
        client_route("second of its kind", prefix("ad")),
    });
    EXPECT_EQ(found(table, {.client_id = "ab1"}), "important");
    EXPECT_EQ(found(table, {.client_id = "ac1"}), "unimportant");
    EXPECT_EQ(found(table, {.client_id = "ad1"}), "first of its kind");
    EXPECT_EQ(found(table, {.client_id = "az1"}), "less specific");
    std::vector<std::string> order;
    for (const Route& route : table.routes()) order.push_back(route.id);
    EXPECT_EQ(order,
              (std::vector<std::string>{"important", "late", "later", "first of its kind",
                                        "second of its kind", "unimportant", "less specific"}));
}

// As APISIX: the name that is matched decides, not what else is in its route's list.
TEST(RouteTable, RanksEveryServerNameOfARouteByItself) {
    const RouteTable table = table_of({
        client_route("no name", TextMatch()),
        sni_route("mixed", {"a.example.com", "*.example.org"}, 9),
        sni_route("exact", {"x.example.org"}),
        sni_route("deep", {"*.eu.example.org"}),
    });
    const std::pair<std::string_view, std::string_view> cases[] = {
        {"a.example.com", "mixed"}, {"x.example.org", "exact"},   {"b.eu.example.org", "deep"},
        {"y.example.org", "mixed"}, {"b.example.com", "no name"}, {"", "no name"},
    };
    for (const auto& [sni, route] : cases) EXPECT_EQ(found(table, {.sni = sni}), route) << sni;
    EXPECT_EQ(table.routes().size(), 5u);
}

TEST(RouteTable, KnowsNoRouteFromAWrongLevel) {
    Route modern = client_route("modern", prefix("meter-"));
    modern.match.levels = {5};
    const RouteTable table = table_of({modern});
    const RouteQuery five{.client_id = "meter-1", .level = 5};
    const RouteQuery four{.client_id = "meter-1", .level = 4};
    const RouteQuery other{.client_id = "light-1", .level = 4};
    EXPECT_EQ(found(table, five), "modern");
    EXPECT_FALSE(table.level_only(five));
    EXPECT_EQ(found(table, four), "none");
    EXPECT_TRUE(table.level_only(four));
    EXPECT_EQ(found(table, other), "none");
    EXPECT_FALSE(table.level_only(other));
    EXPECT_EQ(RouteTable().find(five), nullptr);
    EXPECT_FALSE(RouteTable().level_only(five));
}

TEST(RouteTable, WithoutConditionsStillTellsProtocolsApart) {
    Route web{.id = "web", .priority = 1};
    web.match.protocol = Protocol::Http;
    const RouteTable table = table_of({Route{.id = "mqtt"}, Route{.id = "late"}, web});
    EXPECT_EQ(found(table, {}), "mqtt");
    EXPECT_EQ(found(table, {.protocol = Protocol::Http}), "web");
    EXPECT_EQ(found(table_of({Route{.id = "mqtt"}}), {.protocol = Protocol::Http}), "none");
}

TEST(RouteTable, KeepsWhatARouteCarries) {
    Route route{.id = "r", .upstream = 1, .slot = 77};
    std::vector<Upstream> upstreams(2);
    const RouteTable table({route}, std::move(upstreams));
    const Route* found = table.find({});
    ASSERT_NE(found, nullptr);
    EXPECT_EQ(found->upstream, 1);
    EXPECT_EQ(found->slot, 77);
}

// Whoever is found first by a search without any order is found by the sorted table: the most
// specific of all routes that match.
TEST(RouteTable, AgreesWithASearchThroughAllRoutes) {
    Rng rng(31);
    for (int round = 0; round < 200; ++round) {
        std::vector<Route> routes;
        for (uint64_t n = 1 + rng.below(20); n > 0; --n) {
            const auto kind = static_cast<TextMatch::Kind>(rng.below(5));
            std::string words;
            for (uint64_t k = rng.below(4); k > 0; --k) words += "ab"[rng.below(2)];
            Route route = client_route(std::to_string(n), pattern(kind, words),
                                       static_cast<int32_t>(rng.below(3)));
            if (rng.below(3) == 0) route.match.levels = {static_cast<uint8_t>(3 + rng.below(3))};
            routes.push_back(std::move(route));
        }
        const RouteTable table = table_of(routes);
        for (int i = 0; i < 50; ++i) {
            std::string id;
            for (uint64_t k = rng.below(5); k > 0; --k) id += "ab"[rng.below(2)];
            const RouteQuery query{.client_id = id, .level = static_cast<uint8_t>(3 + i % 3)};
            const Route* best = nullptr;
            const auto rank = [](const Route& r) {
                return std::pair(r.match.specificity(), r.priority);
            };
            for (const Route& route : routes) {
                if (!route.match.matches(query)) continue;
                if (best == nullptr || rank(route) > rank(*best)) best = &route;
            }
            ASSERT_EQ(found(table, query), best == nullptr ? "none" : best->id);
        }
    }
}

// Pinned: proxies of other processes, machines and releases print the same.
TEST(RouteTable, FingerprintIsPinned) {
    EXPECT_EQ(table({{"a:1883", 1}, {"b:1883", 2}}).fingerprint(), 0xd294ec6120154e94u);
    EXPECT_EQ(table_of({sni_route("names", {"*.b.io", "a.io"}), client_route("meters", glob("m*")),
                        client_route("rest", TextMatch())})
                  .fingerprint(),
              0x1fa14f32bb11b1ecu);
}

TEST(RouteTable, FingerprintTellsApartWhatRoutesDifferently) {
    const std::vector<Node> two{{"a:1883", 1}, {"b:1883", 2}};
    const Route meters = client_route("m", prefix("meter-"));
    const Route lights = client_route("l", prefix("light-"));
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
        table_of({meters}).fingerprint(),
        table_of({meters, lights}).fingerprint(),
        table_of({lights, meters}).fingerprint(),  // equally specific: the order counts
    };
    EXPECT_EQ(std::set<uint64_t>(std::begin(prints), std::end(prints)).size(), std::size(prints));
}

TEST(RouteTable, FingerprintIsEqualWhereRoutingIs) {
    const std::vector<Node> nodes{{"a:1883", 1}, {"b:1883", 2}};
    EXPECT_EQ(table(nodes, {.id = "one"}).fingerprint(), table(nodes, {.id = "two"}).fingerprint());

    // Written in another order, with upstreams numbered otherwise and one that nobody uses.
    Route meters = client_route("m", prefix("meter-"));
    Route rest = client_route("r", TextMatch());
    const Upstream first({}, {{"a:1883", 1}});
    const Upstream second({}, {{"b:1883", 1}});
    meters.upstream = 0;
    rest.upstream = 1;
    const RouteTable one({meters, rest}, {first, second});
    meters.upstream = 2;
    rest.upstream = 0;
    const RouteTable two({rest, meters}, {second, Upstream({}, {{"c:1883", 1}}), first});
    EXPECT_EQ(one.fingerprint(), two.fingerprint());

    // A list of names is as good as a route for each.
    Route both = sni_route("both", {"a.io", "b.io"});
    Route only_a = sni_route("a", {"a.io"});
    Route only_b = sni_route("b", {"b.io"});
    EXPECT_EQ(RouteTable({both}, {first}).fingerprint(),
              RouteTable({only_a, only_b}, {first}).fingerprint());
}

TEST(RouteTableDeathTest, RefusesARouteToNowhere) {
    EXPECT_DEATH(RouteTable({Route{.upstream = 1}}, std::vector<Upstream>(1)), "broken invariant");
}

}  // namespace
}  // namespace jumpgate
