#include <gtest/gtest.h>

#include "core/config/object_fields.h"
#include "tests/config/field_cases.h"

namespace jumpgate {

namespace {

constexpr const char* kUpstream = "upstream_id: 1, ";

StreamRouteConfig route_of(const std::string& fragment) {
    const ObjectsRead read = objects_of("stream_routes:\n- {upstream_id: 1, " + fragment + "}\n");
    EXPECT_EQ(joined(read.errors), "") << fragment;
    return read.objects.stream_routes.at(0);
}

std::vector<uint8_t> levels_of(const std::string& fragment) {
    return route_of(fragment).match.levels;
}

}  // namespace

TEST(StreamRouteFields, AreRead) {
    const StreamRouteConfig route = route_of(
        "id: r.1, name: flow, desc: x, labels: {a: b}, remote_addr: 10.0.0.0/8, server_addr: "
        "\"::1\", server_port: 1883, sni: \"*.Example.com\", priority: -5, match: {client_id: "
        "{prefix: flow-}, username: {glob: \"a*\"}, cert_cn: {regex: \"^x\"}, protocol: mqtt}");
    EXPECT_EQ(route.id, "r.1");
    EXPECT_EQ(route.name, "flow");
    EXPECT_EQ(route.upstream_id, "1");
    EXPECT_EQ(route.priority, -5);
    EXPECT_EQ(text(*route.match.remote_addr), "10.0.0.0/8");
    EXPECT_EQ(text(*route.match.server_addr), "::1");
    EXPECT_EQ(route.match.server_port, 1883);
    EXPECT_EQ(route.match.snis, std::vector<std::string>{"*.example.com"});
    EXPECT_EQ(route.match.client_id.kind(), TextMatch::Kind::Prefix);
    EXPECT_EQ(route.match.client_id.pattern(), "flow-");
    EXPECT_EQ(route.match.username.kind(), TextMatch::Kind::Glob);
    EXPECT_EQ(route.match.cert_cn.kind(), TextMatch::Kind::Regex);
    EXPECT_EQ(route.match.protocol, Protocol::Mqtt);
    EXPECT_EQ(route_of("snis: [a.com, B.com]").match.snis,
              (std::vector<std::string>{"a.com", "b.com"}));
}

TEST(StreamRouteFields, TakeAnExactTextShort) {
    const TextMatch match = route_of("match: {client_id: dev1}").match.client_id;
    EXPECT_EQ(match.kind(), TextMatch::Kind::Exact);
    EXPECT_TRUE(match.matches("dev1"));
    EXPECT_FALSE(match.matches("dev12"));
    EXPECT_EQ(route_of("match: {client_id: {exact: dev1}}").match.client_id.kind(),
              TextMatch::Kind::Exact);
}

TEST(StreamRouteFields, TakeLevelsFromThePluginOrTheMatch) {
    using Levels = std::vector<uint8_t>;
    EXPECT_EQ(levels_of("id: 1"), Levels{});
    EXPECT_EQ(levels_of("plugins: {mqtt-proxy: {}}"), Levels{});
    EXPECT_EQ(levels_of("plugins: {mqtt-proxy: {protocol_level: 0}}"), Levels{});
    EXPECT_EQ(levels_of("plugins: {mqtt-proxy: {protocol_level: 4}}"), Levels{4});
    EXPECT_EQ(levels_of("plugins: {mqtt-proxy: {protocol_level: [5, 4, 5]}}"), (Levels{4, 5}));
    EXPECT_EQ(levels_of("plugins: {mqtt-proxy: {protocol_level: [5, 0]}}"), Levels{});
    EXPECT_EQ(levels_of("plugins: {mqtt-proxy: {protocol_name: MQIsdp}}"), Levels{3});
    EXPECT_EQ(levels_of("plugins: {mqtt-proxy: {protocol_name: MQIsdp, protocol_level: 3}}"),
              Levels{3});
    EXPECT_EQ(levels_of("plugins: {mqtt-proxy: {protocol_level: 5, _meta: {disable: true}}}"),
              Levels{});
    EXPECT_EQ(levels_of("plugins: {mqtt-proxy: {protocol_level: 5, _meta: {disable: false}}}"),
              Levels{5});
    EXPECT_EQ(levels_of("match: {level: 5}"), Levels{5});
    EXPECT_EQ(levels_of("match: {level: [5, 3]}"), (Levels{3, 5}));
}

TEST(StreamRouteFields, SayWhatIsWrong) {
    const std::string network = "an IP address or a network, as in 10.0.0.0/8";
    const std::string name = "a host name, or *.NAME for all below it";
    expect_cases(
        "stream_routes", kUpstream,
        {{"remote_addr: 10.0.0.1/8",
          "remote_addr: \"10.0.0.1/8\" has bits set behind its prefix: write 10.0.0.0/8; "
          "allowed: " +
              network},
         {"remote_addr: [10.0.0.1]", "remote_addr: is a list; allowed: " + network},
         {"server_addr: host",
          "server_addr: \"host\" has no IP address at its start, as 10.0.0.0/8 or 2001:db8::/32 "
          "have; allowed: " +
              network},
         {"server_port: 0", "server_port: 0 is out of range; allowed: 1 to 65535"},
         {"server_port: [1883]", "server_port: is a list; allowed: 1 to 65535"},
         {"sni: \"*\"", "sni: \"*\" is not a host name; allowed: " + name},
         {"sni: a b", "sni: \"a b\" is not a host name; allowed: " + name},
         {"sni: a.com, snis: [b.com]", "snis: stands beside sni; allowed: one of both"},
         {"snis: []", "snis: has 0 items; allowed: a list of 1 to 256"},
         {"snis: a.com", "snis: is text; allowed: a list of 1 to 256"},
         {"snis: [5]", "snis[0]: is a number; allowed: " + name},
         {"priority: high", "priority: is text; allowed: -2147483648 to 2147483647"},
         {"priority: 2147483648",
          "priority: 2147483648 is out of range; allowed: -2147483648 to 2147483647"},
         {"upstream: {nodes: {b1: 1}}",
          "upstream_id: stands beside upstream; allowed: one of both"},
         {"plugins: []", "plugins: is a list; allowed: a map"},
         {"plugins: {mqtt-prox: {}}", "plugins.mqtt-prox: is unknown; did you mean mqtt-proxy?"},
         {"clientid: x", "clientid: is unknown"},
         {"prority: 1", "prority: is unknown; did you mean priority?"}});
    expect_cases("stream_routes", "",
                 {{"id: 1", "has no upstream; allowed: upstream_id or upstream"},
                  {"upstream_id: a b",
                   "upstream_id: \"a b\" is no id; allowed: 1 to 64 of A-Z, a-z, 0-9, '-', '_', "
                   "'.', or a whole number from 1"},
                  {"upstream: 5", "upstream: is a number; allowed: a map"},
                  {"upstream: {nodes: {b1: 2000}}",
                   "upstream.nodes.b1: 2000 is out of range; allowed: 0 to 1000"}});
}

TEST(StreamRouteFields, SayWhatIsWrongAboutAMatch) {
    const std::string allowed = "the exact text, or a map with one of exact, prefix, glob, regex";
    expect_cases(
        "stream_routes", kUpstream,
        {{"match: 5", "match: is a number; allowed: a map"},
         {"match: {client_id: 5}", "match.client_id: is a number; allowed: " + allowed},
         {"match: {client_id: ''}", "match.client_id: is empty; allowed: " + allowed},
         {"match: {client_id: {}}", "match.client_id: has 0 members; allowed: " + allowed},
         {"match: {client_id: {prefix: a, glob: b}}",
          "match.client_id: has 2 members; allowed: " + allowed},
         {"match: {client_id: {suffix: a}}",
          "match.client_id.suffix: is unknown; allowed: " + allowed},
         {"match: {client_id: {prefix: ''}}",
          "match.client_id.prefix: is empty; allowed: text of 1 to 1024 characters"},
         {"match: {client_id: {prefix: [a]}}",
          "match.client_id.prefix: is a list; allowed: text of 1 to 1024 characters"},
         {"match: {username: {prefix: " + std::string(1'025, 'a') + "}}",
          "match.username.prefix: has 1025 characters; allowed: text of 1 to 1024 characters"},
         {"match: {level: 6}", "match.level: 6 is out of range; allowed: 3 to 5"},
         {"match: {level: [5, x]}", "match.level[1]: is text; allowed: 3 to 5"},
         {"match: {level: []}", "match.level: has 0 items; allowed: a list of 1 to 3"},
         {"match: {level: 5}, plugins: {mqtt-proxy: {protocol_level: 5}}",
          "match.level: is given by plugins.mqtt-proxy as well; allowed: one of both"},
         {"match: {protocol: amqp}",
          "match.protocol: \"amqp\" is unknown; allowed: one of mqtt, http"},
         {"match: {clientid: a}", "match.clientid: is unknown; did you mean client_id?"}});
    const ObjectsRead read =
        objects_of("stream_routes:\n- {upstream_id: 1, match: {client_id: {regex: \"a(\"}}}\n");
    ASSERT_EQ(read.errors.size(), 1U);
    EXPECT_EQ(read.errors[0].find("f:2:47: stream_routes[0].match.client_id.regex: \"a(\" "), 0U)
        << read.errors[0];
}

TEST(StreamRouteFields, SayWhatIsWrongAboutThePlugin) {
    const auto plugin = [](const std::string& fragment) {
        return "plugins: {mqtt-proxy: {" + fragment + "}}";
    };
    const std::string path = "plugins.mqtt-proxy.";
    expect_cases(
        "stream_routes", kUpstream,
        {{"plugins: {mqtt-proxy: 5}", "plugins.mqtt-proxy: is a number; allowed: a map"},
         {plugin("protocol_name: mqtt"),
          path + "protocol_name: \"mqtt\" is unknown; allowed: one of MQTT, MQIsdp"},
         {plugin("protocol_level: 6"), path + "protocol_level: 6 is out of range; allowed: 0 to 5"},
         {plugin("protocol_level: \"5\""), path + "protocol_level: is text; allowed: 0 to 5"},
         {plugin("protocol_level: 1"),
          path + "protocol_level: 1 is no version of MQTT; allowed: 0 (any), 3, 4, 5"},
         {plugin("protocol_name: MQIsdp, protocol_level: 5"),
          path + "protocol_level: does not go with MQIsdp, which is MQTT 3.1; allowed: 3"},
         {plugin("upstream: {ip: 127.0.0.1, port: 1883}"),
          path + "upstream: is not supported: APISIX took it here before 2.11; write it below the "
                 "stream route itself"},
         {plugin("_meta: {disable: 1}"), path + "_meta.disable: is a number; allowed: true, false"},
         {plugin("_meta: {filter: [[a]]}"),
          path + "_meta.filter: is not supported: write the condition under match"},
         {plugin("level: 5"), path + "level: is unknown"}});
}

TEST(StreamRouteFields, OfApisixThatWouldChangeMuchAreRefused) {
    expect_cases(
        "stream_routes", kUpstream,
        {{"protocol: {name: redis}",
          "protocol: is not supported: xRPC is not spoken; match.protocol is mqtt or http"},
         {"plugins: {ip-restriction: {whitelist: [10.0.0.1]}}",
          "plugins.ip-restriction: is not supported: write remote_addr on the stream route"},
         {"plugins: {limit-conn: {conn: 1}}",
          "plugins.limit-conn: is not supported: --connections-max bounds the connections"},
         {"plugins: {traffic-split: {}}",
          "plugins.traffic-split: is not supported: give the nodes of one upstream weights"},
         {"plugins: {syslog: {host: x}}",
          "plugins.syslog: is not supported: write lines with --access-log and let the system "
          "forward them"},
         {"plugins: {syslog: {host: x, _meta: {disable: true}}}", ""}});
    expect_cases("stream_routes", "",
                 {{"service_id: 1",
                   "service_id: is not supported: write upstream_id or upstream, and plugins, on "
                   "the route"}});
}

TEST(StreamRouteFields, WithoutMeaningWarn) {
    expect_warnings(
        "stream_routes", kUpstream,
        {{"plugins: {prometheus: {prefer_name: true}}",
          "plugins.prometheus: has no effect: the numbers are at /metrics of --admin already"},
         {"plugins: {mqtt-proxy: {_meta: {priority: 1}}}",
          "plugins.mqtt-proxy._meta.priority: has no effect: there is no order among plugins"},
         {"match: {protocol: http, client_id: x}",
          "match: no client meets it: HTTP has no client id, user name or level"},
         {"match: {protocol: http, cert_cn: x}", ""}});
}

}  // namespace jumpgate
