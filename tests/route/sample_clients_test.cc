#include "core/route/sample_clients.h"

#include <gtest/gtest.h>

#include <set>

#include "tests/route/matches.h"

namespace jumpgate {
namespace {

TEST(SampleClients, MeetTheRouteTheyAreMadeFor) {
    std::vector<RouteMatch> matches(9);
    matches[1].client_id = prefix("meter-");
    matches[2].client_id = glob("m\\*-?-*-eu");
    matches[3].client_id = regex("^meter-[0-9]+$");
    matches[4].username = exact("acme");
    matches[5].snis = {"*.example.com", "a.io"};
    matches[6].remote_addr = cidr("192.0.2.160/27");
    matches[7].remote_addr = cidr("2001:db8::/37");
    matches[7].server_addr = cidr("198.51.100.1");
    matches[7].server_port = 8883;
    matches[8].levels = {3, 5};
    matches[8].cert_cn = prefix("cn-");
    matches[8].protocol = Protocol::Http;
    SampleClients clients(1);
    for (const RouteMatch& match : matches) {
        std::set<std::string> ids;
        for (int i = 0; i < 200; ++i) {
            const SampleClient client = clients.next(match);
            ASSERT_TRUE(match.matches(client.query()))
                << match.text() << " on " << client.client_id << ", " << client.sni << ", "
                << text(client.remote_addr);
            ids.insert(client.client_id);
        }
        EXPECT_GT(ids.size(), 190u) << match.text();
    }
}

TEST(SampleClients, AreTheSameInEveryProcess) {
    SampleClients clients(1);
    const SampleClient first = clients.next({});
    EXPECT_EQ(first.client_id, "device-70292183");
    EXPECT_EQ(text(first.remote_addr), "10.100.178.36");
}

}  // namespace
}  // namespace jumpgate
