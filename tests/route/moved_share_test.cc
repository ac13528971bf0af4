#include "core/route/moved_share.h"

#include <gtest/gtest.h>

#include "tests/route/matches.h"

namespace jumpgate {
namespace {

RouteTable table(std::vector<Node> nodes, UpstreamRule rule = {}) {
    rule.id = "fleet";
    std::vector<Upstream> upstreams;
    upstreams.emplace_back(std::move(rule), std::move(nodes));
    return RouteTable({Route{.id = "default"}}, std::move(upstreams));
}

const std::vector<Node> kFour{{"a"}, {"b"}, {"c"}, {"d"}};
constexpr double kTolerance = 0.015;  // three sigmas of 10,000 samples, at most

TEST(MovedShare, IsNoneWhereRoutingIsTheSame) {
    const MovedShare moved = moved_share(table(kFour), table(kFour));
    EXPECT_EQ(moved.share, 0);
    EXPECT_TRUE(moved.removed.empty());
    EXPECT_EQ(moved.share_if_drained, std::nullopt);
    EXPECT_EQ(hint(moved), "");
}

TEST(MovedShare, IsWhatTheChangeMoves) {
    struct Case {
        const char* change;
        std::vector<Node> nodes;
        double share;
    };
    const Case cases[] = {
        {"one more", {{"a"}, {"b"}, {"c"}, {"d"}, {"e"}}, 0.2},
        {"one drained", {{"a"}, {"b", 0}, {"c"}, {"d"}}, 0.25},
        {"the last removed", {{"a"}, {"b"}, {"c"}}, 0.25},
        {"all others", {{"e"}, {"f"}}, 1},
        {"a backup more", {{"a"}, {"b"}, {"c"}, {"d"}, {"e", 1, -1}}, 0},
        {"nobody left", {}, 1},
    };
    for (const Case& c : cases) {
        EXPECT_NEAR(moved_share(table(kFour), table(c.nodes)).share, c.share, kTolerance)
            << c.change;
    }
    EXPECT_EQ(moved_share(table({}), table(kFour)).share, 0) << "nobody had a broker";
}

TEST(MovedShare, SaysThatWeight0WouldHaveMovedFewer) {
    const MovedShare moved = moved_share(table(kFour), table({{"a"}, {"c"}, {"d"}}));
    EXPECT_GT(moved.share, 0.5);  // jump hash: all behind the gap
    EXPECT_EQ(moved.removed, (std::vector<std::string>{"b"}));
    ASSERT_TRUE(moved.share_if_drained);
    EXPECT_NEAR(*moved.share_if_drained, 0.25, kTolerance);
    const std::string words = hint(moved);
    EXPECT_TRUE(words.starts_with("keep b in the list with weight 0: that moves 2")) << words;
}

TEST(MovedShare, HasNoHintWhereNothingIsGained) {
    EXPECT_EQ(hint(moved_share(table(kFour), table({{"a"}, {"b"}, {"c"}}))), "") << "the last";
    const UpstreamRule rendezvous{.method = HashMethod::Rendezvous};
    const MovedShare moved =
        moved_share(table(kFour, rendezvous), table({{"a"}, {"c"}, {"d"}}, rendezvous));
    EXPECT_NEAR(moved.share, 0.25, kTolerance);
    EXPECT_EQ(hint(moved), "");
    const std::vector<Node> drained{{"a"}, {"b", 0}, {"c"}, {"d"}};
    const MovedShare late = moved_share(table(drained), table({{"a"}, {"c"}, {"d"}}));
    EXPECT_TRUE(late.removed.empty()) << "it had weight 0 already";
}

TEST(MovedShareHint, NamesThreeNodesAtMost) {
    const MovedShare moved{0.75, {}, {"a", "b", "c", "d", "e"}, 0.25};
    EXPECT_EQ(hint(moved),
              "keep a, b, c and 2 more in the list with weight 0: that moves 25.0 % of the clients "
              "instead of 75.0 %");
}

TEST(MovedShare, LooksAtTheClientsOfEveryRoute) {
    Route meters{.id = "meters"};
    meters.match.client_id = prefix("meter-");
    const RouteTable before = table_of({meters, Route{.id = "rest"}});
    Route gone = meters;
    gone.id = "elsewhere";
    const MovedShare moved = moved_share(before, table_of({gone, Route{.id = "rest"}}));
    EXPECT_NEAR(moved.share, 0.5, kTolerance);  // one route of two
    EXPECT_NEAR(moved_share(before, table_of({meters})).share, 0.5, kTolerance)
        << "the others have no route now";
}

// Three rules for few clients, and all others: what moves of them is what is said.
TEST(MovedShare, WeighsRoutesByTheClientsTheyHave) {
    std::vector<Route> routes;
    for (const char* id : {"x", "y", "z"}) {
        Route& route = routes.emplace_back(Route{.id = id});
        route.match.client_id = prefix(id);
    }
    routes.push_back(Route{.id = "rest"});
    const auto with = [&](std::vector<Node> nodes) {
        std::vector<Upstream> upstreams;
        upstreams.emplace_back(UpstreamRule{.id = "fleet"}, std::move(nodes));
        return RouteTable(routes, std::move(upstreams));
    };
    routes.back().upstream = 0;
    const RouteTable before = with(kFour);
    std::vector<Upstream> upstreams;
    upstreams.emplace_back(UpstreamRule{.id = "fleet"}, kFour);
    upstreams.emplace_back(UpstreamRule{.id = "rest"},
                           std::vector<Node>{{"a"}, {"b", 0}, {"c"}, {"d"}});
    routes.back().upstream = 1;
    const RouteTable after(routes, std::move(upstreams));
    const std::vector<uint64_t> clients{10, 0, 0, 990};  // x, y, z, rest: as the table sorts them
    const MovedShare moved = moved_share(before, after, clients);
    EXPECT_NEAR(moved.share, 0.25 * 0.99, kTolerance * 2);
    ASSERT_EQ(moved.routes.size(), 1U);
    EXPECT_EQ(moved.routes[0].id, "rest");
    EXPECT_NEAR(moved.routes[0].share, 0.25, kTolerance * 2);
    EXPECT_EQ(by_route(moved).substr(0, 6), "rest 2");
    EXPECT_LT(moved_share(before, after).share, 0.1) << "nobody is connected: by samples";
}

TEST(MovedShare, AsksAboutEveryPartOfALongTable) {
    std::vector<Route> routes;
    for (int i = 0; i < 4'000; ++i) {
        Route route{.id = std::to_string(i)};
        route.match.client_id = prefix("tenant" + std::to_string(i) + "/");
        routes.push_back(std::move(route));
    }
    const RouteTable before = table_of(routes);
    for (size_t i = 3'000; i < 4'000; ++i) routes[i].id += "'";  // another broker
    EXPECT_NEAR(moved_share(before, table_of(routes)).share, 0.25, 0.05);
}

TEST(MovedShare, CountsAnUpstreamWithoutHomesAsRendezvous) {
    const UpstreamRule turns{.balance = Balance::RoundRobin};
    std::vector<Node> three = kFour;
    three.erase(three.begin());
    EXPECT_NEAR(moved_share(table(kFour, turns), table(three, turns)).share, 0.25, kTolerance);
    const UpstreamRule bounded{.balance_factor_percent = 125};
    EXPECT_EQ(moved_share(table(kFour), table(kFour, bounded)).share, 0);
}

}  // namespace
}  // namespace jumpgate
