#include "core/route/route_match.h"

#include <gtest/gtest.h>

#include <array>

#include "tests/route/matches.h"

namespace jumpgate {
namespace {

constexpr std::array<uint8_t, 4> kRemote{192, 0, 2, 7};
constexpr std::array<uint8_t, 4> kServer{198, 51, 100, 1};

RouteQuery query() {
    return {.client_id = "meter-17",
            .username = "acme",
            .cert_cn = "meter-17.acme",
            .sni = "Mqtt.Example.COM",
            .level = 4,
            .remote_addr = kRemote,
            .server_addr = kServer,
            .server_port = 8883,
            .protocol = Protocol::Mqtt};
}

TEST(RouteMatch, WithoutConditionsIsForEveryMqttClient) {
    EXPECT_TRUE(RouteMatch().matches(query()));
    EXPECT_TRUE(RouteMatch().matches({}));
    RouteQuery http = query();
    http.protocol = Protocol::Http;
    EXPECT_FALSE(RouteMatch().matches(http));
    RouteMatch for_http;
    for_http.protocol = Protocol::Http;
    EXPECT_TRUE(for_http.matches(http));
}

TEST(RouteMatch, EveryConditionMustHold) {
    RouteMatch all;
    all.snis = {"mqtt.example.com"};
    all.client_id = prefix("meter-");
    all.username = exact("acme");
    all.cert_cn = glob("*.acme");
    all.remote_addr = cidr("192.0.2.0/24");
    all.server_addr = cidr("198.51.100.1");
    all.server_port = 8883;
    all.levels = {4, 5};
    EXPECT_TRUE(all.matches(query()));

    using Change = void (*)(RouteQuery&);
    static constexpr std::array<uint8_t, 4> kElsewhere{203, 0, 113, 1};
    const Change changes[] = {
        [](RouteQuery& q) { q.sni = "mqtt.example.org"; },
        [](RouteQuery& q) { q.client_id = "light-17"; },
        [](RouteQuery& q) { q.username = "ACME"; },
        [](RouteQuery& q) { q.cert_cn = "meter-17.other"; },
        [](RouteQuery& q) { q.remote_addr = kElsewhere; },
        [](RouteQuery& q) { q.server_addr = kElsewhere; },
        [](RouteQuery& q) { q.server_port = 1883; },
        [](RouteQuery& q) { q.protocol = Protocol::Http; },
    };
    for (const Change change : changes) {
        RouteQuery changed = query();
        change(changed);
        EXPECT_FALSE(all.matches(changed)) << &change - changes;
        EXPECT_FALSE(all.matches_but_level(changed)) << &change - changes;
    }
    RouteQuery old = query();
    old.level = 3;
    EXPECT_FALSE(all.matches(old));
    EXPECT_TRUE(all.matches_but_level(old));
}

TEST(RouteMatch, ComparesNamesOfServersAsApisixDoes) {
    struct Case {
        std::vector<std::string> snis;
        std::string_view sni;
        bool matches;
    };
    const Case cases[] = {
        {{"a.example.com"}, "a.example.com", true},
        {{"a.example.com"}, "A.EXAMPLE.com", true},
        {{"A.Example.com"}, "a.example.com", true},
        {{"a.example.com"}, "b.example.com", false},
        {{"a.example.com"}, "xa.example.com", false},
        {{"a.example.com"}, "", false},
        {{"a.example.com", "b.example.com"}, "b.example.com", true},
        {{"*.example.com"}, "a.example.com", true},
        {{"*.example.com"}, "b.a.example.com", true},  // of any depth
        {{"*.example.com"}, "A.EXAMPLE.COM", true},
        {{"*.example.com"}, "example.com", false},
        {{"*.example.com"}, ".example.com", false},
        {{"*.example.com"}, "badexample.com", false},
        {{"*.example.com"}, "", false},
        {{"*"}, "a.example.com", true},
        {{"*"}, "", false},
        {{}, "", true},
        {{}, "a.example.com", true},
    };
    for (const Case& c : cases) {
        RouteMatch match;
        match.snis = c.snis;
        RouteQuery asked = query();
        asked.sni = c.sni;
        EXPECT_EQ(match.matches(asked), c.matches) << match.text() << " on " << c.sni;
    }
}

// Each beats the next, whatever the next one's later conditions are.
TEST(RouteMatch, IsMoreSpecificByTheFirstConditionThatDiffers) {
    std::vector<RouteMatch> falling(15);
    falling[0].snis = {"a.io"};
    falling[1].snis = {"*.eu.example.com"};
    falling[2].snis = {"*.example.com"};
    falling[2].client_id = exact("meter-1");
    falling[3].snis = {"*.example.com"};
    falling[4].client_id = exact("meter-1");
    falling[5].client_id = prefix("meter-");
    falling[6].client_id = regex("meter");
    falling[6].username = exact("acme");
    falling[7].client_id = regex("meter");
    falling[8].username = glob("*");
    falling[9].cert_cn = exact("x");
    falling[10].remote_addr = cidr("10.1.0.0/16");
    falling[11].remote_addr = cidr("10.0.0.0/8");
    falling[11].levels = {4};
    falling[12].server_addr = cidr("0.0.0.0/0");
    falling[13].server_port = 1883;
    falling[14].levels = {4};
    RouteMatch two_levels;
    two_levels.levels = {4, 5};
    falling.push_back(two_levels);
    falling.emplace_back();
    for (size_t i = 1; i < falling.size(); ++i) {
        EXPECT_GT(falling[i - 1].specificity(), falling[i].specificity())
            << falling[i - 1].text() << " against " << falling[i].text();
    }
    RouteMatch several;
    several.snis = {"*.io", "a.io"};
    EXPECT_EQ(several.specificity(), falling[0].specificity());
}

TEST(RouteMatchText, SaysTheConditionsAndNothingElse) {
    EXPECT_EQ(RouteMatch().text(), "any");
    RouteMatch all;
    all.protocol = Protocol::Http;
    all.snis = {"B.example.com", "*.a.example.com", "b.example.com"};
    all.client_id = prefix("meter-");
    all.username = exact("a\"b\\c\n");
    all.cert_cn = regex("^m[0-9]+$");
    all.remote_addr = cidr("192.0.2.0/24");
    all.server_addr = cidr("2001:db8::1");
    all.server_port = 8883;
    all.levels = {5, 4, 5};
    EXPECT_EQ(all.text(),
              "protocol=http sni=\"*.a.example.com\"|\"b.example.com\" client_id=prefix:\"meter-\" "
              "username=exact:\"a\\\"b\\\\c\\x0a\" cert_cn=regex:\"^m[0-9]+$\" "
              "remote_addr=192.0.2.0/24 server_addr=2001:db8::1 server_port=8883 level=4|5");
}

TEST(RouteMatchText, LetsNoPatternImitateACondition) {
    RouteMatch one, two;
    one.client_id = prefix("a\" username=exact:\"b");
    two.client_id = prefix("a");
    two.username = exact("b");
    EXPECT_NE(one.text(), two.text());
    one.client_id = exact("\\x0a");
    two.client_id = exact("\n");
    two.username = TextMatch();
    EXPECT_NE(one.text(), two.text());
}

}  // namespace
}  // namespace jumpgate
