#include "core/config/upstream_nodes.h"

#include <gtest/gtest.h>

#include "tests/config/field_cases.h"

namespace jumpgate {

namespace {

std::vector<BrokerAddress> nodes_of(const std::string& nodes) {
    const ObjectsRead read = objects_of("upstreams:\n- nodes: " + nodes + "\n");
    EXPECT_EQ(joined(read.errors), "") << nodes;
    return read.objects.upstreams.at(0).nodes;
}

}  // namespace

TEST(ReadNodes, SortsAMapByHostAndPort) {
    const std::vector<BrokerAddress> expected = {
        {"b1", 1883, 3}, {"b1", 1884, 1}, {"b10", 1883, 1}, {"b2", 1883, 0}};
    EXPECT_EQ(nodes_of("{b2: 0, \"b1:1884\": 1, b10: 1, \"B1:1883\": 3}"), expected);
}

TEST(ReadNodes, KeepsTheOrderOfAList) {
    const std::vector<BrokerAddress> expected = {
        {"b2", 1883, 1}, {"b1", 1999, 5, false, "", -1}, {"2001:db8::1", 1883, 1}};
    EXPECT_EQ(nodes_of("[{host: b2}, {host: b1, port: 1999, weight: 5, priority: -1, metadata: "
                       "{a: 1}}, {host: \"[2001:DB8::1]\"}]"),
              expected);
}

TEST(ReadNodes, TakesAddressesInTheirShortestForm) {
    const std::vector<BrokerAddress> expected = {
        {"10.0.0.1", 1883, 1}, {"2001:db8::1", 1883, 1}, {"2001:db8::1", 1999, 1}};
    EXPECT_EQ(nodes_of("{10.0.0.1: 1, \"[2001:db8:0::1]:1999\": 1, \"[2001:db8::1]\": 1}"),
              expected);
}

TEST(ReadNodes, LeavesThePortToSrvRecords) {
    const std::vector<BrokerAddress> expected = {{"_mqtt._tcp.example.com", 0, 1}};
    EXPECT_EQ(nodes_of("{_mqtt._tcp.example.com: 1}"), expected);
    EXPECT_EQ(nodes_of("[{host: _mqtt._tcp.example.com}]"), expected);
    EXPECT_EQ(nodes_of("[{host: _mqtt._tcp.example.com, port: 0}]"), expected);
}

TEST(ReadNodes, SaysWhatIsWrong) {
    const std::string host =
        "a host name, an IPv4 address, an IPv6 address in brackets, or _service._proto.name for "
        "SRV";
    const std::string key = "; allowed: host or host:port; " + host;
    expect_cases(
        "upstreams", "",
        {{"nodes: {}", "nodes: is empty; allowed: 1 to 4096 nodes"},
         {"nodes: []", "nodes: is empty; allowed: 1 to 4096 nodes"},
         {"nodes: b1",
          "nodes: is text; allowed: a map {\"host:port\": weight}, or a list of {host, port, "
          "weight}"},
         {"nodes: {b1: -1}", "nodes.b1: -1 is out of range; allowed: 0 to 1000"},
         {"nodes: {b1: 1001}", "nodes.b1: 1001 is out of range; allowed: 0 to 1000"},
         {"nodes: {b1: x}", "nodes.b1: is text; allowed: 0 to 1000"},
         {"nodes: {b1: 1.5}", "nodes.b1: is a number with a fraction; allowed: 0 to 1000"},
         {"nodes: {\"b1:0\": 1}",
          "nodes.b1:0: \"b1:0\" has no port from 1 to 65535 at its end" + key},
         {"nodes: {\"b1:65536\": 1}",
          "nodes.b1:65536: \"b1:65536\" has no port from 1 to 65535 at its end" + key},
         {"nodes: {\":1883\": 1}", "nodes.:1883: \":1883\" has no host" + key},
         {"nodes: {\"2001:db8::1\": 1}",
          "nodes.2001:db8::1: \"2001:db8::1\" needs brackets around its IPv6 address, as in "
          "[2001:db8::1]:1883" +
              key},
         {"nodes: {a b: 1}", "nodes.a b: \"a b\" is not a host name" + key},
         {"nodes: {\"*\": 1}", "nodes.*: \"*\" is not a host name" + key},
         {"nodes: {b1: 1, \"B1:1883\": 1}",
          "nodes.B1:1883: b1:1883 stands twice; allowed: each node once"},
         {"nodes: [{host: b1}, {host: b1, port: 1883}]",
          "nodes[1]: b1:1883 stands twice; allowed: each node once"},
         {"nodes: [5]", "nodes[0]: is a number; allowed: a map"},
         {"nodes: [{port: 1}]", "nodes[0].host: is missing; allowed: " + host},
         {"nodes: [{host: \"b1:1883\"}]",
          "nodes[0].host: \"b1:1883\" is not a host name; allowed: " + host},
         {"nodes: [{host: \"2001:db8::1\"}]",
          "nodes[0].host: \"2001:db8::1\" needs brackets around its IPv6 address; allowed: " +
              host},
         {"nodes: [{host: 5}]", "nodes[0].host: is a number; allowed: " + host},
         {"nodes: [{host: b1, port: 0}]",
          "nodes[0].port: 0 is out of range; allowed: 1 to 65535; 0 with a host that begins with _ "
          "(SRV)"},
         {"nodes: [{host: b1, port: 70000}]",
          "nodes[0].port: 70000 is out of range; allowed: 0 to 65535"},
         {"nodes: [{host: b1, port: \"1883\"}]", "nodes[0].port: is text; allowed: 0 to 65535"},
         {"nodes: [{host: b1, weight: 1001}]",
          "nodes[0].weight: 1001 is out of range; allowed: 0 to 1000"},
         {"nodes: [{host: b1, priority: 3000000000}]",
          "nodes[0].priority: 3000000000 is out of range; allowed: -2147483648 to 2147483647"},
         {"nodes: [{host: b1, wieght: 1}]", "nodes[0].wieght: is unknown; did you mean weight?"}});
}

TEST(ReadNodes, BoundsTheirNumber) {
    std::string nodes;
    for (int i = 0; i < 4'097; ++i) nodes += "b" + std::to_string(i) + ": 1, ";
    expect_cases("upstreams", "",
                 {{"nodes: {" + nodes + "}", "nodes: has 4097 nodes; allowed: 1 to 4096 nodes"}});
}

}  // namespace jumpgate
