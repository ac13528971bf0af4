#include "core/config/reach.h"

#include <gtest/gtest.h>

#include "tests/config/documents.h"

namespace jumpgate {
namespace {

Objects routes_of(const std::string& routes) {
    const ObjectsRead read = objects_of("upstreams: [{id: 1, nodes: {b1: 1}}]\nstream_routes:\n" +
                                        routes + "ssls: []\n");
    EXPECT_EQ(joined(read.errors), "");
    return read.objects;
}

std::string hidden(const std::string& routes) {
    return joined(lines(hidden_routes(routes_of(routes))));
}

std::string closed(const Config& config, const std::string& routes) {
    return joined(lines(without_listener(config, routes_of(routes))));
}

TEST(HiddenRoutes, AreThoseWithTheConditionsOfAnother) {
    EXPECT_EQ(hidden("- {id: low, upstream_id: 1, match: {username: a}}\n"
                     "- {id: high, upstream_id: 1, match: {username: a}, priority: 1}\n"),
              "f:3:3: stream_routes[low]: can never be chosen: stream route high (f:4) has the "
              "same conditions and is tried first");
    // By each of its names.
    EXPECT_EQ(hidden("- {id: a, upstream_id: 1, snis: [a.test, b.test]}\n"
                     "- {id: b, upstream_id: 1, snis: [c.test]}\n"
                     "- {id: ab, upstream_id: 1, snis: [b.test, C.test]}\n"
                     "- {id: ad, upstream_id: 1, snis: [a.test, d.test]}\n"),
              "f:5:3: stream_routes[ab]: can never be chosen: stream route a (f:3) has the same "
              "conditions and is tried first");
}

TEST(HiddenRoutes, AreThoseBelowOneThatAsksForLess) {
    EXPECT_EQ(hidden("- {id: eu, upstream_id: 1, match: {client_id: {glob: \"meter-*-eu\"}}}\n"
                     "- {id: all, upstream_id: 1, match: {client_id: {prefix: meter-}}}\n"),
              "f:3:3: stream_routes[eu]: can never be chosen: stream route all (f:4) is tried "
              "first and asks for less (client_id=prefix:\"meter-\")");
    EXPECT_EQ(hidden("- {id: user, upstream_id: 1, match: {username: a}}\n"
                     "- {id: rest, upstream_id: 1}\n"
                     "- {id: star, upstream_id: 1, match: {client_id: {glob: \"*\"}}}\n"),
              "f:3:3: stream_routes[user]: can never be chosen: stream route star (f:5) is tried "
              "first and asks for less (client_id=glob:\"*\")\n"
              "f:4:3: stream_routes[rest]: can never be chosen: stream route star (f:5) is tried "
              "first and asks for less (client_id=glob:\"*\")");
    EXPECT_NE(
        hidden("- {id: v, upstream_id: 1, plugins: {mqtt-proxy: {protocol_level: [3, 4, 5]}}}\n"
               "- {id: rest, upstream_id: 1}\n"),
        "");
    EXPECT_NE(
        hidden("- {id: star, upstream_id: 1, match: {client_id: {glob: \"a*b\"}}, priority: 1}\n"
               "- {id: same, upstream_id: 1, match: {client_id: {glob: \"ab\"}}}\n"),
        "");
}

TEST(HiddenRoutes, AreNoneThatSomeClientGetsTo) {
    EXPECT_EQ(hidden("- {id: one, upstream_id: 1, match: {client_id: meter-1}}\n"
                     "- {id: all, upstream_id: 1, match: {client_id: {prefix: meter-}}}\n"
                     "- {id: glob, upstream_id: 1, match: {client_id: {glob: \"met*-eu\"}}}\n"
                     "- {id: expression, upstream_id: 1, match: {client_id: {regex: \"^m\"}}}\n"
                     "- {id: http, upstream_id: 1, match: {protocol: http}}\n"
                     "- {id: network, upstream_id: 1, remote_addr: 10.0.0.0/8, priority: 9}\n"
                     "- {id: port, upstream_id: 1, server_port: 1883}\n"
                     "- {id: twice, upstream_id: 1, snis: [a.test, A.test]}\n"
                     "- {id: rest, upstream_id: 1}\n"),
              "");
}

TEST(WithoutListener, FindsRoutesOfOtherPortsAndAddresses) {
    Config config;
    config.listen = {{"", 1883}, {"192.0.2.1", 8883, true}};
    const std::string routes =
        "- {id: there, upstream_id: 1, server_port: 1883, server_addr: 10.0.0.1}\n"
        "- {id: port, upstream_id: 1, server_port: 1999}\n"
        "- {id: address, upstream_id: 1, server_port: 8883, server_addr: 10.0.0.0/8}\n"
        "- {id: own, upstream_id: 1, server_port: 8883, server_addr: 192.0.2.0/24}\n";
    EXPECT_EQ(closed(config, routes),
              "f:4:3: stream_routes[port]: can never be chosen: server_port: no listener has the "
              "port 1999\n"
              "f:5:3: stream_routes[address]: can never be chosen: server_addr: no listener has "
              "such an address");
    config.proxy_protocol.from = {"10.0.0.0/8"};  // a header may name any
    EXPECT_EQ(closed(config, routes), "");
    config = {};
    EXPECT_EQ(closed(config, routes), "") << "that there is none is said elsewhere";
    config.listen = {{"", 0}};
    EXPECT_EQ(closed(config, "- {id: port, upstream_id: 1, server_port: 1999}\n"), "");
}

TEST(WithoutListener, FindsNamesAndCertificatesThatNobodyAsksFor) {
    Config config;
    config.listen = {{"", 1883}};
    const std::string routes =
        "- {id: name, upstream_id: 1, sni: a.test}\n"
        "- {id: certificate, upstream_id: 1, match: {cert_cn: a}}\n"
        "- {id: plain, upstream_id: 1, server_port: 1883, sni: \"*.test\"}\n";
    EXPECT_EQ(closed(config, routes),
              "f:3:3: stream_routes[name]: can never be chosen: sni: clients name a server with "
              "TLS only, and no listener for them has tls\n"
              "f:4:3: stream_routes[certificate]: can never be chosen: match.cert_cn: clients show "
              "certificates with TLS only, and no listener for them has tls\n"
              "f:5:3: stream_routes[plain]: can never be chosen: sni: clients name a server with "
              "TLS only, and no listener for them has tls");
    config.listen.push_back({"", 8883, true});
    EXPECT_EQ(closed(config, routes),
              "f:4:3: stream_routes[certificate]: can never be chosen: match.cert_cn: no client is "
              "asked for a certificate; give client.ca of an ssl, or --tls-client-ca\n"
              "f:5:3: stream_routes[plain]: can never be chosen: sni: clients name a server with "
              "TLS only, and no listener for them has tls");
    config.tls.client_auth = ClientAuth::Optional;
    EXPECT_EQ(closed(config, "- {id: c, upstream_id: 1, match: {cert_cn: a}}\n"), "");
    config.tls.client_auth = ClientAuth::None;
    config.admin = "127.0.0.1:9180";  // an ssl with client.ca may come
    EXPECT_EQ(closed(config, "- {id: c, upstream_id: 1, match: {cert_cn: a}}\n"), "");
}

TEST(WithoutListener, FindsHashKeysThatNobodyHas) {
    Config config;
    config.listen = {{"", 1883}};
    Objects objects =
        objects_of("upstreams: [{id: u, type: chash, key: cert_cn, nodes: {b1: 1}}]\n").objects;
    EXPECT_EQ(joined(lines(without_listener(config, objects))),
              "f:1:13: upstreams[u]: key: no client shows a certificate, so each gets a broker at "
              "random; allowed: cert_cn with a TLS listener and client.ca of an ssl, or "
              "--tls-client-ca");
    config.listen[0].tls = true;
    objects.ssls.emplace_back().client_ca.file = "ca.pem";
    EXPECT_EQ(joined(lines(without_listener(config, objects))), "");
}

}  // namespace
}  // namespace jumpgate
