#include <gtest/gtest.h>

#include "core/config/read_objects.h"
#include "tests/config/documents.h"

namespace jumpgate {

namespace {

struct CheckLines {
    std::string errors;
    std::string warnings;
};

CheckLines check(const std::string& yaml) {
    const ObjectsRead read = objects_of(yaml);
    EXPECT_EQ(joined(read.errors), "");
    const Checked checked = check_objects(read.objects);
    return {joined(lines(checked.errors)), joined(lines(checked.warnings))};
}

}  // namespace

TEST(CheckObjects, FindsIdsThatAreTaken) {
    const CheckLines found = check(
        "upstreams:\n"
        "- {id: 1, nodes: {b1: 1}}\n"
        "- {id: \"1\", nodes: {b2: 1}}\n"
        "stream_routes:\n"
        "- {id: 1, upstream_id: 1}\n"
        "ssls:\n"
        "- {id: a, cert: c, key: k}\n"
        "- {id: a, cert: c, key: k}\n");
    EXPECT_EQ(
        found.errors,
        "f:3:3: upstreams[1]: the id 1 is taken by f:2; allowed: each id once among upstreams\n"
        "f:8:3: ssls[a]: the id a is taken by f:7; allowed: each id once among ssls");
    EXPECT_EQ(found.warnings, "");
}

TEST(CheckObjects, FollowsReferences) {
    const CheckLines found = check(
        "upstreams:\n"
        "- {id: 1, nodes: {b1: 1}, scheme: tls, tls: {client_cert_id: none}}\n"
        "- {id: 2, nodes: {b1: 1}, scheme: tls, tls: {client_cert_id: s}}\n"
        "- {id: 3, nodes: {b1: 1}, scheme: tls, tls: {client_cert_id: off}}\n"
        "- {id: 4, nodes: {b1: 1}, scheme: tls, tls: {client_cert_id: c}}\n"
        "stream_routes:\n"
        "- {id: 1, upstream_id: 9}\n"
        "- {id: 2, upstream_id: 4, server_port: 1}\n"
        "ssls:\n"
        "- {id: s, cert: c, key: k}\n"
        "- {id: off, cert: c, key: k, type: client, status: 0}\n"
        "- {id: c, cert: c, key: k, type: client}\n");
    EXPECT_EQ(
        found.errors,
        "f:2:3: upstreams[1]: tls.client_cert_id: there is no ssl none; allowed: the id of an "
        "ssl with type: client\n"
        "f:3:3: upstreams[2]: tls.client_cert_id: the ssl s is of type server; allowed: the id "
        "of an ssl with type: client\n"
        "f:4:3: upstreams[3]: tls.client_cert_id: the ssl off has status 0; allowed: status: "
        "1\n"
        "f:7:3: stream_routes[1]: upstream_id: there is no upstream 9; allowed: the id of one "
        "of upstreams");
}

TEST(CheckObjects, MissesNothingWhereSomeIdsAreUnknown) {
    Objects objects;
    StreamRouteConfig& route = objects.stream_routes.emplace_back();
    route.id = "1";
    route.upstream_id = "2";
    EXPECT_EQ(check_objects(objects).errors.size(), 1U);
    EXPECT_EQ(check_objects(objects, false).errors.size(), 0U);
    for (int i = 0; i < 2; ++i) objects.upstreams.emplace_back().nodes = {{"b1", 1883}};
    EXPECT_EQ(joined(lines(check_objects(objects).errors)), "");
}

TEST(CheckObjects, WarnsOfRoutesThatNobodyReaches) {
    const CheckLines found = check(
        "upstreams:\n"
        "- {id: 1, nodes: {b1: 1}}\n"
        "stream_routes:\n"
        "- {id: low, upstream_id: 1, match: {client_id: {prefix: a}}}\n"
        "- {id: high, upstream_id: 1, match: {client_id: {prefix: a}}, priority: 1}\n"
        "- {id: other, upstream_id: 1, match: {client_id: {prefix: b}}}\n"
        "- {id: all, upstream_id: 1}\n"
        "- {id: again, upstream_id: 1, plugins: {mqtt-proxy: {protocol_level: 0}}}\n");
    EXPECT_EQ(found.errors, "");
    EXPECT_EQ(
        found.warnings,
        "f:4:3: stream_routes[low]: can never be chosen: stream route high (f:5) has the same "
        "conditions and is tried first\n"
        "f:8:3: stream_routes[again]: can never be chosen: stream route all (f:7) has the same "
        "conditions and is tried first");
}

TEST(CheckObjects, WarnsOfAnUpstreamThatServesNobody) {
    EXPECT_EQ(check("upstreams:\n- {id: 1, nodes: {b1: 0, b2: 0}}\n").warnings,
              "f:2:3: upstreams[1]: every node has weight 0: no client gets a broker");
    EXPECT_EQ(check("upstreams:\n- {id: 1, nodes: {b1: 0, b2: 1}}\n").warnings, "");
}

TEST(CheckObjects, HoldsForObjectsOfFlagsToo) {
    Objects objects;
    UpstreamConfig upstream;
    upstream.id = "default";
    upstream.origin.file = "--broker";
    objects.upstreams = {upstream};
    EXPECT_EQ(joined(lines(check_objects(objects).errors)),
              "--broker: upstreams[default]: has 0 nodes; allowed: 1 to 4096");
    objects.upstreams[0].nodes = {{"b1", 1883}, {"b1", 1883}};
    EXPECT_EQ(
        joined(lines(check_objects(objects).errors)),
        "--broker: upstreams[default]: the node b1:1883 stands twice; allowed: each node once");
}

TEST(CheckObjects, BoundsTheNumberOfObjectsAndNodes) {
    Objects objects;
    for (int i = 0; i < 3; ++i) {
        UpstreamConfig& upstream = objects.upstreams.emplace_back();
        upstream.id = std::to_string(i);
        for (uint16_t port = 1; port <= 4'096; ++port) upstream.nodes.push_back({"b1", port});
    }
    EXPECT_EQ(joined(lines(check_objects(objects).errors)),
              "upstreams[2]: with its nodes there are 12288; allowed: up to 8192 in all upstreams");
    objects = {};
    for (int i = 0; i < 10'001; ++i) {
        StreamRouteConfig& route = objects.stream_routes.emplace_back();
        route.id = std::to_string(i);
        route.match.server_port = static_cast<uint16_t>(i + 1);
    }
    EXPECT_EQ(joined(lines(check_objects(objects).errors)),
              "stream_routes[10000]: is one of 10001; allowed: up to 10000");
}

}  // namespace jumpgate
